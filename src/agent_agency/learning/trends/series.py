"""A figure of a judge over time: what was measured when, on how many items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement; ``n`` is how many items it is over, ``None`` where nobody has said."""

    at: datetime
    value: float
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements of one metric of one judge, the oldest first.

    Values that are shares of ``n`` items each are judged as counts; ``is_share`` says that they are.
    """

    judge: str
    metric: str
    points: tuple[Point, ...]
    lower_is_better: bool = False
    is_share: bool = False

    @property
    def sign(self) -> int:
        """What makes an improvement positive."""
        return -1 if self.lower_is_better else 1

    @property
    def counted(self) -> bool:
        """Whether every value is a share of a known number of items."""
        return self.is_share and all(point.n for point in self.points)

    def days(self) -> list[float]:
        """The time of each point, in days since the first."""
        return [(point.at - self.points[0].at).total_seconds() / _DAY_S for point in self.points]

    def values(self) -> list[float]:
        """The value of each point."""
        return [point.value for point in self.points]


def in_order(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points by their time; of one moment, in the order in which they were given."""
    return tuple(sorted(points, key=lambda point: point.at))


def read_moment(text: str) -> datetime:
    """Read a day, as ``2026-01-31``, or an RFC 3339 moment with its zone.

    Raises:
        ValueError: it is neither, or names no zone.
    """
    moment = datetime.fromisoformat(text)
    if len(text) == len("2026-01-31"):
        return moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no zone")
    return moment.astimezone(UTC)
