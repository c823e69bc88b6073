"""Wordings name what tells labels apart, and nothing that is the same for all."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.learning.optimise.name_features import Observed, correlation_ratio, telling, worded


def observed(number: int = 60) -> list[Observed]:
    chance = random.Random(1)
    made = []
    for at in range(number):
        label = ("pass", "fail", "partial")[at % 3]
        values = {"lines added": {"pass": 0.1, "fail": 0.9, "partial": 0.5}[label], "constant": 1.0}
        values["noise"] = chance.random()
        if label == "fail":
            values["added eval"] = 1.0
        made.append(Observed(values, label, f"program {at % 7}"))
    return made


def test_what_differs_between_labels_comes_first() -> None:
    assert set(telling(observed(), 2)) == {"lines added", "added eval"}


def test_what_is_the_same_everywhere_is_never_named() -> None:
    assert "constant" not in telling(observed(), 99)


def test_wordings_keep_the_instructions_and_differ() -> None:
    found = worded("Judge it.", observed(), 4, seed=0)
    assert len(found) > 1
    assert all(text.startswith("Judge it.\n\nLook first at `") and "`lines added`" in text for text in found)
    assert found == worded("Judge it.", observed(), 4, seed=0)


def test_nothing_to_name_gives_no_wording() -> None:
    assert worded("Judge it.", [Observed({"constant": 1.0}, "pass", "p")] * 5, 4, seed=0) == []


@given(st.lists(st.tuples(st.floats(-5, 5), st.sampled_from("abc")), min_size=2, max_size=30))
def test_the_ratio_is_a_share(pairs: list[tuple[float, str]]) -> None:
    counts = {label: sum(1 for _, other in pairs if other == label) for _, label in pairs}
    assert -1e-9 <= correlation_ratio(pairs, counts) <= 1 + 1e-9


def test_the_ratio_agrees_with_the_analysis_of_variance() -> None:
    stats = pytest.importorskip("scipy.stats")
    chance = random.Random(4)
    groups = {label: [chance.gauss(at, 1.0) for _ in range(12)] for at, label in enumerate("abc")}
    pairs = [(value, label) for label, values in groups.items() for value in values]
    ratio = correlation_ratio(pairs, dict.fromkeys(groups, 12))
    f_value = float(stats.f_oneway(*groups.values()).statistic)
    assert ratio / (1 - ratio) * (36 - 3) / (3 - 1) == pytest.approx(f_value)
