"""Gathers measured values, each under a name of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from agent_agency.gates.reports.budget import MAX_PARTS, bounded, name_of
from agent_agency.gates.reports.model import Measure, PerformanceReport
from agent_agency.gates.reports.refusal import Code, Refused

_ROUNDING = 1e-9


class MeasureBuilder:
    """Measures in, one report out."""

    def __init__(self) -> None:
        self._measures: dict[str, Measure] = {}

    def add(self, name: str, value: float, unit: str = "") -> None:
        """Add one measure.

        Raises:
            Refused: another one has this name.
        """
        if name in self._measures:
            raise Refused(Code.DUPLICATE, f"Two measures are named {name[:200]!r}")
        self._measures[name_of(name, "A measure's name")] = Measure(name, value, unit)
        bounded(len(self._measures), MAX_PARTS, "measures")

    def add_all(self, name: str, values: Mapping[str, tuple[float, str]], headline: str) -> None:
        """Add the statistics of one thing as ``NAME.STATISTIC``, and the headline's value as ``NAME`` alone."""
        if headline in values:
            self.add(name, *values[headline])
        for statistic, (value, unit) in values.items():
            self.add(f"{name}.{statistic}", value, unit)

    def report(self, tool: str) -> PerformanceReport:
        """Everything that was added.

        Raises:
            Refused: nothing was.
        """
        if not self._measures:
            raise Refused(Code.NOTHING_CHECKED, f"{tool} measured nothing")
        return PerformanceReport(tuple(self._measures.values()))


def a_number(value: Any, what: str, *, least: float = -math.inf) -> float:
    """The value, if it is a number of at least ``least``, and not without end.

    Raises:
        Refused: it is anything else.
    """
    if type(value) not in {int, float} or not math.isfinite(value) or value < least:
        raise Refused(Code.NUMBER_INVALID, f"{what} is {str(value)[:40]!r}, not a number that can be")
    return float(value)


def hold_to_order(what: str, values: Mapping[str, tuple[float, str]]) -> None:
    """Refuse statistics whose mean or median lies outside of their least and greatest value."""
    least, most = values["min"][0], values["max"][0]
    room = _ROUNDING * max(abs(least), abs(most))
    for statistic in ("mean", "median"):
        if statistic in values and not least - room <= values[statistic][0] <= most + room:
            raise Refused(Code.COUNT_MISMATCH, f"{what} has a {statistic} outside of its least and greatest value")
