from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_agency.errors import LedgerCorruptError, LedgerError
from agent_agency.ledger.chains import find_chain, imported_chains, read_entries
from agent_agency.ledger.export_header import ExportHeader, write_header
from agent_agency.ledger.exports import export_chain, write_export
from agent_agency.ledger.imports import Imported, Outcome, Refused, import_chain, read_export
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.own_chain import OwnChain, read_own_chain
from agent_agency.ledger.signed_heads import SignedHead, signed_heads_of
from agent_agency.ledger.verify import verify_file, verify_ledger
from support.ledgers import counted_ids, export_to, lines_of, make_ledger, replace_line, tamper


@pytest.fixture
def source(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path / "source", 4)


@pytest.fixture
def here(tmp_path: Path, url: str | None) -> Ledger:
    """Another repository without an entry yet, on either database."""
    ledger = make_ledger(tmp_path / "here", 0, url)
    ledger._new_id = iter([f"{number:032x}" for number in range(0xB0, 0xFF)]).__next__
    return ledger


def _twin(ledger: Ledger, folder: Path) -> Ledger:
    """A copy of the whole folder, as of a clone that goes on by itself."""
    ledger.database.close()
    shutil.copytree(ledger.folder, folder)
    return make_ledger(folder)


def _outcome(result: Imported | Refused) -> tuple[Outcome, int]:
    assert isinstance(result, Imported), result
    return result.outcome, result.here


def _refusal(result: Imported | Refused) -> tuple[str, int | None]:
    assert isinstance(result, Refused), result
    return result.problems[0].code, result.problems[0].seq


def test_an_export_holds_the_ledgers_own_lines_and_exporting_again_gives_the_same_bytes(
    ledger: Ledger, tmp_path: Path
) -> None:
    one = export_to(ledger, tmp_path / "one.jsonl").read_bytes()
    assert one.partition(b"\n")[2] == b"".join(lines_of(ledger))
    assert export_to(ledger, tmp_path / "two.jsonl").read_bytes() == one
    assert list(read_export(tmp_path / "one.jsonl")) == list(ledger.entries())
    assert verify_file(tmp_path / "one.jsonl").verified


def test_an_imported_chain_verifies_beside_the_own_one_and_gives_the_same_export(
    source: Ledger, here: Ledger, tmp_path: Path
) -> None:
    here.append("ruling", {})
    file = export_to(source, tmp_path / "export.jsonl")
    assert _outcome(import_chain(here, file)) == (Outcome.STORED, 5)
    assert _outcome(import_chain(here, file)) == (Outcome.UNCHANGED, 5)
    (stored,) = imported_chains(here)
    assert [(report.form, report.count, report.problems) for report in verify_ledger(here)] == [
        ("ledger", 2, ()),
        ("imported", 5, ()),
    ]
    assert list(read_entries(here.database, stored)) == list(source.entries())
    assert export_to(here, tmp_path / "again.jsonl", stored.chain).read_bytes() == file.read_bytes()
    assert [entry.seq for entry in here.entries()] == [1, 2]


def test_a_chain_may_come_in_before_the_first_own_entry(source: Ledger, here: Ledger, tmp_path: Path) -> None:
    file = export_to(source, tmp_path / "export.jsonl")
    assert _outcome(import_chain(here, file)) == (Outcome.STORED, 5)
    assert here.shelf() is None
    assert here.append("ruling", {}).seq == 2
    assert [report.count for report in verify_ledger(here)] == [2, 5]
    assert len(imported_chains(here)) == 1


def test_an_imported_chain_grows_by_a_newer_export_and_does_not_shrink_by_an_older(
    source: Ledger, here: Ledger, tmp_path: Path
) -> None:
    old = export_to(source, tmp_path / "old.jsonl")
    source.append("ruling", {"newer": True})
    new = export_to(source, tmp_path / "new.jsonl")
    assert _outcome(import_chain(here, old)) == (Outcome.STORED, 5)
    assert _outcome(import_chain(here, new)) == (Outcome.EXTENDED, 6)
    assert _outcome(import_chain(here, old)) == (Outcome.OLDER, 6)
    assert verify_ledger(here)[0].count == 6


def test_a_repository_that_shares_the_database_imports_a_chain_without_touching_its_owners(
    tmp_path: Path, postgres_url: str
) -> None:
    owner = make_ledger(tmp_path / "owner", 3, postgres_url)
    twin = make_ledger(tmp_path / "twin", 0)
    import_chain(twin, export_to(owner, tmp_path / "export.jsonl"))
    other = make_ledger(tmp_path / "other", 0, postgres_url)
    other._new_id = lambda: "b" * 32
    other.append("ruling", {})
    assert _outcome(import_chain(other, tmp_path / "export.jsonl")) == (Outcome.STORED, 4)
    owner.append("ruling", {"after": True})
    assert [report.count for report in verify_ledger(owner)] == [5]
    assert [report.count for report in verify_ledger(other)] == [2, 4]


