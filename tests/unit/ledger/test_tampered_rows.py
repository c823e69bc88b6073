"""What `verify` says of a database that somebody with full access to it has changed."""

from __future__ import annotations

import random

import pytest

from agent_agency.canonical_json import canonical_json
from agent_agency.errors import LedgerError, NotSignedError
from agent_agency.ledger.entry import encode, encode_body
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.signed_heads import SignedHead, add_signed_head
from agent_agency.ledger.verify import verify_ledger
from agent_agency.ledger.witness import KnownHead
from support.ledgers import lines_of, restore_guards, tamper


def _told(ledger: Ledger) -> list[tuple[str, int | None]]:
    (report,) = verify_ledger(ledger)
    return [(problem.code, problem.seq) for problem in report.problems]


def test_an_untouched_ledger_verifies_and_tells_chain_count_and_head(ledger: Ledger) -> None:
    (report,) = verify_ledger(ledger)
    last = list(ledger.entries())[-1]
    assert report.verified
    assert (report.form, report.chain, report.count, report.head) == ("ledger", last.chain, 7, last.hash)


_COPY = (
    "INSERT INTO agency_entries SELECT ledger, chain, {}, hash, kind, subject, line FROM agency_entries WHERE seq = {}"
)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DELETE FROM agency_entries WHERE seq = 4", ("entry.missing", 4)),
        ("DELETE FROM agency_entries WHERE seq = 1", ("entry.missing", 1)),
        ("DELETE FROM agency_entries WHERE seq = 7", ("tail.missing", 7)),
        ("DELETE FROM agency_entries WHERE seq > 3", ("tail.missing", 4)),
        (_COPY.format(8, 7), ("entry.repeated", 7)),
        (_COPY.format(0, 3), ("entry.repeated", 3)),
        ("UPDATE agency_entries SET kind = 'note' WHERE seq = 3", ("row.column", 3)),
        ("UPDATE agency_entries SET hash = 'sha256:0' WHERE seq = 3", ("row.column", 3)),
        ("UPDATE agency_entries SET subject = 'case:1' WHERE seq = 3", ("row.column", 3)),
        ("UPDATE agency_entries SET seq = 99 WHERE seq = 7", ("row.column", 7)),
        ("UPDATE agency_chains SET seq = 9", ("tail.missing", 8)),
        ("UPDATE agency_chains SET hash = 'sha256:0'", ("entry.not_the_known", 7)),
        (
            "UPDATE agency_chains SET seq = 6, hash = (SELECT e.hash FROM agency_entries e WHERE e.seq = 6)",
            ("tail.added", 7),
        ),
    ],
)
def test_each_damage_is_named(ledger: Ledger, damage: str, named: tuple[str, int]) -> None:
    tamper(ledger, damage)
    restore_guards(ledger)
    assert named in _told(ledger)
    with pytest.raises(LedgerError):
        list(ledger.entries())


def test_swapped_entries_are_told(ledger: Ledger) -> None:
    for was, becomes in ((4, 40), (5, 4), (40, 5)):
        tamper(ledger, "UPDATE agency_entries SET seq = :becomes WHERE seq = :was", was=was, becomes=becomes)
    restore_guards(ledger)
    assert ("entry.out_of_order", 4) in _told(ledger)


def test_any_byte_of_a_line_that_is_changed_removed_or_added_is_told(ledger: Ledger) -> None:
    chance = random.Random(5)
    whole = lines_of(ledger)[3][:-1]
    for place in range(0, len(whole), 41):
        before, byte, after = whole[:place], whole[place], whole[place + 1 :]
        for line in (before + bytes([byte ^ 1 << chance.randrange(8)]) + after, before + after, before + b" " + after):
            tamper(ledger, "UPDATE agency_entries SET line = :line WHERE seq = 4", line=line)
            assert set(_told(ledger)) - {("store.unguarded", None)}, (place, line)
    tamper(ledger, "UPDATE agency_entries SET line = :line WHERE seq = 4", line=whole)
    restore_guards(ledger)
    assert _told(ledger) == []


def test_an_entry_that_was_put_in_with_right_hashes_but_nobody_remembers_is_told(ledger: Ledger) -> None:
    last = list(ledger.entries())[-1]
    line, digest = encode(8, "ruling", last.ts, last.chain, encode_body({}), last.hash)
    tamper(
        ledger,
        "INSERT INTO agency_entries SELECT ledger, chain, 8, :digest, 'ruling', NULL, :line FROM agency_entries "
        "WHERE seq = 7",
        digest=digest,
        line=line,
    )
    assert ("tail.added", 8) in _told(ledger)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agency_entries SET kind = 'note'",
        "DELETE FROM agency_entries",
        "DELETE FROM agency_entries WHERE seq = 7",
        "UPDATE agency_chains SET seq = 6",
        "UPDATE agency_chains SET chain = 'x'",
        "DELETE FROM agency_chains",
    ],
)
def test_what_only_grows_is_not_changed_by_mistake(ledger: Ledger, statement: str) -> None:
    from sqlalchemy import text

    with pytest.raises(LedgerError), ledger.database.write() as connection:
        connection.execute(text(statement))
    assert _told(ledger) == []


