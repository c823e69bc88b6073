from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_agency.errors import LedgerCorruptError, LedgerError
from agent_agency.ledger.chains import chain_file, imported_chains, own_chain, read_entries
from agent_agency.ledger.exchange import Imported, Outcome, Refused, export_chain, import_chain, write_export
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import verify_file
from support.ledgers import counted_ids, make_ledger


@pytest.fixture
def source(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path / "source", 4)


def _export(ledger: Ledger, target: Path) -> Path:
    export_chain(ledger.path, write_export(target, ledger.folder, counted_ids()))
    return target


def _import(folder: Path, file: Path) -> Imported | Refused:
    return import_chain(folder, file, counted_ids())


def _outcome(result: Imported | Refused) -> tuple[Outcome, int]:
    assert isinstance(result, Imported), result
    return result.outcome, result.here


def _refusal(result: Imported | Refused) -> tuple[str, int | None]:
    assert isinstance(result, Refused), result
    return result.problems[0].code, result.problems[0].seq


def _cut(ledger: Ledger, count: int) -> None:
    ledger.path.write_bytes(b"".join(ledger.path.read_bytes().splitlines(keepends=True)[:count]))


def test_an_export_holds_the_ledgers_own_lines_and_exporting_again_gives_the_same_bytes(
    source: Ledger, tmp_path: Path
) -> None:
    one = _export(source, tmp_path / "one.jsonl").read_bytes()
    assert one.partition(b"\n")[2] == source.path.read_bytes()
    assert _export(source, tmp_path / "two.jsonl").read_bytes() == one


def test_an_imported_chain_verifies_beside_the_own_one_and_keeps_its_entries(source: Ledger, tmp_path: Path) -> None:
    here = make_ledger(tmp_path / "here")
    here._new_id = lambda: "b" * 32
    here.append("ruling", {})
    file = _export(source, tmp_path / "export.jsonl")
    assert _outcome(_import(here.folder, file)) == (Outcome.STORED, 5)
    assert _outcome(_import(here.folder, file)) == (Outcome.UNCHANGED, 5)
    (stored,) = imported_chains(here.folder)
    assert verify_file(stored).verified
    assert list(read_entries(stored)) == list(source.entries())
    assert verify_file(here.path).count == 2


