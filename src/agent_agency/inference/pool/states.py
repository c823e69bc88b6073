"""The states of a model in the pool, as a table: what is not in it cannot happen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

State = Literal["cold", "loading", "warm", "draining", "failed"]
Event = Literal["load", "loaded", "load_failed", "crashed", "drain", "drained"]

STATES: tuple[State, ...] = ("cold", "loading", "warm", "draining", "failed")
EVENTS: tuple[Event, ...] = ("load", "loaded", "load_failed", "crashed", "drain", "drained")
TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        ("cold", "load"): "loading",
        ("failed", "load"): "loading",
        ("loading", "loaded"): "warm",
        ("loading", "load_failed"): "failed",
        ("warm", "drain"): "draining",
        ("warm", "crashed"): "failed",
        ("draining", "drained"): "cold",
        ("draining", "crashed"): "failed",
    }
)
"""State and event to the state after it. Only a warm model takes requests; a draining one ends those that it has."""


def after(state: State, event: Event) -> State:
    """The state after an event.

    Raises:
        ValueError: the event cannot happen in that state.
    """
    found = TRANSITIONS.get((state, event))
    if found is None:
        raise ValueError(f"a model that is {state} takes no event {event!r}")
    return found
