"""How long requests take once they are sent, by kind: for what a request costs and when to ask again."""

from __future__ import annotations

_SMOOTHING = 0.1
_CHEAPEST, _DEAREST = 1 / 16, 16.0
_UNKNOWN_S = 1.0


class ServiceTimes:
    """Smoothed seconds per kind of request and over all; not locked, the caller is."""

    __slots__ = ("_kinds", "_mean")

    def __init__(self) -> None:
        self._kinds: dict[str, float] = {}
        self._mean: float | None = None

    @property
    def mean_s(self) -> float | None:
        """Seconds of a usual request; ``None`` before the first."""
        return self._mean

    def add(self, kind: str, seconds: float) -> None:
        """A request was answered."""
        before = self._kinds.get(kind, seconds)
        self._kinds[kind] = before + _SMOOTHING * (seconds - before)
        self._mean = seconds if self._mean is None else self._mean + _SMOOTHING * (seconds - self._mean)

    def cost(self, kind: str) -> float:
        """A request's share of its task: 1 for a usual one, in proportion to the seconds that its kind takes."""
        seconds = self._kinds.get(kind)
        if seconds is None or not self._mean:
            return 1.0
        return min(_DEAREST, max(_CHEAPEST, seconds / self._mean))

    def wait_s(self, ahead: int, width: int) -> float:
        """Seconds in which so many are served, so many at a time."""
        return (self._mean if self._mean is not None else _UNKNOWN_S) * max(1, ahead) / width
