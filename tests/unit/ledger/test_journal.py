import json
import math
import os
import stat
import threading
from pathlib import Path

import pytest

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import LedgerCorruptError, LedgerError
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import verify_file
from support.ledgers import counted_ids, make_ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "agency"


def test_entries_come_back_as_they_were_appended_and_in_order(folder: Path) -> None:
    ledger = make_ledger(folder)
    appended = [ledger.append("ruling", {"n": n, "text": "ü ￿ 😀", "half": 0.5}) for n in range(5)]
    genesis, *read = ledger.entries()
    assert read == appended
    assert (genesis.kind, genesis.seq, genesis.prev_hash) == ("genesis", 1, None)
    assert [entry.seq for entry in read] == [2, 3, 4, 5, 6]
    assert {entry.chain for entry in read} == {genesis.chain}
    assert [entry.prev_hash for entry in read] == [entry.hash for entry in [genesis, *read[:-1]]]


def test_a_ledger_that_nobody_has_written_to_has_no_entries_and_makes_no_files(folder: Path) -> None:
    assert list(make_ledger(folder).entries()) == []
    assert not folder.exists()


def test_a_second_ledger_object_goes_on_with_the_same_chain(folder: Path) -> None:
    first = make_ledger(folder, 2)
    second = make_ledger(folder, 1)
    assert [entry.seq for entry in second.entries()] == [1, 2, 3, 4]
    assert len({entry.chain for entry in first.entries()}) == 1
    assert verify_file(first.path).verified


def test_two_repositories_have_chains_of_different_ids(tmp_path: Path) -> None:
    ids = counted_ids()
    chains = set()
    for name in ("one", "two"):
        ledger = make_ledger(tmp_path / name)
        ledger._new_id = ids
        chains.add(ledger.append("ruling", {}).chain)
    assert len(chains) == 2


def test_files_are_readable_by_their_owner_only(folder: Path) -> None:
    make_ledger(folder, 1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("ledger.jsonl", "head.json", "ledger.lock"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


@pytest.mark.parametrize(
    "body",
    [{"x": math.nan}, {"x": 2**53}, {"x": b"bytes"}, {1: "x"}, {"x": {"y": {1, 2}}}, {"x": "\ud800"}, [], "text"],
)
def test_a_body_that_is_no_json_is_refused_before_anything_is_written(folder: Path, body: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make_ledger(folder).append("ruling", body)  # type: ignore[arg-type]
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["", "Ruling", "two words", "x" * 65, 'a"b', "genesis", "repaired"])
def test_a_kind_that_is_no_name_or_the_ledgers_own_is_refused(folder: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        make_ledger(folder).append(kind, {})
    assert not folder.exists()


def test_large_floats_are_recorded_and_verify(folder: Path) -> None:
    ledger = make_ledger(folder)
    ledger.append("ruling", {"numbers": [1e17, 1e300, 5e-324, -0.0, 1.5, 2**53 - 1]})
    assert verify_file(ledger.path).verified
    assert ledger.append("ruling", {}).seq == 3


def test_a_torn_tail_is_set_aside_and_the_chain_says_so(folder: Path) -> None:
    ledger = make_ledger(folder, 3)
    whole = ledger.path.read_bytes()
    torn = b'{"body":{"half a li'
    ledger.path.write_bytes(whole + torn)
    assert len(list(ledger.entries())) == 4

    appended = ledger.append("ruling", {"after": "the crash"})
    *_, repaired, last = ledger.entries()
    assert last == appended
    assert repaired.kind == "repaired"
    assert repaired.body["digest"] == digest_bytes(torn)
    assert (folder / repaired.body["kept_as"]).read_bytes() == torn
    assert ledger.path.read_bytes().startswith(whole)
    assert verify_file(ledger.path).verified


@pytest.mark.parametrize("torn", [b"\0" * 4096, b"\xff\xfe", b"{}", b"x" * 200_000], ids=["nul", "raw", "json", "long"])
def test_whatever_a_crash_left_without_a_line_feed_is_set_aside(folder: Path, torn: bytes) -> None:
    ledger = make_ledger(folder, 1)
    with ledger.path.open("ab") as stream:
        stream.write(torn)
    assert ledger.append("ruling", {}).seq == 4
    assert [path.read_bytes() for path in folder.glob(".torn-*")] == [torn]


def test_a_crash_during_the_very_first_append_leaves_a_ledger_that_can_begin(folder: Path) -> None:
    ledger = make_ledger(folder, 1)
    start = ledger.path.read_bytes()[:50]
    for name in ("ledger.jsonl", "head.json"):
        (folder / name).unlink()
    ledger.path.write_bytes(start)
    assert ledger.append("ruling", {}).seq == 3
    assert [entry.kind for entry in ledger.entries()] == ["genesis", "repaired", "ruling"]
    assert verify_file(ledger.path).verified


def test_an_acknowledged_entry_is_never_taken_for_a_torn_tail(folder: Path) -> None:
    ledger = make_ledger(folder, 3)
    damaged = ledger.path.read_bytes()[:-1]
    ledger.path.write_bytes(damaged)
    with pytest.raises(LedgerCorruptError, match="remembers entry 4"):
        ledger.append("ruling", {})
    with pytest.raises(LedgerCorruptError, match="entry 4 is missing at the end"):
        list(ledger.entries())
    assert ledger.path.read_bytes() == damaged


def _edit_last(data: bytes) -> bytes:
    return data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_edit_last, "does not verify"),
        (lambda data: data + b"garbage\n", "its last line is not an entry"),
        (lambda data: data + b"\n", "the line is empty"),
        (lambda data: data + data.splitlines(keepends=True)[1], "remembers entry 4, and the ledger ends at entry 2"),
        (lambda data: b"".join(data.splitlines(keepends=True)[:-1]), "remembers entry 4"),
        (lambda _: b"", "the ledger holds no entry"),
    ],
    ids=["edited", "garbage", "empty line", "repeated", "tail removed", "emptied"],
)
def test_nothing_is_appended_to_a_ledger_whose_end_does_not_verify(folder: Path, damage: object, reason: str) -> None:
    ledger = make_ledger(folder, 3)
    damaged = damage(ledger.path.read_bytes())  # type: ignore[operator]
    ledger.path.write_bytes(damaged)
    with pytest.raises(LedgerCorruptError, match=reason) as caught:
        ledger.append("ruling", {})
    assert "agency ledger verify" in caught.value.fix
    assert ledger.path.read_bytes() == damaged


