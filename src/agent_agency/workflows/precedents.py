"""Precedents beside a case: which guide it, with the facts that agree and differ, and what the ruling did with them.

Guidance never decides: it is asked for after the verdict, and gives nothing that a verdict is made of. A precedent is
found through the index and believed only after its entries were read from the ledger, their signatures held against
the principals at the reader's base, and its facts against those that its ruling recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from agent_agency.arbitration.precedents.acts import precedent_subject
from agent_agency.arbitration.precedents.fold import Bench, fold
from agent_agency.arbitration.precedents.model import (
    PRECEDENT_KINDS,
    CaseFeatures,
    Citation,
    Feature,
    Precedent,
    Relation,
    Status,
)
from agent_agency.arbitration.precedents.retrieval import probes
from agent_agency.arbitration.precedents.similarity import (
    MATCH,
    NEAR_EQUAL,
    Comparison,
    Contradicted,
    Likeness,
    Rarity,
    Weigh,
    alike,
    compare,
)
from agent_agency.attestation.principals import Principals
from agent_agency.config import LawLimits
from agent_agency.git import Repository
from agent_agency.store import precedent_index as index
from agent_agency.store.precedent_index import IndexedPrecedent, KnownFact
from agent_agency.workflows.precedent_index import features_of, followed
from agent_agency.workflows.precedent_rulings import RulingsOnRecord
from agent_agency.workflows.record import Record

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.ledger.journal import KindsMark, Ledger, LedgerView

MOST_CITED = 3
CANDIDATES = 50


@dataclass(frozen=True)
class Library:
    """The precedents of one record as they stand now, and as one base lets them count."""

    repo: Repository
    record: Record
    principals: Principals
    limits: LawLimits
    now: datetime

    @property
    def ledger(self) -> Ledger:
        """The ledger in which they are recorded."""
        return self.record.ledger

    @cached_property
    def view(self) -> LedgerView:
        """The ledger as it stood when this library was first asked."""
        return self.ledger.view()

    @cached_property
    def mark(self) -> KindsMark | None:
        """How far the entries about precedents reach; the index is brought up to there."""
        return followed(self.ledger, self.bench, self.view.mark_of_kinds(PRECEDENT_KINDS))

    @cached_property
    def rulings(self) -> RulingsOnRecord:
        """The rulings that precedents are made of."""
        return RulingsOnRecord(self.repo, self.record, self.view, self.now)

    @cached_property
    def bench(self) -> Bench:
        """By what a precedent is judged."""
        return Bench(self.principals, self.limits.quorum, self.rulings.of, self.now)

    def read(self, precedent: str) -> Precedent | None:
        """How a precedent stands; ``None`` where the ledger has no entry about it.

        Raises:
            LedgerError: the ledger cannot be read or does not verify.
        """
        return fold(precedent, self.view.about(precedent_subject(precedent)), self.bench)

    def renewed(self) -> Library:
        """The same precedents as they stand after something was written."""
        return replace(self)


@dataclass(frozen=True, slots=True)
class Match:
    """A precedent that is like a case, and how the two compare."""

    precedent: Precedent
    comparison: Comparison


def guidance(library: Library, here: CaseFeatures) -> tuple[Citation, ...]:
    """The precedents in force that are most like a case, best first.

    Args:
        library: the precedents.
        here: the case, with the verdict that was reached without them.

    Raises:
        LedgerError: the ledger cannot be read, or does not verify.
    """
    if not here.of("issue"):
        return ()
    mark = library.mark
    if mark is None:
        return ()
    found: list[Citation] = []
    for match in matches(library, mark, here):
        found.append(_citation(library, mark, here, match))
        if len(found) == MOST_CITED:
            break
    return tuple(found)


def matches(library: Library, mark: KindsMark, here: CaseFeatures, *, every: bool = False) -> Iterator[Match]:
    """The precedents in force that match a case, best first; the newer of two that match alike comes first.

    With ``every`` also those that guide nobody, as overruled ones.
    """
    with library.ledger.database.read() as connection:
        weigh, known = _rarity(connection, mark.chain, here)
        rows = _candidates(connection, here, weigh, known, MATCH)
    likeness = Likeness(here, weigh)
    scored = [(likeness.of(features_of(row)), row) for row in rows]
    for score, row in sorted(scored, key=lambda pair: (-pair[0], -pair[1].seq)):
        if score < MATCH:
            break
        precedent = library.read(row.precedent)
        if precedent is None or precedent.features is None:
            continue
        if every or precedent.status is Status.IN_FORCE:
            true = compare(here, precedent.features, weigh)
            if true.matches:
                yield Match(precedent, true)


def contradictions(library: Library, mark: KindsMark, precedent: Precedent) -> tuple[str, ...]:
    """The precedents in force whose facts are near-equal to this one's, and which were ruled or hold otherwise."""
    if precedent.features is None:
        return ()
    mine = precedent.features
    contradicted = Contradicted(mine, precedent.holding)
    with library.ledger.database.read() as connection:
        _, known = _rarity(connection, mark.chain, mine)
        rows = _candidates(connection, mine, alike, known, NEAR_EQUAL)
    found = []
    for row in rows:
        if row.precedent == precedent.id or not contradicted.by(features_of(row), row.holding):
            continue
        other = library.read(row.precedent)
        if other is None or other.status is not Status.IN_FORCE or other.features is None:
            continue
        if contradicted.by(other.features, other.holding):
            found.append(other.id)
    return tuple(sorted(found))


def relation(here: CaseFeatures, precedent: Precedent) -> Relation:
    """What a ruling does with a precedent that is like it.

    It follows one of the same verdict. It departs from any other, unless somebody has distinguished the precedent
    before because of facts that are here too.
    """
    if here.verdict == precedent.verdict:
        return Relation.FOLLOWED
    for distinction in precedent.distinctions:
        if all(differing.holds_in(here) for differing in distinction.because):
            return Relation.DISTINGUISHED
    return Relation.DEPARTED


def _citation(library: Library, mark: KindsMark, here: CaseFeatures, match: Match) -> Citation:
    precedent, comparison = match.precedent, match.comparison
    return Citation(
        precedent=precedent.id,
        ruling=precedent.ruling,
        holding=precedent.holding,
        verdict=precedent.verdict,
        agree=comparison.agree,
        differ=comparison.differ,
        relation=relation(here, precedent),
        score=round(comparison.score, 3),
        contradicts=contradictions(library, mark, precedent),
    )


def _rarity(connection: Connection, chain: str, here: CaseFeatures) -> tuple[Rarity, Mapping[Feature, KnownFact]]:
    """The weights of a case's facts, and those of them that some precedent has."""
    known = index.known_facts(connection, chain, here.facts)
    having = {fact: one.shared_by for fact, one in known.items()}
    return Rarity(index.mark_of(connection, chain).precedents, having), known


def _candidates(
    connection: Connection, here: CaseFeatures, weigh: Weigh, known: Mapping[Feature, KnownFact], least: float
) -> list[IndexedPrecedent]:
    """The rows that may be at least so much like a case, those first that share most."""
    shared_by = {fact: one.shared_by for fact, one in known.items()}
    wanted = {known[fact].number: weigh(fact) for fact in probes(here, weigh, shared_by, least)}
    issues = sorted(known[fact].number for fact in here.of("issue") if fact in known)
    return index.sharing(connection, wanted, issues, CANDIDATES)
