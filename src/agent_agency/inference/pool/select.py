"""Which engine to take for a judge: what it must be able to do first, then measured quality for what it costs.

Quality is how often an engine's answers agreed with the labels in force, and nothing that an engine or a judge says of
itself. An engine that is clearly worse than the best one never wins by its price; one that was not measured comes last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent_agency.statistics.intervals import Interval, wilson

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Capabilities

NEEDS = ("schema", "labels", "logprobs", "stream", "seed", "token_counts")
"""Capabilities that may be needed, by their names in `protocol.Capabilities`."""
LEAST_LABELLED = 20
LEAST_CALLS = 20
_GIB = 1024**3
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed.

    Args:
        context_tokens: window of one request; ``None`` for any.
        needs: of `NEEDS`.
        max_latency_s: bound of the 95th percentile; ``None`` for any.
        memory_bytes: that all models together may take.
        least_labelled: labelled subjects before which an engine counts as not measured.
    """

    context_tokens: int | None = None
    needs: tuple[str, ...] = ()
    max_latency_s: float | None = None
    memory_bytes: int | None = None
    least_labelled: int = LEAST_LABELLED


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one engine.

    Args:
        name: of the engine.
        problem: why it cannot be asked; empty where it can, or was not.
        capabilities: ``None`` where nobody asked.
        memory_bytes: measured, else estimated; 0 for a server.
        p95_s: seconds of its recent calls for this machine's judges, failures being endless; ``None`` without any.
        calls: how many these were.
        labelled: different subjects that it judged and that have a label.
        right: how many of them it judged as the label says; a subject judged several times counts in parts.
        cost: micro-units of one answer: tokens by their price, time by what an hour is worth; ``None`` where unknown.
        note: what else is to be said of its measurement; may be empty.
    """

    name: str
    problem: str = ""
    capabilities: Capabilities | None = None
    memory_bytes: int = 0
    p95_s: float | None = None
    calls: int = 0
    labelled: int = 0
    right: float = 0.0
    cost: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Excluded:
    """An engine that cannot be taken, and every reason."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An engine that could be taken.

    Args:
        candidate: what is known of it.
        quality: Wilson's interval of its agreement with labels, 95 %; ``None`` where it is not measured.
        value: the interval's lower end for one unit of the currency; ``None`` where quality or cost is unknown.
        reason: why it stands where it does, in a clause.
    """

    candidate: Candidate
    quality: Interval | None
    value: float | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        one = self.candidate
        return {
            "engine": one.name,
            "measured": self.quality is not None,
            "labelled": one.labelled,
            "right": round(one.right, 6),
            "quality": None if self.quality is None else self.quality.as_dict(),
            "cost_micro": one.cost,
            "value": None if self.value is None or not math.isfinite(self.value) else self.value,
            "p95_s": one.p95_s if one.p95_s is not None and math.isfinite(one.p95_s) else None,
            "calls": one.calls,
            "memory_bytes": one.memory_bytes,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take; ``chosen`` is ``None`` where nothing that fits was measured. ``ranked`` has the best one first."""

    chosen: Ranked | None
    ranked: tuple[Ranked, ...] = ()
    excluded: tuple[Excluded, ...] = field(default=())


def select(candidates: Sequence[Candidate], need: Need) -> Selection:
    """Choose among engines; the same candidates in any order give the same selection.

    Args:
        candidates: with different names.
        need: what is needed.
    """
    fits, excluded = [], []
    for one in sorted(candidates, key=lambda one: one.name):
        reasons = tuple(_misfits(one, need))
        if reasons:
            excluded.append(Excluded(one.name, reasons))
        else:
            fits.append(one)
    ranked = _ranked(fits, need)
    chosen = ranked[0] if ranked and ranked[0].quality is not None else None
    return Selection(chosen, tuple(ranked), tuple(excluded))


def _misfits(one: Candidate, need: Need) -> list[str]:
    """Every hard constraint that it does not meet; what is not known is not met."""
    if one.problem:
        return [one.problem]
    found = []
    can = one.capabilities
    if (need.needs or need.context_tokens) and can is None:
        found.append("nobody knows what it can do")
    if can is not None:
        if not can.language_model:
            found.append("it is no language model")
        found += [f"it has no {what.replace('_', ' ')}" for what in need.needs if not getattr(can, what)]
        found += _too_short(can.context_tokens, need.context_tokens)
    if need.memory_bytes is not None and one.memory_bytes > need.memory_bytes:
        taken, there = (f"{size / _GIB:.2f} GiB" for size in (one.memory_bytes, need.memory_bytes))
        found.append(f"it takes {taken} of memory, and {there} are there for models")
    if need.max_latency_s is not None:
        found += _too_slow(one, need.max_latency_s)
    return found


def _too_short(there: int | None, needed: int | None) -> list[str]:
    if needed is None:
        return []
    if there is None:
        return ["it does not tell its window"]
    return [f"its window is {there:,} tokens"] if there < needed else []


def _too_slow(one: Candidate, most: float) -> list[str]:
    if one.p95_s is None or one.calls < LEAST_CALLS:
        return [f"its latency is not known: {one.calls} calls on record, and {LEAST_CALLS} are needed"]
    if one.p95_s <= most:
        return []
    how = f"{one.p95_s:.3g} s" if math.isfinite(one.p95_s) else "no answer at all"
    return [f"its 95th percentile is {how} in {one.calls} calls"]


def _ranked(fits: Sequence[Candidate], need: Need) -> list[Ranked]:
    """Measured ones that may be as good as the best by quality per cost, then clearly worse ones, then the rest."""
    measured = {
        one.name: wilson(min(one.right, one.labelled), one.labelled)
        for one in fits
        if one.labelled >= max(1, need.least_labelled)
    }
    best = max((interval.low for interval in measured.values()), default=0.0)
    made = []
    for one in fits:
        quality = measured.get(one.name)
        rank, reason = _rank(one, quality, best, need)
        value = None if quality is None or one.cost is None else _value(quality.low, one.cost)
        order = (rank, value is None, -(value or 0.0), -(quality.low if quality else 0.0), one.name)
        made.append((order, Ranked(one, quality, value, reason)))
    return [ranked for _, ranked in sorted(made, key=lambda pair: pair[0])]


def _rank(one: Candidate, quality: Interval | None, best: float, need: Need) -> tuple[int, str]:
    if quality is None:
        return 2, one.note or f"not measured: {one.labelled} labelled subjects, and {need.least_labelled} are needed"
    told = f"agrees with {one.right:.4g} of {one.labelled} labels, at least {quality.low:.1%}"
    if quality.high < best:
        return 1, f"{told}; clearly worse than the best one, so that its price does not count"
    if one.cost is None:
        return 0, f"{told}; its cost is not known"
    return 0, told


def _value(low: float, cost: int) -> float:
    return math.inf if cost == 0 else low * _MICRO / cost
