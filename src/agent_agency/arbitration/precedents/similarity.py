"""How alike two cases are: the facts that they share against all facts that either has, each weighed by its rarity.

The measure is the weighted Jaccard index. Three kinds of facts play different parts:

* What the dispute is called (``issue``, ``answer``, ``rule``, ``category``, ``severity``) adds nothing to the measure.
  Without a common issue two cases are never alike; with nothing but that they are not either.
* Circumstances (risk tier, size, the kind of finding…) are weighed, and cannot make a match alone: most cases share
  them, or they follow from the rule.
* Every other fact is weighed, and a match needs at least one such fact in common.

A fact weighs ``1 + ln((N + 1) / (n + 1))`` where *n* of *N* precedents have it: the smoothed inverse document frequency
of Spärck Jones (1972), in the form in which no fact weighs nothing. A match needs at least as much in common as in
difference, so a measure of one half. How often a precedent was cited plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from agent_agency.arbitration.precedents.model import CaseFeatures, Differing, Feature

IDENTITY = frozenset({"issue", "answer", "rule", "category", "severity"})
CIRCUMSTANCE = frozenset(
    {"tier", "mode", "lifecycle", "files", "lines", "missing", "finding", "gate", "waived", "waiver_approval"}
)
MATCH = 0.5
"""The least measure of a match: as much weight in common as in difference."""

OUTCOME = frozenset({"waived", "waiver_days", "waiver_approval"})
"""Facts about what was decided rather than about what had to be: two precedents may contradict each other in them."""

NEAR_EQUAL = 0.8
"""Facts so much alike, each weighed the same, that two precedents should not hold differently."""

_NAMES = ("rule", "category", "severity")

Weigh = Callable[[Feature], float]


@dataclass(frozen=True, slots=True)
class Rarity:
    """How many precedents there are, and how many have each of some facts; an unnamed fact is in none."""

    precedents: int
    having: Mapping[Feature, int]

    def __call__(self, fact: Feature) -> float:
        """The weight of a fact."""
        return 1 + log((self.precedents + 1) / (self.having.get(fact, 0) + 1))

    @property
    def of_unnamed(self) -> float:
        """The weight of a fact that is not named."""
        return 1 + log(self.precedents + 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two cases side by side: ``score`` from 0 to 1, the facts that agree, those that differ, rarest first."""

    score: float
    agree: tuple[Feature, ...]
    differ: tuple[Differing, ...]
    same_issue: bool
    material: bool

    @property
    def matches(self) -> bool:
        """Whether one can guide the other."""
        return self.same_issue and self.material and self.score >= MATCH


def alike(fact: Feature) -> float:
    """Weigh every fact the same."""
    del fact
    return 1.0


def is_weighed(fact: Feature) -> bool:
    """Whether a fact adds to the measure."""
    return fact[0] not in IDENTITY


def is_material(fact: Feature) -> bool:
    """Whether two cases that share this fact share more than a name and circumstances."""
    return fact[0] not in IDENTITY and fact[0] not in CIRCUMSTANCE


class NumberedLikeness:
    """How alike others are to one case, told by the numbers of their weighed facts: `compare`, for very many of them.

    Args:
        here: the case.
        weigh: the weights.
        numbers: the numbers of those of its facts that any of the others has.
    """

    def __init__(self, here: CaseFeatures, weigh: Rarity, numbers: Mapping[Feature, int]) -> None:
        self._sum = _sum(here.facts, weigh)
        self._mine = {number: weigh(fact) for fact, number in numbers.items() if is_weighed(fact)}
        self._material = frozenset(number for fact, number in numbers.items() if is_material(fact))
        self._unnamed = weigh.of_unnamed

    def of(self, there: Sequence[int]) -> float:
        """The measure, from 0 to 1; 0 for a case that cannot match however much it shares."""
        if self._material.isdisjoint(there):
            return 0.0
        shared = [self._mine[number] for number in there if number in self._mine]
        weight = sum(shared)
        return weight / (self._sum + (len(there) - len(shared)) * self._unnamed)


def compare(here: CaseFeatures, there: CaseFeatures, weigh: Weigh) -> Comparison:
    """Hold two cases against each other."""
    mine, others = here.facts, there.facts
    common = mine & others
    shared, either = _sum(common, weigh), _sum(mine | others, weigh)
    return Comparison(
        score=shared / either if either else 0.0,
        agree=tuple(sorted(common, key=lambda fact: (-weigh(fact), fact))),
        differ=_differing(here, there),
        same_issue=any(key == "issue" for key, _ in common),
        material=any(is_material(fact) for fact in common),
    )


class Contradicted:
    """Whether others contradict one precedent: near-equal in what was asked, and ruled, or holding, otherwise.

    Facts weigh the same here: whether two precedents contradict each other must not change when a third is promoted.
    What a decision added to the facts does not count.
    """

    def __init__(self, one: CaseFeatures, holding: str) -> None:
        self._one = one
        self._words = words_of_holding(holding)
        self._issues = one.of("issue")
        self._asked = asked_of(one)

    def by(self, other: CaseFeatures, holding: str) -> bool:
        """Whether that precedent does."""
        if not self._issues or (other.verdict == self._one.verdict and words_of_holding(holding) == self._words):
            return False
        if other.of("issue") != self._issues:
            return False
        others = asked_of(other)
        shared, either = len(self._asked & others), len(self._asked | others)
        return shared >= NEAR_EQUAL * either if either else self._one.of(*_NAMES) == other.of(*_NAMES)


def asked_of(case: CaseFeatures) -> frozenset[Feature]:
    """The facts of a case that were there before it was decided."""
    left_out = IDENTITY | OUTCOME
    return frozenset((key, value) for key, told in case.values.items() if key not in left_out for value in told)


def words_of_holding(holding: str) -> list[str]:
    """What of a holding tells it from others."""
    return holding.casefold().rstrip(".").split()


def _sum(facts: Iterable[Feature], weigh: Weigh) -> float:
    return sum(weigh(fact) for fact in sorted(facts) if is_weighed(fact))


def _differing(here: CaseFeatures, there: CaseFeatures) -> tuple[Differing, ...]:
    keys = sorted({*here.values, *there.values})
    found = []
    for key in keys:
        mine, others = set(here.values.get(key, ())), set(there.values.get(key, ()))
        if mine != others:
            found.append(Differing(key, tuple(sorted(mine - others)), tuple(sorted(others - mine))))
    return tuple(found)
