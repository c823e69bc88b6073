"""What is agreed when a rollout begins, and what its pairs of answers say about that."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from agent_agency.canonical_json import canonical_json
from agent_agency.statistics.intervals import wilson
from agent_agency.statistics.sequential_share import log_evidence_above, log_evidence_of_fall
from agent_agency.store.rollouts import Pair

WINDOW = 500
"""Pairs of a stage that are looked at: the newest."""
OK = "ok"
_GO_ON = math.log(1 / 0.05)
_RETURN = math.log(1 / 0.001)
_TAIL = 0.95
_SLOW = 0.8


@dataclass(frozen=True, slots=True)
class RolloutLimits:
    """How a rollout goes on or back.

    Args:
        shadow: share of the requests that both engines answer, 0 to 1.
        share: of the requests that the new one answers in the stage ``share``.
        least_agreement: share of pairs that must agree; above 0 and below 1.
        latency_ratio: the new one's 95th percentile over the old one's that is still fine; it goes back where more
            than one in twenty of its answers takes longer.
        least_pairs: before which nothing is decided by latency, and no stage ends.
    """

    shadow: float = 0.25
    share: float = 0.25
    least_agreement: float = 0.9
    latency_ratio: float = 1.5
    least_pairs: int = 30

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: a number out of its range; the message is a clause.
        """
        for name, value, high in (("shadow", self.shadow, 1.0), ("share", self.share, 1.0)):
            if not 0 < value <= high:
                raise ValueError(f"{name} is {value}, and must be above 0 and at most 1")
        if not 0.5 <= self.least_agreement <= 0.99:  # noqa: PLR2004 - beyond, no number of pairs decides in good time
            raise ValueError(f"the least agreement is {self.least_agreement}, and must be 0.5 to 0.99")
        if not 0 < self.latency_ratio < math.inf:
            raise ValueError(f"the latency ratio is {self.latency_ratio}, and must be above 0")
        if not 1 <= self.least_pairs <= WINDOW:
            raise ValueError(f"the least pairs are {self.least_pairs}, and must be 1 to {WINDOW}")

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return canonical_json(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> RolloutLimits:
        """As it was kept.

        Raises:
            ValueError: it is none.
        """
        try:
            return cls(**json.loads(data))
        except TypeError as error:
            raise ValueError("the limits of a rollout were changed in the database") from error


@dataclass(frozen=True, slots=True)
class Standing:
    """What the pairs of a stage show.

    Args:
        pairs: that can be compared.
        agreed: how many of them agree; an engine that failed agrees with nothing.
        low: Wilson's interval of their share, 95 %; ``high`` likewise. For people: it decides nothing.
        old_p95_s: 95th percentile of the old engine's seconds, ``None`` without pairs; likewise ``new_p95_s``, in which
            a failure counts as endless.
        decision: ``enough`` to go on, ``fell`` to go back, or ``wait``.
        reason: in a clause.
    """

    pairs: int
    agreed: int
    low: float
    high: float
    old_p95_s: float | None
    new_p95_s: float | None
    decision: Literal["enough", "fell", "wait"]
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; what is endless is null."""
        told = asdict(self)
        if self.new_p95_s is not None and not math.isfinite(self.new_p95_s):
            told["new_p95_s"] = None
        return told


def standing_of(pairs: Sequence[Pair], limits: RolloutLimits) -> Standing:
    """What pairs of one stage say, the oldest first.

    Agreement is tested while pairs come in (see `statistics.sequential_share`): on goes a rollout whose agreement is
    above the limit, wrongly with a chance of 5 % at most; back goes one whose agreement fell below it, wrongly once in
    a thousand pairs or less. The tests look for an agreement half-way between the limit and 1, and for one as far below
    the limit as 1 is above it. To go on, each request counts once: asking the same again shows nothing new.
    """
    outcomes = [one.agreed for one in pairs if one.agreed is not None]
    agreed, limit = sum(outcomes), limits.least_agreement
    fallen = log_evidence_of_fall(outcomes, limit, limit - (1 - limit) * _fall(limit))
    different = list({one.key: one.agreed for one in pairs if one.agreed is not None}.values())
    above = log_evidence_above(sum(different), len(different) - sum(different), limit, (1 + limit) / 2)
    old, new = _p95s(pairs)
    enough_seen = len(outcomes) >= limits.least_pairs
    slow = old is not None and enough_seen and _is_slower(pairs, old * limits.latency_ratio)
    decision: Literal["enough", "fell", "wait"] = "wait"
    if fallen >= _RETURN:
        decision, reason = "fell", f"they agree on {agreed} of {len(outcomes)}, and {limit:.0%} is the limit"
    elif slow:
        decision, reason = "fell", f"the new one takes {_s(new)} where the old one takes {_s(old)} (95th percentile)"
    elif above >= _GO_ON and len(different) >= limits.least_pairs:
        decision, reason = "enough", f"they agree on {agreed} of {len(outcomes)}"
    else:
        reason = "too few pairs to decide" if not enough_seen else "the pairs do not decide yet"
    interval = wilson(agreed, len(outcomes)) if outcomes else None
    low, high = (interval.low, interval.high) if interval else (0.0, 1.0)
    return Standing(len(outcomes), agreed, low, high, old, new, decision, reason)


def _fall(limit: float) -> float:
    """How far below the limit is looked for, in parts of what is left above it; never to below a tenth."""
    return min(1.0, (limit - 0.1) / (1 - limit))


def _is_slower(pairs: Sequence[Pair], bound: float) -> bool:
    """Whether more than one in twenty of the new engine's answers take longer than a bound in seconds.

    A percentile of some dozens of seconds is a matter of luck, and it is looked at with every pair: so the answers
    beyond the bound are tested like disagreements, an engine being slow where one in five is.
    """
    in_time = [one.new_outcome == OK and one.new_us / 1e6 <= bound for one in _timed(pairs)]
    return log_evidence_of_fall(in_time, _TAIL, _SLOW) >= _RETURN


def _timed(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs in which both engines' times are known."""
    return [one for one in pairs if one.old_outcome == OK and one.old_us > 0 and one.new_us > 0]


def _p95s(pairs: Sequence[Pair]) -> tuple[float | None, float | None]:
    """The 95th percentiles (nearest rank) of the old and the new engine's seconds where both were measured."""
    timed = _timed(pairs)
    if not timed:
        return None, None
    rank = math.ceil(_TAIL * len(timed)) - 1
    old = sorted(one.old_us / 1e6 for one in timed)
    new = sorted(one.new_us / 1e6 if one.new_outcome == OK else math.inf for one in timed)
    return old[rank], new[rank]


def _s(seconds: float | None) -> str:
    return "no answer" if seconds is None or not math.isfinite(seconds) else f"{seconds:.3g} s"
