import json
import math
import stat
import threading
from pathlib import Path

import pytest

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import LedgerCorruptError, LedgerError, LedgerMovedError
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.ledger.verify import verify_ledger
from support.ledgers import counted_ids, lines_of, make_ledger, replace_line, tamper


def test_entries_come_back_as_they_were_appended_and_in_order(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 0, url)
    appended = [ledger.append("ruling", {"n": n, "text": "ü ￿ 😀 \0", "half": 0.5}) for n in range(5)]
    genesis, *read = ledger.entries()
    assert read == appended
    assert (genesis.kind, genesis.seq, genesis.prev_hash) == ("genesis", 1, None)
    assert [entry.seq for entry in read] == [2, 3, 4, 5, 6]
    assert {entry.chain for entry in read} == {genesis.chain}
    assert [entry.prev_hash for entry in read] == [entry.hash for entry in [genesis, *read[:-1]]]


def test_what_nobody_has_written_to_has_no_entries_and_nothing_is_made(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 0, url)
    assert list(ledger.entries()) == list(ledger.of_kinds(["ruling"])) == []
    assert (ledger.about("case:1"), ledger.last_about("case:1"), ledger.shelf()) == ((), 0, None)
    assert verify_ledger(ledger) == []
    assert not ledger.database.exists()
    assert not folder.exists()


def test_a_second_ledger_object_goes_on_with_the_same_chain(folder: Path, url: str | None) -> None:
    first = make_ledger(folder, 2, url)
    second = make_ledger(folder, 1, url)
    assert [entry.seq for entry in second.entries()] == [1, 2, 3, 4]
    assert len({entry.chain for entry in first.entries()}) == 1
    assert verify_ledger(first)[0].verified


def test_repositories_that_share_a_database_keep_their_chains_apart(tmp_path: Path, postgres_url: str) -> None:
    ids = counted_ids()
    ledgers = []
    for name in ("one", "two"):
        ledger = make_ledger(tmp_path / name, 0, postgres_url)
        ledger._new_id = ids
        for number in range(3):
            ledger.append("ruling", {"by": name, "number": number, "subject": "case:1"})
        ledgers.append(ledger)
    one, two = ledgers
    assert {entry.chain for entry in one.entries()}.isdisjoint(entry.chain for entry in two.entries())
    for ledger, name in ((one, "one"), (two, "two")):
        assert {entry.body["by"] for entry in ledger.about("case:1")} == {name}
        assert [report.count for report in verify_ledger(ledger)] == [4]


def test_several_entries_are_recorded_together_or_not_at_all(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 1, url)
    made = ledger.append_all([Draft("case_opened", {"subject": "case:1"}), Draft("ruling", {"subject": "ruling:R"})])
    assert [(entry.seq, entry.kind) for entry in made] == [(3, "case_opened"), (4, "ruling")]
    with pytest.raises(ValueError, match="kind"):
        ledger.append_all([Draft("ruling", {}), Draft("Not A Kind", {})])
    assert ledger.append_all([]) == ()
    assert len(list(ledger.entries())) == 4


def test_entries_are_found_again_by_subject_and_by_kind(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 1, url)
    odd = 'case:"quoted" \\ ü\n'
    ledger.append("case_opened", {"subject": odd, "inner": {"subject": "case:other"}})
    ledger.append("case_closed", {"subject": "case:other"})
    ledger.append("case_closed", {"subject": ["case:other"]})
    assert [entry.seq for entry in ledger.about(odd)] == [3]
    assert [entry.seq for entry in ledger.about("case:other")] == [4]
    assert ledger.last_about("case:other") == 4
    assert [entry.seq for entry in ledger.of_kinds(["case_closed", "genesis", "case_closed"])] == [1, 4, 5]
    other = make_ledger(folder, 0, url)
    other.append("case_closed", {"subject": odd})
    assert [entry.seq for entry in ledger.about(odd)] == [3, 6]


