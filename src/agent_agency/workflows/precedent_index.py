"""Keeping the index of precedents in step with the ledger, from which all of it follows.

What an entry says is taken into the index before anybody has checked who signed it; whether it counts is worked out by
whoever reads a precedent (``arbitration.precedents.fold``). So the index is the same for every base and every reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent_agency.arbitration.precedents.acts import read_promotion
from agent_agency.arbitration.precedents.model import PRECEDENT_KINDS, PROMOTED, CaseFeatures, RecordedRuling
from agent_agency.attestation.envelope import read_envelope
from agent_agency.attestation.statement import read_statement
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import KindsMark, Ledger
from agent_agency.store import precedent_index as index
from agent_agency.store.precedent_index import IndexedPrecedent, IndexMark

if TYPE_CHECKING:
    from sqlalchemy import Connection

RulingOf = Callable[[str, str], RecordedRuling | None]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """How an index compares with its ledger: its rows, those that the ledger gives, and whether all is the same."""

    rows: int
    expected: int
    same: bool


def followed(ledger: Ledger, ruling_of: RulingOf) -> KindsMark | None:
    """Bring the index up to the ledger; ``None`` where no entry is about a precedent.

    An index that is behind reads on. One that is ahead, or that something was taken from or added to, is built anew.

    Raises:
        LedgerError: the ledger cannot be read, or the index not be written.
    """
    mark = ledger.mark_of_kinds(PRECEDENT_KINDS)
    if mark is None:
        return None
    with ledger.database.read() as connection:
        known = index.mark_of(connection, mark.chain)
        whole = index.count(connection, mark.chain) == known.precedents
    if not (whole and _reaches(known, mark)):
        _bring_up(ledger, ruling_of, mark, anew=not whole)
    return mark


def rebuild(ledger: Ledger, ruling_of: RulingOf) -> int:
    """Build the index anew; answer how many precedents it has.

    Raises:
        LedgerError: as `followed`.
    """
    mark = ledger.mark_of_kinds(PRECEDENT_KINDS)
    return 0 if mark is None else _bring_up(ledger, ruling_of, mark, anew=True)


def writer(ledger: Ledger, ruling_of: RulingOf) -> Callable[[Connection, str, Sequence[Entry]], None]:
    """What `Ledger.append_all` calls, so that an entry and its row in the index are written together or not at all.

    An index that was behind before stays behind, and the next reader brings it up.
    """
    before = ledger.mark_of_kinds(PRECEDENT_KINDS)

    def write(connection: Connection, chain: str, entries: Sequence[Entry]) -> None:
        known = index.mark_of(connection, chain)
        of_kinds = [entry for entry in entries if entry.kind in PRECEDENT_KINDS]
        if of_kinds and (_reaches(known, before) if before else known == IndexMark()):
            _take(connection, chain, known, of_kinds, ruling_of)

    return write


def report(ledger: Ledger, ruling_of: RulingOf) -> IndexReport:
    """Hold every row against the ledger.

    Raises:
        LedgerError: as `followed`.
    """
    mark = ledger.mark_of_kinds(PRECEDENT_KINDS)
    if mark is None:
        return IndexReport(0, 0, same=True)
    expected = list(rows_of(ledger.of_kinds(PRECEDENT_KINDS), ruling_of))
    with ledger.database.read() as connection:
        rows = list(index.all_rows(connection, mark.chain))
        known = index.mark_of(connection, mark.chain)
        same = rows == expected and _reaches(known, mark) and known.digest == _digest("", rows)
        same = same and not index.postings_differ(connection, mark.chain)
    return IndexReport(len(rows), len(expected), same)


def rows_of(entries: Iterable[Entry], ruling_of: RulingOf) -> Iterator[IndexedPrecedent]:
    """The rows that entries give: one for the first promotion of each precedent."""
    seen: set[str] = set()
    for entry in entries:
        row = _row(entry, ruling_of) if entry.kind == PROMOTED else None
        if row is not None and row.precedent not in seen:
            seen.add(row.precedent)
            yield row


def features_of(row: IndexedPrecedent) -> CaseFeatures:
    """The case that a row tells of."""
    return CaseFeatures(row.verdict, row.facts, row.words)


def _row(entry: Entry, ruling_of: RulingOf) -> IndexedPrecedent | None:
    """What a promotion says of its precedent; ``None`` where it is none, or its ruling's facts are not on record."""
    try:
        act = read_promotion(read_statement(read_envelope(entry.body["attestation"]).payload))
    except (KeyError, ValueError):
        return None
    ruling = ruling_of(act.ruling, act.ruling_entry)
    if ruling is None or ruling.features is None or entry.body.get("subject") != f"precedent:{act.precedent}":
        return None
    facts = dict(ruling.features.values)
    words = ruling.features.text
    return IndexedPrecedent(act.precedent, act.ruling, entry.seq, ruling.verdict, act.holding, facts, words)


def _bring_up(ledger: Ledger, ruling_of: RulingOf, mark: KindsMark, *, anew: bool) -> int:
    with ledger.database.write() as connection:
        known = index.mark_of(connection, mark.chain)
        entries = () if anew else tuple(ledger.of_kinds(PRECEDENT_KINDS, after=known.seq - 1))
        if not anew and known.seq and entries and (entries[0].seq, entries[0].hash) == (known.seq, known.hash):
            entries = entries[1:]
            anew = known.entries + len(entries) != mark.count
        elif known != IndexMark():
            anew = True
        if anew:
            index.clear(connection, mark.chain)
            known, entries = IndexMark(), tuple(ledger.of_kinds(PRECEDENT_KINDS))
        return _take(connection, mark.chain, known, entries, ruling_of).precedents


def _take(
    connection: Connection, chain: str, known: IndexMark, entries: Sequence[Entry], ruling_of: RulingOf
) -> IndexMark:
    rows = list(rows_of(entries, ruling_of))
    there = index.present(connection, chain, [row.precedent for row in rows])
    rows = [row for row in rows if row.precedent not in there]
    index.add(connection, chain, rows)
    if not entries:
        return known
    mark = replace(
        known,
        entries=known.entries + len(entries),
        seq=entries[-1].seq,
        hash=entries[-1].hash,
        precedents=known.precedents + len(rows),
        digest=_digest(known.digest, rows),
    )
    index.set_mark(connection, chain, mark)
    return mark


def _digest(digest: str, rows: Iterable[IndexedPrecedent]) -> str:
    for row in rows:
        digest = index.chained(digest, row)
    return digest


def _reaches(known: IndexMark, mark: KindsMark) -> bool:
    return (known.entries, known.seq, known.hash) == (mark.count, mark.seq, mark.hash)