def test_a_removed_ledger_does_not_begin_anew_unseen(folder: Path) -> None:
    ledger = make_ledger(folder, 3)
    ledger.path.unlink()
    with pytest.raises(LedgerCorruptError, match="remembers entry 4, and the ledger holds no entry"):
        ledger.append("ruling", {})
    with pytest.raises(LedgerCorruptError):
        list(ledger.entries())


def test_a_removed_or_damaged_head_file_is_not_taken_as_consent(folder: Path) -> None:
    ledger = make_ledger(folder, 3)
    head = folder / "head.json"
    head.write_bytes(b"not a head")
    with pytest.raises(LedgerCorruptError, match="damaged"):
        ledger.append("ruling", {})
    head.unlink()
    with pytest.raises(LedgerCorruptError, match=r"head\.json is missing"):
        ledger.append("ruling", {})
    with pytest.raises(LedgerCorruptError, match=r"head\.json is missing"):
        list(ledger.entries())


def test_a_kill_between_the_entry_and_the_head_file_is_no_alarm(folder: Path) -> None:
    ledger = make_ledger(folder, 2)
    behind = (folder / "head.json").read_bytes()
    ledger.append("ruling", {})
    (folder / "head.json").write_bytes(behind)
    report = verify_file(ledger.path)
    assert report.verified
    assert "1 behind" in report.notes[0]
    assert ledger.append("ruling", {}).seq == 5
    assert verify_file(ledger.path).notes == ()


def test_entries_stop_at_the_first_thing_that_does_not_verify(folder: Path) -> None:
    ledger = make_ledger(folder, 4)
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b'"R-2"', b'"R-9"'))
    read: list[Entry] = []
    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        read.extend(ledger.entries())
    found = ledger.entries()
    assert [next(found).seq, next(found).seq] == [1, 2]


def _a_folder(path: Path) -> None:
    path.mkdir()


def _a_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(b"precious")
    path.symlink_to(target)


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_a_folder, _a_link, _a_pipe])
@pytest.mark.parametrize("name", ["ledger.jsonl", "ledger.lock", "head.json"])
def test_a_folder_link_or_pipe_in_place_of_a_file_is_refused(folder: Path, name: str, make: object) -> None:
    folder.mkdir()
    make(folder / name)  # type: ignore[operator]
    with pytest.raises(LedgerError) as caught:
        make_ledger(folder).append("ruling", {})
    assert caught.value.path is not None
    assert caught.value.path.endswith(name)
    assert not (folder / "elsewhere").exists() or (folder / "elsewhere").read_bytes() == b"precious"


def test_a_file_in_place_of_the_folder_is_refused(folder: Path) -> None:
    folder.write_bytes(b"precious")
    with pytest.raises(LedgerError, match="folder"):
        make_ledger(folder).append("ruling", {})
    assert folder.read_bytes() == b"precious"


def test_a_missing_parent_folder_is_refused(folder: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        make_ledger(folder / "deep").append("ruling", {})


def test_an_append_reads_the_end_of_the_ledger_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = make_ledger(folder)
    for number in range(40):
        ledger.append("ruling", {"n": number, "padding": "x" * 20_000})
    sizes: list[int] = []
    real = os.pread

    def counted(handle: int, length: int, place: int) -> bytes:
        sizes.append(length)
        return real(handle, length, place)

    monkeypatch.setattr(os, "pread", counted)
    ledger.append("ruling", {})
    assert sum(sizes) <= 64 * 1024 < ledger.path.stat().st_size / 10


def test_an_entry_longer_than_one_read_is_found_again(folder: Path) -> None:
    ledger = make_ledger(folder)
    ledger.append("ruling", {"padding": "x" * 1_000_000})
    assert ledger.append("ruling", {}).seq == 3
    assert verify_file(ledger.path).count == 3


def test_threads_of_one_process_lose_nothing_either(folder: Path) -> None:
    ledger = Ledger(folder, make_ledger(folder)._clock, counted_ids())

    def work() -> None:
        for _ in range(10):
            ledger.append("ruling", {})

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_file(ledger.path).count == 61


def test_each_line_is_the_canonical_json_of_its_entry(folder: Path) -> None:
    ledger = make_ledger(folder, 2)
    lines = ledger.path.read_bytes().splitlines()
    assert [json.loads(line) for line in lines] == [entry.as_dict() for entry in ledger.entries()]
    for line in lines:
        unsigned = json.loads(line)
        stated = unsigned.pop("hash")
        plain = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert stated == digest_bytes(b"agent-agency.ledger.entry.v1\0" + plain)
