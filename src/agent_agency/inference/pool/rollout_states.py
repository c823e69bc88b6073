"""The stages in which a new engine takes an old one's role, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Stage = Literal["shadow", "share", "all", "finished", "returned"]
RollEvent = Literal["enough", "fell", "back", "finish"]

STAGES: tuple[Stage, ...] = ("shadow", "share", "all", "finished", "returned")
ROLL_EVENTS: tuple[RollEvent, ...] = ("enough", "fell", "back", "finish")
UNDER_WAY: tuple[Stage, ...] = ("shadow", "share", "all")
"""Stages in which both engines are asked; the others are ends."""
TRANSITIONS: Mapping[tuple[Stage, RollEvent], Stage] = MappingProxyType(
    {
        ("shadow", "enough"): "share",
        ("share", "enough"): "all",
        ("all", "enough"): "finished",
        ("all", "finish"): "finished",
        ("shadow", "fell"): "returned",
        ("share", "fell"): "returned",
        ("all", "fell"): "returned",
        ("shadow", "back"): "returned",
        ("share", "back"): "returned",
        ("all", "back"): "returned",
    }
)
"""``enough`` and ``fell`` are what pairs of answers show, ``back`` and ``finish`` what a person says.

In ``shadow`` the new engine answers copies that nobody reads, in ``share`` a share of the requests, in ``all`` every
one. Pairs are made in each of them.
"""


def stage_after(stage: Stage, event: RollEvent) -> Stage:
    """The stage after an event.

    Raises:
        ValueError: the event cannot happen in that stage.
    """
    found = TRANSITIONS.get((stage, event))
    if found is None:
        raise ValueError(f"a rollout that is {stage} takes no event {event!r}")
    return found
