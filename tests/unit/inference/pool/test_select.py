from __future__ import annotations

import json
import math
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.inference.pool.select import Candidate, Need, select
from agent_agency.inference.protocol import Capabilities


def _can(**members: Any) -> Capabilities:
    plain: dict[str, Any] = {
        "schema": True,
        "stream": True,
        "logprobs": True,
        "token_counts": True,
        "seed": True,
        "context_tokens": 8192,
        "language_model": True,
        "labels": True,
    }
    return Capabilities(**{**plain, **members})


def _one(name: str, **members: Any) -> Candidate:
    plain: dict[str, Any] = {"capabilities": _can(), "labelled": 100, "right": 90.0, "cost": 1000}
    return Candidate(name, **{**plain, **members})


def _order(*candidates: Candidate, need: Need | None = None) -> list[str]:
    return [one.candidate.name for one in select(candidates, need or Need()).ranked]


@pytest.mark.parametrize(
    ("members", "need", "said"),
    [
        ({"problem": "it cannot be asked: nothing listens"}, Need(), "nothing listens"),
        ({"capabilities": None}, Need(needs=("schema",)), "nobody knows what it can do"),
        ({"capabilities": None}, Need(context_tokens=100), "nobody knows what it can do"),
        ({"capabilities": _can(language_model=False)}, Need(), "it is no language model"),
        ({"capabilities": _can(labels=False)}, Need(needs=("schema", "labels")), "it has no labels"),
        ({"capabilities": _can(token_counts=False)}, Need(needs=("token_counts",)), "it has no token counts"),
        ({"capabilities": _can(context_tokens=4096)}, Need(context_tokens=5000), "its window is 4,096 tokens"),
        ({"capabilities": _can(context_tokens=None)}, Need(context_tokens=5000), "does not tell its window"),
        ({"memory_bytes": 2 * 1024**3}, Need(memory_bytes=1024**3), "it takes 2.00 GiB of memory, and 1.00 GiB"),
        ({"p95_s": 0.1, "calls": 19}, Need(max_latency_s=1.0), "19 calls on record, and 20 are needed"),
        ({}, Need(max_latency_s=1.0), "0 calls on record"),
        ({"p95_s": 1.5, "calls": 40}, Need(max_latency_s=1.0), "its 95th percentile is 1.5 s in 40 calls"),
        ({"p95_s": math.inf, "calls": 40}, Need(max_latency_s=1.0), "no answer at all in 40 calls"),
    ],
)
def test_what_does_not_fit_is_out_whatever_its_quality_and_told_why(
    members: dict[str, Any], need: Need, said: str
) -> None:
    found = select([_one("best", right=100.0, cost=1, **members), _one("fits", p95_s=0.5, calls=50)], need)
    assert found.chosen is not None
    assert found.chosen.candidate.name == "fits"
    ((name, reasons),) = [(one.name, one.reasons) for one in found.excluded]
    assert (name, said in reasons[0]) == ("best", True)


def test_of_those_that_may_be_equally_good_the_one_with_more_quality_for_its_cost_wins() -> None:
    assert _order(_one("dear", right=92.0, cost=3000), _one("cheap", right=90.0, cost=1000)) == ["cheap", "dear"]
    assert _order(_one("free", cost=0), _one("cheap", cost=1)) == ["free", "cheap"]


def test_one_that_is_clearly_worse_does_not_win_by_its_price() -> None:
    found = select([_one("good", right=95.0, cost=100_000), _one("poor", right=60.0, cost=1)], Need())
    assert [one.candidate.name for one in found.ranked] == ["good", "poor"]
    assert "clearly worse" in found.ranked[1].reason


def test_what_was_not_measured_comes_last_and_is_never_chosen() -> None:
    few = _one("few", labelled=19, right=19.0, cost=1)
    found = select([few, _one("measured", right=60.0)], Need())
    assert [one.candidate.name for one in found.ranked] == ["measured", "few"]
    assert found.ranked[1].reason == "not measured: 19 labelled subjects, and 20 are needed"
    alone = select([few, _one("none", labelled=0, right=0.0)], Need())
    assert (alone.chosen, len(alone.ranked)) == (None, 2)
    assert select([few], Need(least_labelled=10)).chosen is not None


def test_more_labels_count_for_more_than_a_lucky_few() -> None:
    found = select([_one("lucky", labelled=20, right=20.0), _one("proved", labelled=2000, right=1900.0)], Need())
    assert found.chosen is not None
    assert found.chosen.candidate.name == "proved"


def test_an_unknown_cost_stands_behind_known_ones_and_is_told() -> None:
    found = select([_one("unknown", cost=None), _one("known", right=88.0)], Need())
    assert [one.candidate.name for one in found.ranked] == ["known", "unknown"]
    assert "its cost is not known" in found.ranked[1].reason


def test_a_selection_is_json_ready_whatever_is_endless() -> None:
    found = select([_one("a", cost=0, p95_s=math.inf, calls=9)], Need())
    document = json.loads(json.dumps([one.as_dict() for one in found.ranked], allow_nan=False))
    assert (document[0]["value"], document[0]["p95_s"], document[0]["measured"]) == (None, None, True)


_candidates = st.lists(
    st.builds(
        lambda name, labelled, share, cost: _one(name, labelled=labelled, right=labelled * share, cost=cost),
        st.sampled_from("abcdefgh"),
        st.integers(0, 300),
        st.floats(0, 1),
        st.none() | st.integers(0, 10_000),
    ),
    unique_by=lambda one: one.name,
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(_candidates, st.randoms(use_true_random=False))
def test_the_order_in_which_engines_are_named_changes_nothing(candidates: list[Candidate], chance: Random) -> None:
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    found = select(candidates, Need())
    assert select(shuffled, Need()) == found
    measured = [one.quality is not None for one in found.ranked]
    assert measured == sorted(measured, reverse=True)
    assert (found.chosen is None) == (True not in measured)
