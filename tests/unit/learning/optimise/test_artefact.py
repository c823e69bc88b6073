"""An artefact is read back as it was written, and nothing else is taken for one."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import LearningError
from agent_agency.learning.optimise.artefact import Artefact, Made, artefact, read_artefact
from agent_agency.learning.optimise.task import Found, Plan, Trial
from support.number_judge import NumberEngine, number_task

MADE = Made({"type": "object"}, {"temperature": 0.0}, {"dspy": "3.4.1"})


def made(plan: Plan | None = None) -> Artefact:
    task = number_task(NumberEngine())
    found = Found(task.baseline, 0.5, 0.75, (Trial(0, 0.5, 30, whole=True, best=0.5),))
    return artefact(task, plan or Plan(), found, MADE)


def test_what_was_written_is_read_back() -> None:
    written = made()
    read = read_artefact(written.bytes, "prompt.json")
    assert read.prompt == written.prompt
    assert read.digest == written.digest


def test_it_names_what_it_was_made_of() -> None:
    document = json.loads(made().bytes)
    assert document["parents"] == [number_task(NumberEngine()).baseline.digest]
    assert document["engine"]["language_model"] is False
    assert document["data"]["train"]["n"] == 60
    assert document["metric"]["digest"].startswith("sha256:")
    assert document["optimizer"]["seed"] == 0
    assert document["libraries"] == {"dspy": "3.4.1"}


def test_threads_leave_no_trace_in_it() -> None:
    assert made(Plan(threads=8)).bytes == made().bytes


MUTATIONS: list[tuple[str, Any]] = [
    ("format", "something-else"),
    ("schema_version", 2),
    ("judge", "safety"),
    ("prompt_digest", "sha256:0"),
    ("parents", [1]),
    ("libraries", {"dspy": 3}),
    ("engine", []),
    ("scores", None),
]


@pytest.mark.parametrize(("name", "value"), MUTATIONS)
def test_a_changed_member_is_refused(name: str, value: object) -> None:
    document = json.loads(made().bytes)
    document[name] = value
    with pytest.raises(LearningError) as refused:
        read_artefact(json.dumps(document).encode(), "prompt.json")
    assert refused.value.stable_code == "learning.artefact"
    assert refused.value.path == "prompt.json"


def test_a_changed_demonstration_is_refused() -> None:
    document = json.loads(made().bytes)
    document["prompt"]["demonstrations"][0]["answer"]["verdict"] = "abstain"
    with pytest.raises(LearningError, match="digest names"):
        read_artefact(json.dumps(document).encode(), "prompt.json")


def test_a_missing_and_an_unknown_member_are_refused() -> None:
    for change in ({"judge": None}, {"more": 1}):
        document = {**json.loads(made().bytes), **change}
        if document["judge"] is None:
            del document["judge"]
        with pytest.raises(LearningError, match="just the members"):
            read_artefact(json.dumps(document).encode(), "prompt.json")


def test_a_pickle_is_refused() -> None:
    with pytest.raises(LearningError, match="no optimised prompt"):
        read_artefact(pickle.dumps({"format": "agency-optimised-prompt"}), "prompt.pkl")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(data=st.data(), value=JSON)
def test_whatever_stands_in_the_wrong_place_is_refused_or_the_same(data: st.DataObject, value: object) -> None:
    document = json.loads(made().bytes)
    changed = copy.deepcopy(document)
    place: Any = changed["prompt"] if data.draw(st.booleans()) else changed["prompt"]["demonstrations"][0]["subject"]
    place[data.draw(st.sampled_from(sorted(place)))] = value
    try:
        read = read_artefact(json.dumps(changed).encode(), "prompt.json")
    except LearningError:
        return
    assert read.prompt.digest == document["prompt_digest"]