def test_a_guard_that_was_taken_away_or_a_trigger_that_was_added_is_told(ledger: Ledger) -> None:
    tamper(ledger, "SELECT 1")
    assert _told(ledger) == [("store.unguarded", None)]
    restore_guards(ledger)
    assert _told(ledger) == []
    if ledger.database.address.path is not None:
        with ledger.database.write() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER mine AFTER INSERT ON agency_entries BEGIN DELETE FROM agency_signed_heads; END"
            )
        assert _told(ledger) == [("store.unguarded", None)]


class _Witness:
    """Vouches for the envelopes that it made itself."""

    def __init__(self, *anchored: KnownHead) -> None:
        self._anchored = anchored

    def signed(self, envelope: bytes) -> KnownHead:
        chain, seq, digest = envelope.decode().split("|")
        if chain == "forged":
            raise NotSignedError("the key is not listed")
        return KnownHead(chain, int(seq), digest, "signed by ann")

    def anchored(self, chain: str) -> tuple[KnownHead, ...]:
        return tuple(head for head in self._anchored if head.chain == chain)


def _sign(ledger: Ledger, seq: int, envelope: bytes | None = None, digest: str | None = None) -> None:
    entry = list(ledger.entries())[seq - 1]
    shelf = ledger.shelf()
    assert shelf is not None
    made = envelope or f"{entry.chain}|{seq}|{entry.hash}".encode()
    with ledger.database.write() as connection:
        add_signed_head(connection, shelf, SignedHead(seq, digest or entry.hash, made))


def test_the_newest_signed_and_anchored_head_are_told(ledger: Ledger) -> None:
    entries = list(ledger.entries())
    _sign(ledger, 5)
    _sign(ledger, 3)
    anchor = KnownHead(entries[0].chain, 6, entries[5].hash, "anchored at refs/agency/ledger")
    (report,) = verify_ledger(ledger, _Witness(anchor))
    assert report.verified
    assert report.signed == KnownHead(entries[0].chain, 5, entries[4].hash, "signed by ann")
    assert report.anchored == anchor
    assert report.notes == ("the newest signed head is 2 behind the chain's end",)


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (b"forged|5|sha256:0", "head.not_signed"),
        (b"{chain}|4|{hash}", "head.misplaced"),
        (b"{chain}|5|sha256:0", "head.misplaced"),
        (b"other|5|{hash}", "head.other_chain"),
    ],
)
def test_a_signature_that_is_over_something_else_or_of_nobody_is_told(
    ledger: Ledger, envelope: bytes, code: str
) -> None:
    entry = list(ledger.entries())[4]
    made = envelope.replace(b"{chain}", entry.chain.encode()).replace(b"{hash}", entry.hash.encode())
    _sign(ledger, 5, made)
    (report,) = verify_ledger(ledger, _Witness())
    assert [problem.code for problem in report.problems] == [code]


def test_a_chain_that_was_cut_or_written_anew_together_with_its_remembered_end_is_told_by_an_anchor(
    ledger: Ledger,
) -> None:
    entries = list(ledger.entries())
    anchor = KnownHead(entries[0].chain, 6, entries[5].hash, "anchored")
    tamper(ledger, "DELETE FROM agency_entries WHERE seq > 4")
    tamper(ledger, "UPDATE agency_chains SET seq = 4, hash = :hash", hash=entries[3].hash)
    restore_guards(ledger)
    assert _told(ledger) == []
    (report,) = verify_ledger(ledger, _Witness(anchor))
    assert [(problem.code, problem.seq) for problem in report.problems] == [("tail.missing", 5)]
    for _ in range(3):
        ledger.append("ruling", {"anew": True})
    assert _told(ledger) == []
    (report,) = verify_ledger(ledger, _Witness(anchor))
    assert [(problem.code, problem.seq) for problem in report.problems] == [("entry.not_the_known", 6)]


def test_two_known_heads_that_contradict_each_other_are_told(ledger: Ledger) -> None:
    entries = list(ledger.entries())
    chain = entries[0].chain
    anchors = (KnownHead(chain, 7, "sha256:" + "0" * 64, "anchored"), KnownHead(chain, 7, entries[6].hash, "anchored"))
    (report,) = verify_ledger(ledger, _Witness(*anchors))
    assert "head.contradicted" in [problem.code for problem in report.problems]
    assert canonical_json(report.as_dict())
