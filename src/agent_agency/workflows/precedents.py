"""Precedents beside a case: which guide it, with the facts that agree and differ, and what the ruling did with them.

Guidance never decides: it is asked for after the verdict, and gives nothing that a verdict is made of. A precedent is
found through the index and believed only after its entries were read from the ledger, their signatures held against
the principals at the reader's base, and its facts against those that its ruling recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    NumberedLikeness,
    Rarity,
    asked_of,
    compare,
    is_weighed,
)
from agent_agency.attestation.principals import Principals
from agent_agency.config import LawLimits
from agent_agency.git import Repository
from agent_agency.store import precedent_index as index
from agent_agency.store.precedent_index import IndexedPrecedent, Sharing
from agent_agency.workflows.precedent_index import features_of, followed, stand_of
from agent_agency.workflows.precedent_rulings import RulingsOnRecord
from agent_agency.workflows.record import Record

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.ledger.journal import KindsMark, Ledger, LedgerView

MOST_CITED = 3
CANDIDATES = 300
"""So many precedents of those that share most of the rarest facts are compared with a case."""

_LOOKED_UP = 3


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
        return RulingsOnRecord(self.repo, self.record, self.view, self.now, self.principals)

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
        weigh, found = scored(connection, mark.chain, here)
    for _, one in sorted(found, key=lambda pair: (-pair[0], -pair[1].number)):
        precedent = library.read(one.precedent)
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
    contradicted = Contradicted(precedent.features, precedent.holding)
    with library.ledger.database.read() as connection:
        rows = _otherwise(connection, mark.chain, precedent.features, precedent.holding)
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


def scored(connection: Connection, chain: str, here: CaseFeatures) -> tuple[Rarity, list[tuple[float, Sharing]]]:
    """The weights of a case's facts, and the precedents that match it by what the index says with their measure."""
    known = index.known_facts(connection, chain, here.facts)
    having = {fact: one.shared_by for fact, one in known.items()}
    weigh = Rarity(index.mark_of(connection, chain).precedents, having)
    issues = [value for _, value in here.of("issue")]
    at_issue = index.known_at_issue(connection, chain, issues, filter(is_weighed, here.facts))
    shared_by = {fact: one.shared_by for fact, one in at_issue.items()}
    wanted = [(at_issue[fact], weigh(fact)) for fact in probes(here, weigh, shared_by, MATCH)]
    likeness = NumberedLikeness(here, weigh, {fact: one.number for fact, one in known.items()})
    found = [(likeness.of(one.facts), one) for one in index.sharing(connection, wanted, CANDIDATES)]
    return weigh, [(score, one) for score, one in found if score >= MATCH]


def _otherwise(connection: Connection, chain: str, one: CaseFeatures, holding: str) -> list[IndexedPrecedent]:
    """The rows that may contradict a precedent: its question, another stance, nearly all of its facts.

    Of the facts that were asked, a near-equal precedent lacks few. The rarest are looked up, a few more than it may
    lack.
    """
    asked = asked_of(one)
    may_lack = int((1 - NEAR_EQUAL) * len(asked) + 1e-9)
    known = sorted(index.known_facts(connection, chain, asked).values(), key=lambda fact: (fact.shared_by, fact.number))
    facts = [fact.number for fact in known[: may_lack + _LOOKED_UP]]
    lacking = len(asked) - len(known)
    shared = max(len(facts) - max(may_lack - lacking, 0), 1) if facts else 0
    return index.answered_otherwise(connection, chain, stand_of(one, holding), facts, shared, CANDIDATES)
