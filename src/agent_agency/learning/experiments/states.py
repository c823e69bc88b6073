"""The states of an experiment, as a table of what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from agent_agency.errors import ExperimentError


class State(StrEnum):
    """Where an experiment stands; all but ``running`` are final, and name the reason why it stopped."""

    RUNNING = "running"
    EFFECT_FOUND = "effect_found"
    EFFECT_RULED_OUT = "effect_ruled_out"
    PLANNED_N_REACHED = "planned_n_reached"
    GUARDRAIL_BROKEN = "guardrail_broken"
    SAMPLE_RATIO_MISMATCH = "sample_ratio_mismatch"
    STOPPED_BY_HAND = "stopped_by_hand"


NEXT: Mapping[State, frozenset[State]] = {
    State.RUNNING: frozenset(State),
    State.EFFECT_FOUND: frozenset({State.EFFECT_FOUND}),
    State.EFFECT_RULED_OUT: frozenset({State.EFFECT_RULED_OUT}),
    State.PLANNED_N_REACHED: frozenset({State.PLANNED_N_REACHED}),
    State.GUARDRAIL_BROKEN: frozenset({State.GUARDRAIL_BROKEN}),
    State.SAMPLE_RATIO_MISMATCH: frozenset({State.SAMPLE_RATIO_MISMATCH}),
    State.STOPPED_BY_HAND: frozenset({State.STOPPED_BY_HAND}),
}
"""What may follow each state; what is stopped stays so, as going on after a look at the result would bias it."""


def step(name: str, before: State, after: State) -> State:
    """Move an experiment to a state.

    Raises:
        ExperimentError: the state may not follow the one before (``experiment.stopped``).
    """
    if after not in NEXT[before]:
        raise stopped_error(name, before)
    return after


def stopped_error(name: str, state: State) -> ExperimentError:
    """The refusal to go on with an experiment that has stopped."""
    return ExperimentError(
        f"The experiment {name!r} has stopped: {told(state)}",
        fix="Create another experiment; going on after a look at the result would bias it.",
        code="experiment.stopped",
    )


def told(state: State) -> str:
    """A state in words."""
    return state.replace("_", " ")
