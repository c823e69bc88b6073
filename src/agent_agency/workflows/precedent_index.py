"""Keeping the index of precedents in step with the ledger, from which all of it follows.

A precedent is taken in when a promotion of it counts by the reader's base, so that nobody can crowd real ones out, or
make a fact look frequent, by promoting without leave. Where another base lists other people, the index is built anew
for it. How a precedent stands is never taken from the index (``arbitration.precedents.fold``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent_agency.arbitration.precedents.fold import Bench, promoted_by
from agent_agency.arbitration.precedents.model import PRECEDENT_KINDS, PROMOTED, CaseFeatures
from agent_agency.arbitration.precedents.similarity import IDENTITY, words_of_holding
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import digest_json
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import KindsMark, Ledger
from agent_agency.store import precedent_index as index
from agent_agency.store.precedent_index import IndexedPrecedent, IndexMark

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class IndexReport:
    """How an index compares with its ledger: its rows, those that the ledger gives, and whether all is the same."""

    rows: int
    expected: int
    same: bool


def followed(ledger: Ledger, bench: Bench, mark: KindsMark | None) -> KindsMark | None:
    """Bring the index up to the ledger as far as the mark says; answer the mark.

    An index that is behind reads on. One that is ahead, or that something was taken from or added to, is built anew.

    Raises:
        LedgerError: the ledger cannot be read, or the index not be written.
    """
    if mark is None:
        return None
    with ledger.database.read() as connection:
        known = index.mark_of(connection, mark.chain)
        whole = index.count(connection, mark.chain) == known.precedents
    alike = known.people == people_of(bench.principals)
    if not (whole and alike and _reaches(known, mark)):
        _bring_up(ledger, bench, mark, anew=not (whole and alike))
    return mark


def rebuild(ledger: Ledger, bench: Bench) -> int:
    """Build the index anew; answer how many precedents it has.

    Raises:
        LedgerError: as `followed`.
    """
    mark = ledger.mark_of_kinds(PRECEDENT_KINDS)
    return 0 if mark is None else _bring_up(ledger, bench, mark, anew=True)


def writer(ledger: Ledger, bench: Bench) -> Callable[[Connection, str, Sequence[Entry]], None]:
    """What `Ledger.append_all` calls, so that an entry and its row in the index are written together or not at all.

    An index that was behind before stays behind, and the next reader brings it up.
    """
    before = ledger.mark_of_kinds(PRECEDENT_KINDS)
    people = people_of(bench.principals)

    def write(connection: Connection, chain: str, entries: Sequence[Entry]) -> None:
        known = index.mark_of(connection, chain)
        of_kinds = [entry for entry in entries if entry.kind in PRECEDENT_KINDS]
        current = _reaches(known, before) and known.people == people if before else known == IndexMark()
        if of_kinds and current:
            _take(connection, chain, known, of_kinds, bench)

    return write


def report(ledger: Ledger, bench: Bench) -> IndexReport:
    """Hold every row against the ledger.

    Raises:
        LedgerError: as `followed`.
    """
    mark = ledger.mark_of_kinds(PRECEDENT_KINDS)
    if mark is None:
        return IndexReport(0, 0, same=True)
    expected = list(rows_of(ledger.of_kinds(PRECEDENT_KINDS), bench))
    with ledger.database.read() as connection:
        rows = list(index.all_rows(connection, mark.chain))
        known = index.mark_of(connection, mark.chain)
        same = rows == expected and _reaches(known, mark) and known.digest == _digest("", rows)
        same = same and not index.postings_differ(connection, mark.chain, IDENTITY)
    return IndexReport(len(rows), len(expected), same)


def rows_of(entries: Iterable[Entry], bench: Bench) -> Iterator[IndexedPrecedent]:
    """The rows that entries give: one for the first promotion of each precedent."""
    seen: set[str] = set()
    for entry in entries:
        row = _row(entry, bench) if entry.kind == PROMOTED else None
        if row is not None and row.precedent not in seen:
            seen.add(row.precedent)
            yield row


def features_of(row: IndexedPrecedent) -> CaseFeatures:
    """The case that a row tells of."""
    return CaseFeatures(row.verdict, row.facts, row.words)


def _row(entry: Entry, bench: Bench) -> IndexedPrecedent | None:
    """The precedent that a promotion makes; ``None`` where it counts for nothing, or no facts are on record."""
    try:
        act, ruling, _ = promoted_by(entry, bench)
    except ValueError:
        return None
    if ruling.features is None:
        return None
    facts, words = dict(ruling.features.values), ruling.features.text
    question, stance = stand_of(ruling.features, act.holding)
    return IndexedPrecedent(
        act.precedent, act.ruling, entry.seq, ruling.verdict, act.holding, facts, words, question, stance
    )


def stand_of(features: CaseFeatures, holding: str) -> tuple[str, str]:
    """The question that a precedent answers and the stance that it takes, as the index names them."""
    question = sorted(value for _, value in features.of("issue"))
    stance = [features.verdict, words_of_holding(holding)]
    return digest_json(question), digest_json(stance)


def people_of(principals: Principals) -> str:
    """A digest over everybody who is listed, with their roles and keys."""
    told = [
        [one.name, one.address, sorted(one.roles), sorted(key.line() for key in one.keys)] for one in principals.listed
    ]
    return digest_json(told)


def _bring_up(ledger: Ledger, bench: Bench, mark: KindsMark, *, anew: bool) -> int:
    with ledger.database.write() as connection:
        mark = ledger.mark_of_kinds(PRECEDENT_KINDS) or mark  # somebody may have written since the caller looked
        known = index.mark_of(connection, mark.chain)
        if not anew and _reaches(known, mark):
            return known.precedents
        entries = () if anew else tuple(ledger.of_kinds(PRECEDENT_KINDS, after=known.seq - 1))
        if not anew and known.seq and entries and (entries[0].seq, entries[0].hash) == (known.seq, known.hash):
            entries = entries[1:]
            anew = known.entries + len(entries) != mark.count
        elif known != IndexMark():
            anew = True
        if anew:
            index.clear(connection, mark.chain)
            known, entries = IndexMark(), tuple(ledger.of_kinds(PRECEDENT_KINDS))
        return _take(connection, mark.chain, known, entries, bench).precedents


def _take(connection: Connection, chain: str, known: IndexMark, entries: Sequence[Entry], bench: Bench) -> IndexMark:
    rows = list(rows_of(entries, bench))
    there = index.present(connection, chain, [row.precedent for row in rows])
    rows = [row for row in rows if row.precedent not in there]
    index.add(connection, chain, rows, IDENTITY)
    if not entries:
        return known
    mark = replace(
        known,
        entries=known.entries + len(entries),
        seq=entries[-1].seq,
        hash=entries[-1].hash,
        precedents=known.precedents + len(rows),
        digest=_digest(known.digest, rows),
        people=people_of(bench.principals),
    )
    index.set_mark(connection, chain, mark)
    return mark


def _digest(digest: str, rows: Iterable[IndexedPrecedent]) -> str:
    for row in rows:
        digest = index.chained(digest, row)
    return digest


def _reaches(known: IndexMark, mark: KindsMark) -> bool:
    return (known.entries, known.seq, known.hash) == (mark.count, mark.seq, mark.hash)
