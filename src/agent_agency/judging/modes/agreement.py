"""How far modes of one judge say the same of the same subjects: a faster mode that changes verdicts must say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

from agent_agency.judging.answer import Verdict
from agent_agency.statistics.intervals import Interval, wilson
from agent_agency.statistics.kappa import Kappa, cohens_kappa

AGREEMENT_AT_LEAST = 0.9
"""The share of equal verdicts below which a mode is said to change them."""
_NEITHER = ("abstain", "abstain")
Standing: TypeAlias = Literal["keeps verdicts", "may change verdicts", "changes verdicts"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two modes on the same subjects.

    An abstention of one is another verdict than what the other says. Where both abstain nothing was said that could be
    changed: such subjects are counted apart, as many of them would hide that the few verdicts differ.

    Args:
        first: a mode.
        second: another one.
        share: of equal verdicts, and ``interval`` Wilson's of it.
        n: subjects that both answered, and at least one with a verdict.
        both_abstained: subjects on which neither gave one.
        kappa: Cohen's over all of them, with its interval; ``None`` where it is not defined.
    """

    first: str
    second: str
    share: float
    interval: Interval
    n: int
    both_abstained: int
    kappa: Kappa | None

    @property
    def standing(self) -> Standing:
        """What the figures say of the faster of the two, in three words."""
        if self.share < AGREEMENT_AT_LEAST:
            return "changes verdicts"
        return "keeps verdicts" if self.interval.low >= AGREEMENT_AT_LEAST else "may change verdicts"


@dataclass(frozen=True, slots=True)
class AgainstTruth:
    """One mode against labels: the share of its verdicts that are right, of those ``n`` that it gave."""

    mode: str
    accuracy: float
    interval: Interval
    n: int


def agreements(verdicts: Mapping[str, Sequence[Verdict | None]]) -> tuple[Agreement, ...]:
    """Every two modes of which at least one gave a verdict on a subject that both answered.

    Args:
        verdicts: by mode, of the same subjects in the same order; ``None`` where an engine gave no answer at all.

    Raises:
        ValueError: the modes are of different numbers of subjects.
    """
    found = []
    for first, second in combinations(verdicts, 2):
        both = zip(verdicts[first], verdicts[second], strict=True)
        pairs = [(one, other) for one, other in both if one is not None and other is not None]
        if set(pairs) - {_NEITHER}:
            found.append(_agreement(first, second, pairs))
    return tuple(found)


def _agreement(first: str, second: str, pairs: Sequence[tuple[Verdict, Verdict]]) -> Agreement:
    said = [pair for pair in pairs if pair != _NEITHER]
    n, same = len(said), sum(one == other for one, other in said)
    kappa = cohens_kappa([one for one, _ in pairs], [other for _, other in pairs])
    return Agreement(first, second, same / n, wilson(same, n), n, len(pairs) - n, kappa)


def against_truth(
    mode: str, verdicts: Sequence[Verdict | None], truth: Sequence[Verdict | None]
) -> AgainstTruth | None:
    """One mode against labels, abstentions left out; ``None`` where nothing can be compared.

    Raises:
        ValueError: lengths differ.
    """
    both = zip(verdicts, truth, strict=True)
    pairs = [(one, true) for one, true in both if one not in {None, "abstain"} and true is not None]
    if not pairs:
        return None
    right = sum(one == true for one, true in pairs)
    return AgainstTruth(mode, right / len(pairs), wilson(right, len(pairs)), len(pairs))
