"""The state machine of a case, as a table: what is not in it cannot happen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent_agency.arbitration.cases.model import CaseEvent, CaseState
from agent_agency.errors import CaseError

_S, _E = CaseState, CaseEvent

Transitions = Mapping[tuple[CaseState, CaseEvent], CaseState]


def transitions() -> Transitions:
    """The whole table: from a state, by an event, to a state."""
    return _TABLE


def after(state: CaseState, event: CaseEvent) -> CaseState:
    """The state that follows.

    Raises:
        CaseError: the event cannot happen in that state.
    """
    following = _TABLE.get((state, event))
    if following is None:
        raise CaseError(
            f"A case that is {state} cannot take the event {event}",
            fix="Run agency cases show to see what it can still take." if not state.ended else _FIX_ENDED,
            code="case.impossible_event",
        )
    return following


_FIX_ENDED = "The case has ended; a new review, request or appeal opens a new one."


def _new() -> dict[CaseEvent, CaseState]:
    return {
        _E.REVIEW_REJECTED: _S.OPEN,
        _E.REVIEW_WAIVED: _S.OPEN,
        _E.REVIEW_CONDITIONAL: _S.AWAITING_CONDITIONS,
        _E.WAIVER_REQUESTED: _S.AWAITING_WAIVER,
        _E.PATCHES_COMPETE: _S.COMPARING,
        _E.APPEAL_FILED: _S.UNDER_APPEAL,
    }


def _ends() -> dict[CaseEvent, CaseState]:
    return {_E.WITHDRAWN: _S.WITHDRAWN, _E.DUE_PASSED: _S.LAPSED}


def _of_change(here: CaseState) -> dict[CaseEvent, CaseState]:
    return {
        _E.REVIEW_REJECTED: _S.OPEN,
        _E.REVIEW_CONDITIONAL: _S.AWAITING_CONDITIONS,
        _E.REVIEW_APPROVED: _S.APPROVED,
        _E.REVIEW_WAIVED: _S.WAIVED,
        _E.CHANGE_VANISHED: _S.WITHDRAWN,
        _E.WAIVER_REQUESTED: _S.AWAITING_WAIVER,
        _E.WAIVER_ANSWERED: here,
        _E.WAIVER_REVOKED: here,
        _E.APPEAL_FILED: _S.UNDER_APPEAL,
        **_ends(),
    }


def _awaiting_waiver() -> dict[CaseEvent, CaseState]:
    return {
        _E.REVIEW_REJECTED: _S.AWAITING_WAIVER,
        _E.REVIEW_CONDITIONAL: _S.AWAITING_WAIVER,
        _E.REVIEW_APPROVED: _S.APPROVED,
        _E.REVIEW_WAIVED: _S.WAIVED,
        _E.CHANGE_VANISHED: _S.WITHDRAWN,
        _E.WAIVER_REQUESTED: _S.AWAITING_WAIVER,
        _E.WAIVER_ANSWERED: _S.AWAITING_WAIVER,
        _E.WAIVER_GRANTED: _S.OPEN,
        _E.WAIVER_DENIED: _S.OPEN,
        _E.WAIVER_REVOKED: _S.AWAITING_WAIVER,
        _E.REQUEST_SETTLED: _S.DECIDED,
        _E.APPEAL_FILED: _S.UNDER_APPEAL,
        **_ends(),
    }


def _comparing() -> dict[CaseEvent, CaseState]:
    return {_E.PATCHES_COMPETE: _S.COMPARING, _E.PATCH_CHOSEN: _S.DECIDED, **_ends()}


def _under_appeal() -> dict[CaseEvent, CaseState]:
    """Reviews and waivers are noted while an appeal is heard; only the appeal, withdrawal or the clock ends it."""
    noted = (
        _E.REVIEW_REJECTED,
        _E.REVIEW_CONDITIONAL,
        _E.REVIEW_APPROVED,
        _E.REVIEW_WAIVED,
        _E.CHANGE_VANISHED,
        _E.WAIVER_REQUESTED,
        _E.WAIVER_ANSWERED,
        _E.WAIVER_REVOKED,
        _E.APPEAL_FILED,
        _E.APPEAL_ANSWERED,
    )
    return {
        **dict.fromkeys(noted, _S.UNDER_APPEAL),
        _E.APPEAL_UPHELD: _S.OPEN,
        _E.APPEAL_DECIDED: _S.DECIDED,
        **_ends(),
    }


def _table() -> Transitions:
    rows = {
        _S.NEW: _new(),
        _S.OPEN: _of_change(_S.OPEN),
        _S.AWAITING_CONDITIONS: _of_change(_S.AWAITING_CONDITIONS),
        _S.AWAITING_WAIVER: _awaiting_waiver(),
        _S.COMPARING: _comparing(),
        _S.UNDER_APPEAL: _under_appeal(),
    }
    return MappingProxyType({(state, event): to for state, row in rows.items() for event, to in row.items()})


_TABLE = _table()