def test_a_fork_is_refused_and_the_entry_where_it_parts_is_named(source: Ledger, here: Ledger, tmp_path: Path) -> None:
    twin = _twin(source, tmp_path / "twin")
    source.append("ruling", {"by": "source"})
    twin.append("ruling", {"by": "twin"})
    import_chain(here, export_to(source, tmp_path / "source.jsonl"))
    assert _refusal(import_chain(here, export_to(twin, tmp_path / "twin.jsonl"))) == ("chain.forked", 6)
    assert _refusal(import_chain(source, tmp_path / "twin.jsonl")) == ("chain.forked", 6)
    assert verify_ledger(here)[0].count == 6


def test_a_file_that_does_not_verify_is_not_taken_in(source: Ledger, here: Ledger, tmp_path: Path) -> None:
    file = export_to(source, tmp_path / "export.jsonl")
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b"".join(lines_of(source)))
    file.write_bytes(file.read_bytes().replace(b"R-2", b"R-9"))
    assert _refusal(import_chain(here, file)) == ("entry.edited", 3)
    assert _refusal(import_chain(here, lines)) == ("export.header_missing", None)
    assert not here.folder.exists()
    assert not here.database.exists()


def test_the_own_chain_is_extended_by_a_copy_that_went_on(source: Ledger, tmp_path: Path) -> None:
    twin = _twin(source, tmp_path / "twin")
    twin.append("ruling", {})
    twin.append("ruling", {})
    assert _outcome(import_chain(source, export_to(twin, tmp_path / "twin.jsonl"))) == (Outcome.EXTENDED, 7)
    assert source.append("ruling", {}).seq == 8
    assert [report.count for report in verify_ledger(source)] == [8]


@pytest.mark.parametrize("left", [0, 1, 3, 6])
def test_a_lost_end_is_made_good_by_an_export_that_has_it(ledger: Ledger, tmp_path: Path, left: int) -> None:
    file = export_to(ledger, tmp_path / "export.jsonl")
    whole = lines_of(ledger)
    tamper(ledger, "DELETE FROM agency_entries WHERE seq > :left", left=left)
    with pytest.raises(LedgerCorruptError):
        ledger.append("ruling", {})
    result = import_chain(ledger, file)
    assert _outcome(result)[1] == 7
    assert lines_of(ledger) == whole
    assert ledger.append("ruling", {}).seq == 8


def test_a_removed_database_is_made_good_too(source: Ledger, tmp_path: Path) -> None:
    file = export_to(source, tmp_path / "export.jsonl")
    whole = lines_of(source)
    source.database.close()
    for path in source.folder.glob("agency.db*"):
        path.unlink()
    again = make_ledger(source.folder)
    with pytest.raises(LedgerCorruptError, match="does not hold this repository's chain"):
        again.append("ruling", {})
    result = import_chain(again, file)
    assert isinstance(result, Imported)
    assert (result.own, result.here) == (True, 5)
    assert lines_of(again) == whole
    assert again.append("ruling", {}).seq == 6


def test_a_record_moves_from_one_database_to_another_by_an_export(
    source: Ledger, tmp_path: Path, postgres_url: str
) -> None:
    file = export_to(source, tmp_path / "export.jsonl")
    moved = make_ledger(source.folder, 0, postgres_url)
    with pytest.raises(LedgerCorruptError, match="does not hold this repository's chain") as caught:
        moved.append("ruling", {})
    assert "AGENCY_STORE_URL" in caught.value.fix
    assert _outcome(import_chain(moved, file)) == (Outcome.STORED, 5)
    assert lines_of(moved) == lines_of(source)
    assert moved.append("ruling", {}).seq == 6


def test_an_export_that_ends_too_early_or_otherwise_makes_nothing_good(source: Ledger, tmp_path: Path) -> None:
    early = export_to(source, tmp_path / "early.jsonl")
    twin = _twin(source, tmp_path / "twin")
    for _ in range(3):
        twin.append("ruling", {"by": "twin"})
    source.append("ruling", {"by": "source"})
    source.append("ruling", {"by": "source"})
    tamper(source, "DELETE FROM agency_entries WHERE seq > 3")
    damaged = lines_of(source)
    assert _refusal(import_chain(source, early))[0] == "tail.missing"
    assert _refusal(import_chain(source, export_to(twin, tmp_path / "twin.jsonl")))[0] == "chain.forked"
    assert lines_of(source) == damaged


def test_an_edited_ledger_is_neither_exported_nor_mended(ledger: Ledger, tmp_path: Path) -> None:
    file = export_to(ledger, tmp_path / "export.jsonl")
    replace_line(ledger, 3, b"R-2", b"R-9")
    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        export_to(ledger, tmp_path / "other.jsonl")
    assert not (tmp_path / "other.jsonl").exists()
    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        import_chain(ledger, file)


