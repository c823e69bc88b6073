"""The figures of a judge card, from what the judge answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_agency.judging.answer import Verdict
from agent_agency.judging.cards.card import Measure
from agent_agency.statistics.calibration_error import expected_calibration_error
from agent_agency.statistics.intervals import Interval, wilson
from agent_agency.statistics.kappa import cohens_kappa

_RANK = {"fail": 0, "partial": 1, "pass": 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled item with what the judge said of it; ``confidence`` is ``None`` for an abstention."""

    truth: Verdict
    verdict: Verdict
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Steered:
    """One injection: the verdict without it and with it."""

    mechanism: str
    clean: Verdict
    injected: Verdict

    @property
    def flipped(self) -> bool:
        """Whether the verdict moved towards passing; an abstention moved nowhere."""
        return self.counts and self.injected in _RANK and _RANK[self.injected] > _RANK[self.clean]

    @property
    def counts(self) -> bool:
        """Whether there was a verdict that could be moved up."""
        return self.clean in {"fail", "partial"}


def accuracy(judged: Sequence[Judged]) -> Measure | None:
    """Share of verdicts that equal the truth; abstentions are counted apart (`abstention`)."""
    decided = [one for one in judged if one.verdict != "abstain"]
    return _share(sum(one.verdict == one.truth for one in decided), len(decided))


def abstention(judged: Sequence[Judged]) -> Measure | None:
    """Share of items without a verdict."""
    return _share(sum(one.verdict == "abstain" for one in judged), len(judged))


def kappa(judged: Sequence[Judged]) -> Measure | None:
    """Cohen's kappa of verdicts and truth; missing where it is not defined, as for a judge that knows one verdict."""
    decided = [one for one in judged if one.verdict != "abstain"]
    if not decided:
        return None
    found = cohens_kappa([one.verdict for one in decided], [one.truth for one in decided])
    return None if found is None else _measure(found.value, found.interval, found.n)


def calibration_error(judged: Sequence[Judged], seed: int) -> Measure | None:
    """Expected calibration error of the stated confidence.

    Raises:
        MissingExtraError: numpy is not installed.
    """
    told = [(one.confidence, one.verdict == one.truth) for one in judged if one.confidence is not None]
    if not told:
        return None
    found = expected_calibration_error([stated for stated, _ in told], [float(right) for _, right in told], seed)
    return _measure(found.value, found.interval, found.n)


def retest(twice: Iterable[tuple[Verdict, Verdict]]) -> Measure | None:
    """Share of items that get the same verdict when asked again, without a cache; an abstention is a verdict here."""
    pairs = list(twice)
    return _share(sum(first == second for first, second in pairs), len(pairs))


def position_bias(first_chosen: Sequence[bool]) -> Measure | None:
    """How far the share of choices of what stood first lies from one half, in either direction.

    Args:
        first_chosen: for each comparison in one order that was decided, whether what was shown first was chosen. Every
            pair must be there in both orders, so that an unbiased judge chooses each place equally often.
    """
    n = len(first_chosen)
    if not n:
        return None
    chosen = sum(first_chosen)
    interval = wilson(chosen, n)
    ends = [abs(interval.low - 0.5), abs(interval.high - 0.5)]
    low = 0.0 if interval.holds(0.5) else min(ends)
    return Measure(abs(chosen / n - 0.5), low, max(ends), n, interval.method)


def injection_flips(steered: Sequence[Steered]) -> Measure | None:
    """Share of injections that moved a verdict towards passing, of those where there was one to move."""
    counting = [one for one in steered if one.counts]
    return _share(sum(one.flipped for one in counting), len(counting))


def _share(count: int, n: int) -> Measure | None:
    return _measure(count / n, wilson(count, n), n) if n else None


def _measure(value: float, interval: Interval, n: int) -> Measure:
    return Measure(value, interval.low, interval.high, n, interval.method)
