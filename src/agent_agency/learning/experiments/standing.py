"""Where an experiment stands: what is shown, whether it stops and why, and what to do next.

All of it is a function of the definition, the assignments and the observations in their order; nothing is remembered
but the state in which it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent_agency.extras import require
from agent_agency.learning.experiments.evidence import (
    Evidence,
    Guard,
    GuardEvidence,
    at_any_time,
    at_planned_n,
    guardrail,
    plain_estimate,
)
from agent_agency.learning.experiments.model import Assignment, Experiment, Method, Observation
from agent_agency.learning.experiments.progress import Values, values_of
from agent_agency.learning.experiments.sample_ratio import ALPHA, SampleRatio, sample_ratio
from agent_agency.learning.experiments.states import State


class Decision(StrEnum):
    """What an experiment says about its treatment."""

    NONE_YET = "none_yet"
    ADOPT_TREATMENT = "adopt_treatment"
    KEEP_CONTROL = "keep_control"
    ASK_A_PERSON = "ask_a_person"


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a person is told about an experiment.

    ``n`` counts control and treatment units with a value of the deciding metric (complete pairs where paired),
    ``missing`` those assigned without one, per metric.
    """

    experiment: Experiment
    state: State
    decision: Decision
    evidence: Evidence
    guardrails: Mapping[str, GuardEvidence]
    ratio: SampleRatio | None
    n: tuple[int, int]
    effective_n: int
    missing: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]
    next_step: str


def stand(
    experiment: Experiment, state: State, assignments: Sequence[Assignment], observations: Sequence[Observation]
) -> Standing:
    """Say where an experiment stands; a running one is given the state that it must have now.

    Raises:
        MissingExtraError: SciPy or numpy is not installed.
    """
    values = values_of(experiment, experiment.metric, observations)
    always = experiment.plan.test is Method.ALWAYS_VALID
    evidence = at_any_time(experiment, values) if always else at_planned_n(experiment, values)
    guards = {
        one.name: guardrail(experiment, values_of(experiment, one, observations)) for one in experiment.guardrails
    }
    ratio = None if experiment.paired else sample_ratio(assignments, experiment.treatment)
    if state is State.RUNNING:
        state = _reached(experiment, values, evidence, guards, ratio)
    elif evidence.p_value is None:
        evidence = Evidence(plain_estimate(values), None, None)
    decision = _decision(state, evidence, guards)
    missing = _missing(experiment, assignments, observations)
    return Standing(
        experiment=experiment,
        state=state,
        decision=decision,
        evidence=evidence,
        guardrails=guards,
        ratio=ratio,
        n=values.n,
        effective_n=values.effective_n,
        missing=missing,
        notes=tuple(_notes(experiment, assignments, missing, evidence)),
        next_step=_next_step(experiment, state, decision, values),
    )


def _reached(
    experiment: Experiment,
    values: Values,
    evidence: Evidence,
    guards: Mapping[str, GuardEvidence],
    ratio: SampleRatio | None,
) -> State:
    """The first reason to stop, the gravest first."""
    told = {one.guard for one in guards.values()}
    if ratio is not None and ratio.mismatch:
        return State.SAMPLE_RATIO_MISMATCH
    if Guard.BROKEN in told:
        return State.GUARDRAIL_BROKEN
    if evidence.ruled_out:
        return State.EFFECT_RULED_OUT
    full = values.effective_n >= experiment.plan.n
    if evidence.found and (full or not evidence.found_better or Guard.OPEN not in told):
        return State.EFFECT_FOUND
    return State.PLANNED_N_REACHED if full else State.RUNNING


def _decision(state: State, evidence: Evidence, guards: Mapping[str, GuardEvidence]) -> Decision:
    if state is State.RUNNING:
        return Decision.NONE_YET
    if state in {State.SAMPLE_RATIO_MISMATCH, State.STOPPED_BY_HAND}:
        return Decision.ASK_A_PERSON
    if state is not State.EFFECT_FOUND or not evidence.found_better:
        return Decision.KEEP_CONTROL
    held = all(one.guard is Guard.HELD for one in guards.values())
    return Decision.ADOPT_TREATMENT if held else Decision.ASK_A_PERSON


def _next_step(experiment: Experiment, state: State, decision: Decision, values: Values) -> str:
    control, treatment = experiment.arms
    left = max(0, experiment.plan.n - values.effective_n)
    what = "pairs" if experiment.paired else "units per arm"
    effect = f"{experiment.plan.least_effect:g}"
    steps = {
        State.RUNNING: f"Go on: record up to {left} more {what}."
        if left
        else "Go on until every guardrail is settled.",
        State.EFFECT_FOUND: f"Adopt {treatment}."
        if decision is Decision.ADOPT_TREATMENT
        else f"{treatment} is better, but a guardrail is not settled: a person decides.",
        State.EFFECT_RULED_OUT: f"Keep {control}: {treatment} is not better by {effect} or more.",
        State.PLANNED_N_REACHED: f"Keep {control}: no effect was found at the planned n.",
        State.GUARDRAIL_BROKEN: f"Keep {control}: a guardrail got worse by more than its margin.",
        State.SAMPLE_RATIO_MISMATCH: "Believe no figure here: find out why units are missing from an arm, and repeat.",
        State.STOPPED_BY_HAND: "It was stopped before it was decided: a person decides, or repeat it.",
    }
    if state is State.EFFECT_FOUND and decision is Decision.KEEP_CONTROL:
        return f"Keep {control}: {treatment} is worse."
    return steps[state]


def _missing(
    experiment: Experiment, assignments: Sequence[Assignment], observations: Sequence[Observation]
) -> dict[str, tuple[int, int]]:
    """Units of each arm without a value, per metric; where paired, those that the other arm has a value of."""
    found: dict[str, tuple[int, int]] = {}
    for metric in (experiment.metric, *experiment.guardrails):
        seen = [
            {one.unit for one in observations if (one.metric, one.arm) == (metric.name, arm)} for arm in experiment.arms
        ]
        if experiment.paired:
            found[metric.name] = (len(seen[1] - seen[0]), len(seen[0] - seen[1]))
        else:
            due = [sum(1 for one in assignments if one.arm == arm) for arm in experiment.arms]
            found[metric.name] = (due[0] - len(seen[0]), due[1] - len(seen[1]))
    return found


def _notes(
    experiment: Experiment,
    assignments: Sequence[Assignment],
    missing: Mapping[str, tuple[int, int]],
    evidence: Evidence,
) -> list[str]:
    notes: list[str] = []
    if not experiment.paired:
        due = [sum(1 for one in assignments if one.arm == arm) for arm in experiment.arms]
        notes.extend(
            f"{name}: values are missing from {gone[0]} of {due[0]} and {gone[1]} of {due[1]} units, which is no chance"
            " (yet); what is missing may have differed"
            for name, gone in missing.items()
            if _lost_unevenly(due, gone)
        )
    if evidence.found and evidence.interval is not None and evidence.interval.holds(0.0):
        notes.append("the evidence was enough earlier and is weaker now; the interval is that of this moment")
    return notes


def _lost_unevenly(due: Sequence[int], gone: tuple[int, int]) -> bool:
    """Whether values are missing from one arm more often than chance would have it."""
    kept = [due[0] - gone[0], due[1] - gone[1]]
    if not sum(gone) or not sum(kept) or not all(due):
        return False
    table = [list(gone), kept]
    found = require("scipy.stats", extra="stats").chi2_contingency(table, correction=False)
    return bool(found.pvalue <= ALPHA)
