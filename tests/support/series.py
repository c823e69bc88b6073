"""Series over time for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent_agency.learning.trends.series import Point, Series

START = datetime(2026, 1, 1, tzinfo=UTC)


def series(
    values: Sequence[float], *, n: int | None = None, lower_is_better: bool = False, judge: str = "safety"
) -> Series:
    """A value a day; with ``n`` a share of so many items each."""
    points = [Point(START + timedelta(days=day), float(value), n) for day, value in enumerate(values)]
    return Series(judge, "accuracy", tuple(points), lower_is_better, is_share=n is not None)
