"""Reading an experiment back from the store."""

from __future__ import annotations

from typing import Any

from agent_agency.canonical_json import canonical_json, parse_canonical
from agent_agency.errors import StoreError
from agent_agency.learning.experiments.model import Experiment, Kind, Method, Metric, Plan, as_dict
from agent_agency.learning.experiments.states import State


def write_definition(experiment: Experiment) -> bytes:
    """The canonical JSON of an experiment."""
    return canonical_json(as_dict(experiment))


def read_state(name: str, word: str) -> State:
    """Read a state back from the store.

    Raises:
        StoreError: it is none of ours (``store.damaged``).
    """
    try:
        return State(word)
    except ValueError:
        raise _damaged("state", name) from None


def read_definition(name: str, definition: bytes) -> Experiment:
    """Read what `write_definition` wrote.

    Raises:
        StoreError: it is something else (``store.damaged``).
    """
    try:
        told = parse_canonical(definition)
        experiment = _experiment(told)
        whole = as_dict(experiment) == told and experiment.name == name
    except (KeyError, TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise _damaged("definition", name)
    return experiment


def _damaged(what: str, name: str) -> StoreError:
    return StoreError(
        f"The {what} of the experiment {name!r} is damaged in the store",
        fix="Restore the database from a backup, or create the experiment anew under another name.",
        code="store.damaged",
    )


def _experiment(told: dict[str, Any]) -> Experiment:
    control, treatment = told["weights"]
    return Experiment(
        name=_text(told["name"]),
        control=_text(told["control"]),
        treatment=_text(told["treatment"]),
        weights=(_count(control), _count(treatment)),
        metric=_metric(told["metric"]),
        guardrails=tuple(_metric(one) for one in told["guardrails"]),
        plan=_plan(told["plan"]),
        salt=_text(told["salt"]),
        created_at=_text(told["created_at"]),
    )


def _plan(told: dict[str, Any]) -> Plan:
    return Plan(
        alpha=_number(told["alpha"]),
        power=_number(told["power"]),
        least_effect=_number(told["least_effect"]),
        test=Method(told["test"]),
        n=_count(told["n"]),
        baseline=_optional(told["baseline"]),
        sd=_optional(told["sd"]),
        discordant=_optional(told["discordant"]),
    )


def _metric(told: dict[str, Any]) -> Metric:
    lower = told["lower_is_better"]
    if not isinstance(lower, bool):
        raise TypeError(lower)
    return Metric(_text(told["name"]), Kind(told["kind"]), lower, _optional(told["margin"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(value)
    return float(value)


def _optional(value: object) -> float | None:
    return None if value is None else _number(value)