def test_an_imported_chain_grows_by_a_newer_export_and_does_not_shrink_by_an_older(
    source: Ledger, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    old = _export(source, tmp_path / "old.jsonl")
    source.append("ruling", {"newer": True})
    new = _export(source, tmp_path / "new.jsonl")
    assert _outcome(_import(here, old)) == (Outcome.STORED, 5)
    assert _outcome(_import(here, new)) == (Outcome.EXTENDED, 6)
    assert _outcome(_import(here, old)) == (Outcome.OLDER, 6)
    assert verify_file(imported_chains(here)[0]).count == 6


def test_a_fork_is_refused_and_the_entry_where_it_parts_is_named(source: Ledger, tmp_path: Path) -> None:
    here = tmp_path / "here"
    shutil.copytree(source.folder, tmp_path / "twin")
    twin = make_ledger(tmp_path / "twin")
    source.append("ruling", {"by": "source"})
    twin.append("ruling", {"by": "twin"})
    _import(here, _export(source, tmp_path / "source.jsonl"))
    before = imported_chains(here)[0].read_bytes()
    assert _refusal(_import(here, _export(twin, tmp_path / "twin.jsonl"))) == ("chain.forked", 6)
    assert _refusal(_import(source.folder, tmp_path / "twin.jsonl")) == ("chain.forked", 6)
    assert imported_chains(here)[0].read_bytes() == before


def test_a_file_that_does_not_verify_is_not_taken_in(source: Ledger, tmp_path: Path) -> None:
    file = _export(source, tmp_path / "export.jsonl")
    file.write_bytes(file.read_bytes().replace(b"R-2", b"R-9"))
    assert _refusal(_import(tmp_path / "here", file)) == ("entry.edited", 3)
    assert _refusal(_import(tmp_path / "here", source.path)) == ("export.header_missing", None)
    assert not (tmp_path / "here").exists()


def test_the_own_chain_is_extended_by_a_copy_that_went_on(source: Ledger, tmp_path: Path) -> None:
    shutil.copytree(source.folder, tmp_path / "twin")
    twin = make_ledger(tmp_path / "twin", 2)
    result = _import(source.folder, _export(twin, tmp_path / "twin.jsonl"))
    assert _outcome(result) == (Outcome.EXTENDED, 7)
    assert verify_file(source.path).count == 7
    assert source.append("ruling", {}).seq == 8
    assert imported_chains(source.folder) == ()


@pytest.mark.parametrize("left", [0, 1, 3, 4])
def test_a_lost_end_is_made_good_by_an_export_that_has_it(source: Ledger, tmp_path: Path, left: int) -> None:
    file = _export(source, tmp_path / "export.jsonl")
    whole = source.path.read_bytes()
    _cut(source, left)
    with pytest.raises(LedgerCorruptError):
        source.append("ruling", {})
    assert _outcome(_import(source.folder, file)) == (Outcome.EXTENDED, 5)
    assert source.path.read_bytes() == whole
    assert source.append("ruling", {}).seq == 6


def test_a_removed_ledger_and_a_torn_end_are_made_good_too(source: Ledger, tmp_path: Path) -> None:
    file = _export(source, tmp_path / "export.jsonl")
    whole = source.path.read_bytes()
    source.path.unlink()
    assert _outcome(_import(source.folder, file)) == (Outcome.EXTENDED, 5)
    assert source.path.read_bytes() == whole
    source.path.write_bytes(whole[:-9])
    assert _outcome(_import(source.folder, file)) == (Outcome.EXTENDED, 5)
    assert source.path.read_bytes() == whole
    assert len(list(source.folder.glob(".torn-*"))) == 1


def test_an_export_that_ends_too_early_or_otherwise_makes_nothing_good(source: Ledger, tmp_path: Path) -> None:
    early = _export(source, tmp_path / "early.jsonl")
    shutil.copytree(source.folder, tmp_path / "twin")
    twin = make_ledger(tmp_path / "twin", 3)
    source.append("ruling", {"by": "source"})
    source.append("ruling", {"by": "source"})
    _cut(source, 3)
    damaged = source.path.read_bytes()
    assert _refusal(_import(source.folder, early))[0] == "tail.missing"
    assert _refusal(_import(source.folder, _export(twin, tmp_path / "twin.jsonl")))[0] == "chain.forked"
    assert source.path.read_bytes() == damaged


def test_an_edited_ledger_is_neither_exported_nor_mended(source: Ledger, tmp_path: Path) -> None:
    file = _export(source, tmp_path / "export.jsonl")
    source.path.write_bytes(source.path.read_bytes().replace(b"R-2", b"R-9"))
    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        _export(source, tmp_path / "other.jsonl")
    assert not (tmp_path / "other.jsonl").exists()
    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        _import(source.folder, file)


def test_an_export_never_replaces_what_is_no_plain_file_or_lies_in_the_ledgers_folder(
    source: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_text("precious")
    for target in (tmp_path, tmp_path / "link", source.path, source.folder / "new.jsonl", Path("/dev/null")):
        with pytest.raises(LedgerError, match="not replaced"):
            _export(source, target)
    assert (tmp_path / "precious").read_text() == "precious"
    assert verify_file(source.path).verified


def test_an_export_that_cannot_be_written_leaves_nothing_behind(source: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        _export(source, tmp_path / "no" / "folder.jsonl")

    def failing() -> Iterator[bytes]:
        yield b"the first line\n"
        raise OSError(28, "No space left on device")

    target = tmp_path / "target"
    target.mkdir()
    old = _export(source, target / "export.jsonl").read_bytes()
    with pytest.raises(LedgerError, match="No space"):
        write_export(target / "export.jsonl", source.folder, counted_ids())(failing())
    assert [path.name for path in target.iterdir()] == ["export.jsonl"]
    assert (target / "export.jsonl").read_bytes() == old


def test_an_empty_ledger_cannot_be_exported(tmp_path: Path) -> None:
    folder = tmp_path / "agency"
    folder.mkdir()
    (folder / "ledger.jsonl").touch()
    with pytest.raises(LedgerError, match="no entry yet"):
        export_chain(folder / "ledger.jsonl", lambda _: None)


@pytest.mark.parametrize("chain", ["../../etc/passwd", "", "A" * 32, "0" * 31, "b" * 32])
def test_a_chain_id_that_is_none_or_not_here_finds_no_file(source: Ledger, chain: str) -> None:
    with pytest.raises(LedgerError, match="No chain"):
        chain_file(source.folder, chain)


def test_the_own_chain_is_found_by_its_id_too(source: Ledger) -> None:
    assert chain_file(source.folder, own_chain(source.folder)) == source.path
    assert chain_file(source.folder, None) == source.path
