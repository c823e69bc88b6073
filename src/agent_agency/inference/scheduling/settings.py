"""How requests are queued and admitted in front of one engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent_agency.inference.scheduling.breaker import BreakerSettings
from agent_agency.inference.scheduling.width import AimdSettings


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """Bounds of one scheduler.

    Args:
        capacity: requests that may wait; one more is refused with ``engine.busy``, or in its place the last one that
            waits of a lower priority, or of a task that has more waiting.
        width: requests in flight; ``None`` for what the engine was measured to serve best, and where it was not
            (servers elsewhere) for what additive increase and multiplicative decrease find.
        aimd: bounds of that search.
        aging_s: seconds without service after which a priority counts as one higher.
        bypass: requests with a warm prefix that may overtake the first of their task before its turn comes.
        kept_groups: prefixes that an engine is taken to hold at once, or twice the width where that is more: fewer
            would be lost before their own requests come.
        weights: share of each task; 1 where none is named.
        busy_tries: how often a request is sent to an engine that answers that it is busy, within its deadline.
        overrun_s: seconds after its deadline at which a call in flight is given up, whatever the engine does.
        idle_s: seconds after which a thread without work ends.
        breaker: when an engine that fails is left alone.
    """

    capacity: int = 1024
    width: int | None = None
    aimd: AimdSettings = field(default_factory=AimdSettings)
    aging_s: float = 10.0
    bypass: int = 32
    kept_groups: int = 8
    weights: Mapping[str, float] = field(default_factory=dict)
    busy_tries: int = 5
    overrun_s: float = 1.0
    idle_s: float = 10.0
    breaker: BreakerSettings = field(default_factory=BreakerSettings)

    def __post_init__(self) -> None:
        if self.capacity < 1 or (self.width is not None and self.width < 1) or self.kept_groups < 1:
            raise ValueError("capacity, width and kept groups are at least 1")
        if self.aging_s <= 0 or any(not weight > 0 for weight in self.weights.values()):
            raise ValueError("the aging time and every weight are above 0")