def test_an_append_is_refused_when_somebody_else_wrote_about_its_subject(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 1, url)
    known = {"case:1": ledger.last_about("case:1"), "waiver:2": 0}
    assert ledger.append_all([Draft("case_opened", {"subject": "case:1"})], unless_moved=known)[0].seq == 3
    with pytest.raises(LedgerMovedError, match="entry 3 about case:1"):
        ledger.append_all([Draft("case_closed", {"subject": "case:1"})], unless_moved=known)
    ledger.append("note", {"about": {"subject": "case:1"}})  # names it further down: it is about something else
    assert ledger.append_all([Draft("case_closed", {"subject": "case:1"})], unless_moved={"case:1": 3})[0].seq == 5
    assert [entry.kind for entry in ledger.about("case:1")] == ["case_opened", "case_closed"]


def test_files_are_readable_by_their_owner_only(folder: Path) -> None:
    ledger = make_ledger(folder, 1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with ledger.database.read():
        names = {path.name for path in folder.iterdir()}
        assert names == {"agency.db", "agency.db-wal", "agency.db-shm", "chain"}
        for name in names:
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


@pytest.mark.parametrize(
    "body",
    [{"x": math.nan}, {"x": 2**53}, {"x": b"bytes"}, {1: "x"}, {"x": {"y": {1, 2}}}, {"x": "\ud800"}, [], "text"],
)
def test_a_body_that_is_no_json_is_refused_before_anything_is_written(folder: Path, body: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make_ledger(folder).append("ruling", body)  # type: ignore[arg-type]
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["", "Ruling", "two words", "x" * 65, 'a"b', "genesis"])
def test_a_kind_that_is_no_name_or_the_ledgers_own_is_refused(folder: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        make_ledger(folder).append(kind, {})
    assert not folder.exists()


def test_large_floats_are_recorded_and_verify(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 0, url)
    ledger.append("ruling", {"numbers": [1e17, 1e300, 5e-324, -0.0, 1.5, 2**53 - 1]})
    assert verify_ledger(ledger)[0].verified
    assert ledger.append("ruling", {}).seq == 3


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE agency_entries SET line = line || '0' WHERE seq = 7", "none"),
        ("UPDATE agency_entries SET seq = 9 WHERE seq = 7", "stands in the place of 9"),
        ("DELETE FROM agency_entries WHERE seq = 7", "ends at entry 6, and entry 7 is remembered"),
        ("DELETE FROM agency_entries", "holds no entry, and entry 7 is remembered"),
        ("UPDATE agency_chains SET seq = 6", "entry 6 is remembered"),
        ("UPDATE agency_chains SET hash = 'sha256:0'", "entry 7 is remembered"),
        (
            (
                "INSERT INTO agency_entries SELECT ledger, chain, 8, hash, kind, subject, line FROM agency_entries "
                "WHERE seq = 7"
            ),
            "stands in the place of 8",
        ),
    ],
)
def test_nothing_is_appended_to_a_ledger_whose_end_does_not_verify(ledger: Ledger, damage: str, reason: str) -> None:
    tamper(ledger, damage)
    before = [] if "DELETE FROM agency_entries" in damage and "WHERE" not in damage else lines_of(ledger)
    with pytest.raises(LedgerCorruptError, match=reason) as caught:
        ledger.append("ruling", {})
    assert "agency ledger verify" in caught.value.fix
    assert lines_of(ledger) == before
    with pytest.raises(LedgerCorruptError):
        list(ledger.entries())


