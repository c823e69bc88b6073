"""An experiment comes back from the store as it was, or not at all; its states only lead where the table says."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.canonical_json import canonical_json
from agent_agency.errors import ExperimentError, StoreError
from agent_agency.learning.experiments.definition import read_definition, read_state, write_definition
from agent_agency.learning.experiments.model import METHODS_OF, Experiment, Kind, Method, Metric, Plan
from agent_agency.learning.experiments.planned import planned
from agent_agency.learning.experiments.states import State, step

_NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=9)
_NUMBERS = st.floats(0.001, 100)
_METRICS = st.builds(Metric, _NAMES, st.sampled_from(Kind), st.booleans(), st.none() | _NUMBERS)
_PLANS = st.builds(Plan, _NUMBERS, st.sampled_from(Method), st.just(0.05), st.just(0.8), st.integers(2, 10**9))
_WEIGHTS = st.tuples(st.integers(1, 9), st.integers(1, 9))
_EXPERIMENTS = st.builds(
    Experiment,
    _NAMES,
    _NAMES,
    _NAMES,
    _WEIGHTS,
    _METRICS,
    st.lists(_METRICS, max_size=2).map(tuple),
    _PLANS,
    _NAMES,
    _NAMES,
)


@given(_EXPERIMENTS)
def test_what_was_written_is_read_back(made: Experiment) -> None:
    assert read_definition(made.name, write_definition(made)) == made


@given(_EXPERIMENTS, st.data())
def test_a_damaged_definition_is_told_as_one(made: Experiment, data: st.DataObject) -> None:
    told = json.loads(write_definition(made))
    key = data.draw(st.sampled_from(sorted(told)))
    told[key] = data.draw(st.sampled_from([None, 7, {}]))
    with pytest.raises(StoreError, match="damaged"):
        read_definition(made.name, canonical_json(told))


def test_bytes_that_are_no_definition_are_told_as_damaged() -> None:
    for data in (b"", b"[]", b"{}", b"\xff"):
        with pytest.raises(StoreError, match="damaged"):
            read_definition("x", data)
    with pytest.raises(StoreError, match="state"):
        read_state("x", "paused")


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
def test_what_has_stopped_stays_so(before: State, after: State) -> None:
    if before in {State.RUNNING, after}:
        assert step("x", before, after) is after
        return
    with pytest.raises(ExperimentError, match=before.replace("_", " ")):
        step("x", before, after)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", Method)
def test_a_test_fits_its_kind_and_needs_what_it_is_planned_from(kind: Kind, method: Method) -> None:
    given_by = {"sd": 1.0, "baseline": 0.5, "discordant": 0.3}
    wanted = {Kind.MEAN: ["sd"], Kind.PROPORTION: ["baseline"], Kind.PAIRED: ["sd", "discordant"]}[kind]
    fitting = [name for name in wanted if method is not Method.MCNEMAR or name == "discordant"]
    for name, value in given_by.items():
        draft = Plan(0.2, method, **{name: value})  # type: ignore[arg-type]
        if method in METHODS_OF[kind] and name in fitting:
            assert planned(kind, draft).n >= 20
        else:
            with pytest.raises(ExperimentError) as refused:
                planned(kind, draft)
            assert refused.value.stable_code == "experiment.plan"


@pytest.mark.parametrize("effect", [0.0, -1.0, float("nan"), float("inf"), 0.9])
def test_an_effect_that_cannot_be_is_refused(effect: float) -> None:
    with pytest.raises(ExperimentError, match="cannot be planned"):
        planned(Kind.PROPORTION, Plan(effect, baseline=0.5))
    with pytest.raises(ExperimentError, match="cannot be planned"):
        planned(Kind.PAIRED, Plan(effect, discordant=0.5))
