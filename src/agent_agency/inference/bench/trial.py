"""Which ways are worth measuring whole: a few requests of each tell, so that no minutes go into what is plainly slower.

A trial is no row: it is short, and its rubric was computed before. It only decides what is measured whole. The widest
way of each engine and mode is measured whole in any case: its trial would be as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.inference.bench.row import Way, rounded

CLOSE = 0.8
"""Of the best rate, which then is a quarter more: what comes so near may be the best in truth, and is measured whole.
Rows of one way lay within 6 % of one another on a quiet machine."""
CLOSE_WHERE_BUSY = 0.5
"""The same where other processes worked meanwhile: then a few requests tell less."""
BUSY = 0.1
"""Share of the processor that others take, above which a machine is busy."""
CONTENDS = 0.5
"""Of another engine's best rate: an engine below it cannot win the mode."""
CLEARLY = 1.1
"""Of the rate of what is measured whole: such a trial is of a better way, not of the same with some luck."""
_AS_GOOD = 0.97
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """A few requests of one way: the answers per second, and the median of their seconds.

    ``measured``: whether the way was then measured whole. ``close``: it was not, though it came near the best of its
    engine: the engine cannot win the mode. ``other_load`` and ``valid`` are as a row's.
    """

    way: Way
    requests: int
    requests_per_s: float
    p50_s: float
    other_load: float | None
    valid: float | None = None
    measured: bool = False
    close: bool = False

    def document(self) -> dict[str, Any]:
        """The trial as plain data."""
        return {
            "engine": self.way.engine,
            "mode": self.way.mode,
            "concurrency": self.way.concurrency,
            "precision": self.way.precision,
            "requests": self.requests,
            "requests_per_s": rounded(self.requests_per_s),
            "p50_s": rounded(self.p50_s),
            "other_load": rounded(self.other_load),
            "valid": rounded(self.valid),
            "measured": self.measured,
            "close": self.close,
        }


def trial_requests(way: Way) -> int:
    """Requests of a trial: enough for all that the way has in flight, or its width would mean nothing."""
    return max(_LEAST, way.concurrency)


def worth_a_trial(chosen: Sequence[Way], requests: int) -> tuple[Way, ...]:
    """The ways that are tried before they are measured.

    Not the widest of an engine, precision and mode, which the others are held against; nor a way whose trial would be
    more than half of the whole.
    """
    widest: dict[tuple[str, str, str], int] = {}
    for way in chosen:
        widest[way.kind] = max(way.concurrency, widest.get(way.kind, 0))
    return tuple(
        way
        for way in chosen
        if not way.naive and way.concurrency < widest[way.kind] and 2 * trial_requests(way) <= requests
    )


def worth_measuring(tried: Sequence[Trial], whole: float, rival: float) -> frozenset[Way]:
    """The ways to measure whole, of those of one engine, precision and mode that were tried.

    All that came near the best, as any of them may be the best in truth. Of an engine that cannot win the mode just the
    best one, and that only where it is clearly better than what is measured already.

    Args:
        tried: the trials.
        whole: the best rate that was measured whole of them.
        rival: the best rate of another engine in this mode and precision; 0 where there is none.
    """
    rates = {one.way: one.requests_per_s for one in tried}
    best = max((whole, *rates.values()))
    if best < CONTENDS * rival:
        return frozenset(way for way, rate in rates.items() if rate == best and rate >= CLEARLY * whole)
    close = CLOSE_WHERE_BUSY if any((one.other_load or 0.0) > BUSY for one in tried) else CLOSE
    return frozenset(way for way, rate in rates.items() if rate >= close * best)


def best_trial(tried: Sequence[Trial], last: Way | None) -> Trial | None:
    """The trial that a model is run by until it is measured whole; ``None`` where no way gave valid answers alone.

    What won last stays where it is near the best: another engine makes another version of a judge, and a few requests
    are no reason for that. Else, of rates within 3 % of the best, it is the one with the fewest in flight.

    Args:
        tried: the trials, all of one mode.
        last: the way that won last.
    """
    fit = [one for one in tried if one.valid is None or one.valid == 1.0]
    best = max((one.requests_per_s for one in fit), default=0.0)
    for one in fit:
        if one.way == last and one.requests_per_s >= CLOSE * best:
            return one
    near = (one for one in fit if one.requests_per_s >= _AS_GOOD * best)
    return min(near, key=lambda one: one.way.concurrency, default=None)
