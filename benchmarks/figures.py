"""What a benchmark hands on: one measured quantity with its spread, beside its budget and its rival."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity.

    ``median``, ``low`` and ``high`` are in ``unit``; ``low`` and ``high`` are the smallest and the largest of ``runs``
    repetitions. ``budget`` is in the same unit, with ``better`` telling which side of it is kept: ``lower`` or
    ``higher``. ``rival`` names what the figure stands beside, as another figure of the same table.
    """

    name: str
    unit: str
    median: float
    low: float
    high: float
    runs: int
    budget: float | None = None
    better: str = "lower"
    rival: str = ""
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; ``None`` where there is none."""
        if self.budget is None:
            return None
        return self.median <= self.budget if self.better == "lower" else self.median >= self.budget

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kept": self.kept}


def figure_of(name: str, unit: str, values: Sequence[float], **more: Any) -> Figure:
    """Make a figure of repeated measurements."""
    return Figure(name, unit, statistics.median(values), min(values), max(values), len(values), **more)


def milliseconds(work: Callable[[], object], *, repeat: int, warm_up: int = 1) -> list[float]:
    """Time a piece of work again and again, in milliseconds of wall clock; warm-up runs are not counted."""
    for _ in range(warm_up):
        work()
    return [_once(work) for _ in range(repeat)]


def _once(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1000


def number(value: float) -> str:
    """Write a figure with three digits that count, or whole from 100 on."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
