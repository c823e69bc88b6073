"""Reads the parameters of each method out of a panel's file, strictly: a file is data from anywhere."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from agent_agency.judging.panels.calibrated import CalibratedPanel, Setting
from agent_agency.judging.panels.cascade import Cascade, Stage
from agent_agency.judging.panels.dawid_skene_panel import DawidSkenePanel
from agent_agency.judging.panels.features import Feature
from agent_agency.judging.panels.majority import MajorityPanel
from agent_agency.judging.panels.votes import model_of
from agent_agency.judging.panels.weighted import WeightedPanel

if TYPE_CHECKING:
    from agent_agency.judging.panels.panel import Panel


def read_panel(method: Any, judges: Any, parameters: Any) -> Panel:
    """Make a panel of plain JSON data.

    Raises:
        ValueError: the data do not fit; the message says what is wrong.
    """
    names = _judges(judges)
    if not isinstance(parameters, dict):
        raise ValueError("parameters are no object")  # noqa: TRY004 - callers turn ValueError into one sentence
    if method == MajorityPanel.method:
        return MajorityPanel(names)
    if method == WeightedPanel.method:
        return WeightedPanel(names, _by_judge(parameters, names, "weights"))
    if method == DawidSkenePanel.method:
        return _dawid_skene(names, parameters)
    if method == CalibratedPanel.method:
        return _calibrated(names, parameters)
    if method == Cascade.method:
        return _cascade(names, parameters)
    raise ValueError(f"the method {method!r} is unknown")


def _judges(judges: Any) -> tuple[str, ...]:
    if not isinstance(judges, list) or not judges or not all(isinstance(one, str) and one for one in judges):
        raise ValueError("judges are no list of names")
    if len(set(judges)) != len(judges):
        raise ValueError("a judge is named twice")
    return tuple(judges)


def _by_judge(parameters: dict[str, Any], judges: tuple[str, ...], key: str) -> tuple[float, ...]:
    found = parameters.get(key)
    if not isinstance(found, dict) or set(found) != set(judges):
        raise ValueError(f"{key} are not one for each judge")
    return tuple(finite(found[judge], f"a figure of {key}") for judge in judges)


def _dawid_skene(judges: tuple[str, ...], parameters: dict[str, Any]) -> DawidSkenePanel:
    first, second = (_by_judge(parameters, judges, key) for key in ("found_first", "found_second"))
    if not all(0 < one < 1 for one in (*first, *second)):
        raise ValueError("found_first and found_second are not probabilities between 0 and 1")
    return DawidSkenePanel(judges, first, second)


def _calibrated(judges: tuple[str, ...], parameters: dict[str, Any]) -> CalibratedPanel:
    rows = parameters.get("features")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("features are no list of objects")
    setting = Setting(*(finite(parameters.get(key), key) for key in ("ridge", "gated_ridge", "emphasis")))
    models = {model_of(judge) for judge in judges}
    features = tuple(_feature(row, models) for row in rows)
    weights = tuple(finite(row.get("weight"), "a weight") for row in rows)
    return CalibratedPanel(judges, setting, features, weights)


def _feature(row: dict[str, Any], models: set[str]) -> Feature:
    model, gate = row.get("model"), row.get("gated_by")
    if not isinstance(model, str) or model not in models:
        raise ValueError("a feature is of a model that no judge has")
    if gate is not None and (not isinstance(gate, str) or gate not in models):
        raise ValueError("a feature is gated by a model that no judge has")
    return Feature(model, gate)


def _cascade(judges: tuple[str, ...], parameters: dict[str, Any]) -> Cascade:
    rows = parameters.get("stages")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("stages are no list of objects")
    stages = tuple(Stage(_judges(row.get("judges")), finite(row.get("cost"), "a stage's cost")) for row in rows)
    for before, after in pairwise(stages):
        if not set(before.judges) < set(after.judges):
            raise ValueError("a stage does not hold the judges of the one before")
    if stages[-1].judges != judges:
        raise ValueError("the judges are not those of the last stage")
    panels = tuple(_calibrated(stage.judges, row) for stage, row in zip(stages, rows, strict=True))
    whole_cost = finite(parameters.get("whole_cost"), "whole_cost")
    if not 0 < stages[0].cost <= stages[-1].cost <= whole_cost:
        raise ValueError("whole_cost is less than a stage's")
    return Cascade(stages, panels, finite(parameters.get("stop_at"), "stop_at"), whole_cost)


def finite(value: Any, what: str) -> float:
    """A number that is neither infinite nor missing.

    Raises:
        ValueError: it is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{what} is no finite number")
    return float(value)
