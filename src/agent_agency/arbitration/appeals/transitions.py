"""The states of an appeal as a table: state and event to the next state. What the table does not name cannot happen.

Every state that is no end has a way on that only needs time to pass (``due`` or ``closed``), so every appeal ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent_agency.arbitration.appeals.model import Event, State

TABLE: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.FILED, Event.REVIEWED): State.IN_REVIEW,
        (State.FILED, Event.DUE): State.LAPSED,
        (State.IN_REVIEW, Event.REVIEWED): State.IN_REVIEW,
        (State.IN_REVIEW, Event.DECIDED_UPHELD): State.UPHELD,
        (State.IN_REVIEW, Event.DECIDED_OVERTURNED): State.OVERTURNED,
        (State.IN_REVIEW, Event.DUE): State.LAPSED,
        (State.UPHELD, Event.CLOSED): State.FINAL,
        (State.OVERTURNED, Event.CLOSED): State.FINAL,
    }
)
ENDS = frozenset({State.FINAL, State.LAPSED})
BY_TIME = frozenset({Event.DUE, Event.CLOSED})


def after(state: State, event: Event) -> State | None:
    """The state that follows, or ``None`` where the event cannot happen in this state."""
    return TABLE.get((state, event))