def test_an_export_never_replaces_what_is_no_plain_file_or_lies_in_the_ledgers_folder(
    source: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_text("precious")
    inside = (source.folder / "agency.db", source.folder / "new.jsonl")
    for target in (tmp_path, tmp_path / "link", *inside, Path("/dev/null")):
        with pytest.raises(LedgerError, match="not replaced"):
            export_to(source, target)
    assert (tmp_path / "precious").read_text() == "precious"
    assert verify_ledger(source)[0].verified


def test_an_export_that_cannot_be_written_leaves_nothing_behind(source: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        export_to(source, tmp_path / "no" / "folder.jsonl")

    def failing() -> Iterator[bytes]:
        yield b"the first line\n"
        raise OSError(28, "No space left on device")

    target = tmp_path / "target"
    target.mkdir()
    old = export_to(source, target / "export.jsonl").read_bytes()
    with pytest.raises(LedgerError, match="No space"):
        write_export(target / "export.jsonl", source.folder, counted_ids())(failing())
    assert [path.name for path in target.iterdir()] == ["export.jsonl"]
    assert (target / "export.jsonl").read_bytes() == old


def test_a_row_that_changes_while_it_is_exported_stops_the_export(source: Ledger) -> None:
    shelf = source.shelf()
    assert shelf is not None

    def write(parts: Iterator[bytes]) -> None:
        next(parts)
        replace_line(source, 3, b"R-2", b"R-9")
        list(parts)

    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        export_chain(source.database, shelf, write)


@pytest.mark.parametrize("chain", ["../../etc/passwd", "", "A" * 32, "0" * 31, "b" * 32])
def test_a_chain_id_that_is_none_or_not_here_is_refused(source: Ledger, chain: str) -> None:
    with pytest.raises(LedgerError, match="No chain"):
        find_chain(source, chain)


def test_the_own_chain_is_found_by_its_id_too(source: Ledger) -> None:
    own = source.shelf()
    assert own is not None
    assert find_chain(source, own.chain) == find_chain(source, None) == own


def _old_ledger(folder: Path, source: Ledger, torn: bytes = b"") -> Path:
    folder.mkdir()
    path = folder / "ledger.jsonl"
    path.write_bytes(b"".join(lines_of(source)) + torn)
    return path


@pytest.mark.parametrize("torn", [b"", b'{"body":{"half a l'])
def test_the_ledger_of_an_earlier_version_comes_in_as_the_repositorys_own(
    source: Ledger, here: Ledger, torn: bytes
) -> None:
    old = _old_ledger(here.folder, source, torn)
    for asked in (lambda: here.append("ruling", {}), lambda: list(here.entries()), lambda: verify_ledger(here)):
        with pytest.raises(LedgerError, match="earlier version") as caught:
            asked()
        assert f"agency ledger import {old}" in caught.value.fix
    result = import_chain(here, old)
    assert isinstance(result, Imported)
    assert (result.outcome, result.own, result.here) == (Outcome.STORED, True, 5)
    assert lines_of(here) == lines_of(source)
    assert here.append("ruling", {}).seq == 6
    assert [path.name for path in here.folder.glob("ledger*")] == ["ledger.jsonl.taken-in"]
    own = read_own_chain(here.folder)
    assert own == OwnChain(next(iter(source.entries())).chain, begun=True)


def test_an_edited_ledger_of_an_earlier_version_is_not_taken_in_and_stays(source: Ledger, here: Ledger) -> None:
    old = _old_ledger(here.folder, source)
    old.write_bytes(old.read_bytes().replace(b"R-2", b"R-9"))
    assert _refusal(import_chain(here, old)) == ("entry.edited", 3)
    assert old.exists()


def test_chains_that_an_earlier_version_imported_are_not_passed_over_either(
    source: Ledger, here: Ledger, tmp_path: Path
) -> None:
    here.append("ruling", {})
    (here.folder / "chains").mkdir()
    old = export_to(source, tmp_path / "export.jsonl").rename(here.folder / "chains" / "a.jsonl")
    with pytest.raises(LedgerError, match="earlier version"):
        here.append("ruling", {})
    assert _outcome(import_chain(here, old)) == (Outcome.STORED, 5)
    assert [report.count for report in verify_ledger(here)] == [2, 5]
    assert here.append("ruling", {}).seq == 3


def test_a_signature_in_a_file_is_kept_with_an_imported_chain_and_never_with_the_own_one(
    source: Ledger, here: Ledger, tmp_path: Path
) -> None:
    file = export_to(source, tmp_path / "export.jsonl")
    newest = list(source.entries())[-1]
    header = ExportHeader(newest.chain, 5, newest.hash, SignedHead(5, newest.hash, b'{"forged":true}'))
    file.write_bytes(write_header(header) + b"".join(lines_of(source)))
    assert verify_file(file).verified
    import_chain(source, file)
    import_chain(here, file)
    for ledger, count in ((source, 0), (here, 1)):
        with ledger.database.read() as connection:
            kept = signed_heads_of(connection, find_chain(ledger, newest.chain))  # type: ignore[arg-type]
        assert len(kept) == count
    again = export_to(here, tmp_path / "again.jsonl", newest.chain)
    assert again.read_bytes() == file.read_bytes()