def test_entries_stop_at_the_first_thing_that_does_not_verify(ledger: Ledger) -> None:
    replace_line(ledger, 3, b'"R-2"', b'"R-9"')
    read: list[Entry] = []
    with pytest.raises(LedgerCorruptError, match="entry 3 was changed"):
        read.extend(ledger.entries())
    found = ledger.entries()
    assert [next(found).seq, next(found).seq] == [1, 2]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE agency_entries SET subject = NULL, kind = 'note' WHERE seq = 8",
        "UPDATE agency_entries SET subject = 'case:2' WHERE seq = 8",
    ],
)
def test_an_entry_cannot_be_hidden_by_its_columns(ledger: Ledger, damage: str) -> None:
    ledger.append("revoked", {"subject": "case:1"})
    tamper(ledger, damage)
    assert [entry.seq for entry in ledger.about("case:1")] == [8]
    assert [entry.seq for entry in ledger.of_kinds(["revoked"])] == [8]
    assert ledger.about("case:2") == ()
    with pytest.raises(LedgerMovedError):
        ledger.append_all([Draft("used", {"subject": "case:1"})], unless_moved={"case:1": 0})


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM agency_entries WHERE seq = 8",
        "UPDATE agency_entries SET line = (SELECT e.line FROM agency_entries e WHERE e.seq = 7) WHERE seq = 8",
    ],
)
@pytest.mark.parametrize("known_before", [True, False])
def test_a_missing_or_replaced_entry_is_told_by_whoever_asks_about_anything(
    ledger: Ledger, folder: Path, url: str | None, damage: str, known_before: bool
) -> None:
    ledger.append("revoked", {"subject": "case:1"})
    ledger.append("note", {"subject": "case:1"})
    if known_before:
        assert ledger.last_about("case:1") == 9
    tamper(ledger, damage)
    fresh = ledger if known_before else make_ledger(folder, 0, url)
    with pytest.raises(LedgerCorruptError):
        fresh.about("case:1")
    if not known_before:
        with pytest.raises(LedgerCorruptError):
            fresh.about("case:2")
        with pytest.raises(LedgerCorruptError):
            fresh.append_all([Draft("used", {})], unless_moved={"case:3": 0})


def test_an_append_reads_the_end_of_the_ledger_only(ledger: Ledger) -> None:
    tamper(ledger, "DELETE FROM agency_entries WHERE seq < 7")
    assert ledger.append("ruling", {}).seq == 8


def test_a_long_entry_is_found_again(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 0, url)
    ledger.append("ruling", {"padding": "x" * 3_000_000})
    assert ledger.append("ruling", {}).seq == 3
    assert verify_ledger(ledger)[0].count == 3


def test_a_chain_of_many_batches_is_read_whole_and_in_order(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 0, url)
    ledger.append_all([Draft("note", {"subject": f"case:{number % 3}"}) for number in range(2500)])
    assert [entry.seq for entry in ledger.entries()] == list(range(1, 2502))
    assert len(ledger.about("case:1")) == len(list(make_ledger(folder, 0, url).about("case:1"))) == 833
    assert verify_ledger(ledger)[0].count == 2501


def test_threads_of_one_process_lose_nothing_either(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 0, url)
    ledger.database._wait_s = 30
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for number in range(10):
                ledger.append("ruling", {"subject": f"case:{number}"})
                assert ledger.about(f"case:{number}")
        except BaseException as error:  # noqa: BLE001 - a thread's failure is told by the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert verify_ledger(ledger)[0].count == 61


def test_each_line_is_the_canonical_json_of_its_entry(ledger: Ledger) -> None:
    lines = [line[:-1] for line in lines_of(ledger)]
    assert [json.loads(line) for line in lines] == [entry.as_dict() for entry in ledger.entries()]
    for line in lines:
        unsigned = json.loads(line)
        stated = unsigned.pop("hash")
        plain = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert stated == digest_bytes(b"agent-agency.ledger.entry.v1\0" + plain)


def test_what_follows_from_entries_is_written_with_them_or_not_at_all(folder: Path, url: str | None) -> None:
    from sqlalchemy import Connection, text

    ledger = make_ledger(folder, 1, url)

    def failing(connection: Connection, chain: str, entries: tuple[Entry, ...]) -> None:
        assert (chain, [entry.seq for entry in entries]) == (entries[0].chain, [3])
        connection.execute(text("SELECT 1"))
        raise LedgerError("no", fix="none")

    with pytest.raises(LedgerError, match="no"):
        ledger.append_all([Draft("ruling", {})], also=failing)
    assert len(lines_of(ledger)) == 2
