"""What ``agency experiment`` says: one document, or a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_agency.learning.experiments.desk import Recorded
    from agent_agency.learning.experiments.evidence import GuardEvidence
    from agent_agency.learning.experiments.model import Assignment, Experiment
    from agent_agency.learning.experiments.standing import Standing
    from agent_agency.learning.experiments.states import State
    from agent_agency.statistics.intervals import Interval

SCHEMA_VERSION = 1


def created_document(experiment: Experiment) -> dict[str, Any]:
    """The document of a new or changed experiment: its whole definition."""
    from agent_agency.learning.experiments.model import as_dict

    return {"schema_version": SCHEMA_VERSION, "experiment": as_dict(experiment)}


def created_lines(experiment: Experiment) -> list[str]:
    """What was planned."""
    plan, metric = experiment.plan, experiment.metric
    what = "complete pairs" if experiment.paired else f"units per arm{_at_shares(experiment)}"
    return [
        f"{experiment.name}: {experiment.treatment} against {experiment.control}, by {metric.name} ({metric.kind})",
        f"planned n: {plan.n} {what}, to find {plan.least_effect:g} with power {plan.power:g} at alpha {plan.alpha:g}",
        f"test: {_test(experiment)}",
    ]


def assigned_document(name: str, assigned: list[Assignment]) -> dict[str, Any]:
    """The document of assignments."""
    rows = [{"unit": one.unit, "arm": one.arm, "share": one.share, "at": one.at} for one in assigned]
    return {"schema_version": SCHEMA_VERSION, "experiment": name, "assignments": rows}


def recorded_document(recorded: Recorded) -> dict[str, Any]:
    """The document of a recording: how many, and where the experiment stands now."""
    counts = {"new": recorded.new, "repeated": recorded.repeated, "replaced": recorded.replaced}
    return {**standing_document(recorded.standing), "recorded": counts}


def recorded_lines(recorded: Recorded) -> list[str]:
    """How many were recorded, and where the experiment stands now."""
    parts = [f"{recorded.new} recorded"]
    parts += [f"{recorded.repeated} were there already"] if recorded.repeated else []
    parts += [f"{recorded.replaced} replaced"] if recorded.replaced else []
    return [", ".join(parts), *standing_lines(recorded.standing)]


def standing_document(standing: Standing) -> dict[str, Any]:
    """The document of a status."""
    experiment, found = standing.experiment, standing.evidence
    control, treatment = experiment.arms
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment": experiment.name,
        "state": str(standing.state),
        "decision": str(standing.decision),
        "metric": experiment.metric.name,
        "estimate": found.estimate,
        "interval": _interval(found.interval),
        "p_value": found.p_value,
        "alpha": experiment.plan.alpha,
        "least_effect": experiment.plan.least_effect,
        "test": str(experiment.plan.test),
        "n": {control: standing.n[0], treatment: standing.n[1]},
        "effective_n": standing.effective_n,
        "planned_n": experiment.plan.n,
        "missing": {name: {control: gone[0], treatment: gone[1]} for name, gone in standing.missing.items()},
        "guardrails": {name: _guard(one) for name, one in standing.guardrails.items()},
        "sample_ratio": _ratio(standing),
        "notes": list(standing.notes),
        "next": standing.next_step,
    }


def standing_lines(standing: Standing) -> list[str]:
    """A status in a few lines, the decision first."""
    experiment, found = standing.experiment, standing.evidence
    control, treatment = experiment.arms
    counted = (
        f"{standing.n[0]} pairs" if experiment.paired else f"{standing.n[0]} {control}, {standing.n[1]} {treatment}"
    )
    difference = f"{treatment} less {control} {_estimate(found.estimate, found.interval)}"
    lines = [
        f"{experiment.name}: {_words(standing.state)}; decision: {_words(standing.decision)}",
        f"{experiment.metric.name}: {difference}{_p(standing)}",
        f"n: {counted}; {standing.effective_n} of {experiment.plan.n} planned; test: {_test(experiment)}",
        *_guard_lines(standing),
        *_missing_lines(standing),
    ]
    if standing.ratio is not None and standing.ratio.mismatch:
        expected = f"{standing.ratio.expected_treatment:.0f} were expected in {treatment}"
        lines.append(f"sample ratio: {standing.ratio.control} to {standing.ratio.treatment} units, {expected}")
    return [*lines, *(f"note: {note}" for note in standing.notes), f"next: {standing.next_step}"]


def list_document(every: list[tuple[Experiment, State]]) -> dict[str, Any]:
    """The document of all experiments."""
    rows = [
        {"name": one.name, "state": str(state), "metric": one.metric.name, "created_at": one.created_at}
        for one, state in every
    ]
    return {"schema_version": SCHEMA_VERSION, "experiments": rows}


def list_lines(every: list[tuple[Experiment, State]]) -> list[str]:
    """All experiments, one a line."""
    lines = [f"{one.name}: {_words(state)}; {one.metric.name}, since {one.created_at[:10]}" for one, state in every]
    return lines or ["no experiment yet"]


def _at_shares(experiment: Experiment) -> str:
    control, treatment = experiment.weights
    if control == treatment:
        return ""
    whole = experiment.plan.n * (control + treatment) ** 2 / (2 * control * treatment)
    return f" at equal shares, {whole:.0f} in all at {control}:{treatment}"


def _test(experiment: Experiment) -> str:
    if experiment.plan.test == "always-valid":
        return "always-valid (normal mixture): look whenever you like"
    return f"{experiment.plan.test}, once, at the planned n"


def _words(word: str) -> str:
    return word.replace("_", " ")


def _estimate(estimate: float | None, interval: Interval | None) -> str:
    if estimate is None:
        return "is not told yet"
    if interval is None:
        return f"{estimate:+.4g}, too few for an interval"
    return f"{estimate:+.4g} ({100 * interval.level:.4g} % interval {interval.low:+.4g} to {interval.high:+.4g})"


def _p(standing: Standing) -> str:
    p_value = standing.evidence.p_value
    return "" if p_value is None else f", p {p_value:.3g}"


def _guard_lines(standing: Standing) -> Iterator[str]:
    for name, one in standing.guardrails.items():
        metric = standing.experiment.metric_named(name)
        margin = "" if metric is None or metric.margin is None else f", margin {metric.margin:g}"
        yield f"guardrail {name}: {one.guard}; {_estimate(one.estimate, one.interval)}{margin}"


def _missing_lines(standing: Standing) -> Iterator[str]:
    control, treatment = standing.experiment.arms
    for name, gone in standing.missing.items():
        if any(gone):
            yield f"{name} is missing from {gone[0]} in {control} and {gone[1]} in {treatment}"


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else interval.as_dict()


def _guard(one: GuardEvidence) -> dict[str, Any]:
    return {"state": str(one.guard), "estimate": one.estimate, "interval": _interval(one.interval)}


def _ratio(standing: Standing) -> dict[str, Any] | None:
    ratio = standing.ratio
    if ratio is None:
        return None
    return {
        "control": ratio.control,
        "treatment": ratio.treatment,
        "expected_treatment": ratio.expected_treatment,
        "p_value": ratio.p_value,
        "chi_square_p": ratio.chi_square_p,
        "mismatch": ratio.mismatch,
    }
