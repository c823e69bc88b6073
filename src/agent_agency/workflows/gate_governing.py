"""The working spec's say in how gates are judged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Governing:
    """The risk tier and the id of the spec that governs a change; ``None`` where no valid spec does."""

    tier: int | None
    spec_id: str | None = None
