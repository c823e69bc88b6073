"""Paired comparisons: exact where they can be, honest with few items, and with items that come in groups."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.statistics.paired import mcnemar_exact, paired_bootstrap

_NUMPY = require("numpy", extra="stats")
_TABLES = require("statsmodels.stats.contingency_tables", extra="stats")


def test_few_items_never_look_certain() -> None:
    found = paired_bootstrap([0, 0, 0], [1, 1, 1], seed=1)
    assert found.difference == 1
    assert found.p_value == pytest.approx(2 / 2**3)


def test_the_p_value_of_as_many_programs_as_the_sealed_test_has_is_exact() -> None:
    gains = [3, -1, 4, 1, 5, -9, 2, 6, -5, 3, 5, 8, 9, 7, 9, -3, 2]
    signs = 1 - 2 * (_NUMPY.arange(2**17)[:, None] >> _NUMPY.arange(17) & 1)
    as_far = abs(signs @ _NUMPY.array(gains)) >= abs(sum(gains))
    found = paired_bootstrap([0.0] * 17, [float(gain) for gain in gains], seed=1)
    assert found.p_value == pytest.approx(as_far.mean())


def test_no_difference_is_no_evidence() -> None:
    found = paired_bootstrap([0.5, 0.25], [0.5, 0.25], seed=1)
    assert (found.difference, found.p_value, found.interval.low, found.interval.high) == (0, 1, 0, 0)


def test_the_same_seed_gives_the_same_answer_and_the_interval_holds_the_difference() -> None:
    a, b = [0.1, 0.4, 0.5, 0.9, 0.2] * 8, [0.3, 0.4, 0.9, 0.8, 0.4] * 8
    found = paired_bootstrap(a, b, seed=7, resamples=999)
    assert found == paired_bootstrap(a, b, seed=7, resamples=999)
    assert found.interval.holds(found.difference)
    assert found.p_value < 0.01
    assert (found.n, found.groups) == (40, 40)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=2, max_size=8))
@settings(max_examples=30, deadline=None)
def test_the_other_way_round_is_the_same_evidence(pairs: list[tuple[float, float]]) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    one = paired_bootstrap(a, b, seed=3, resamples=299, method="percentile")
    other = paired_bootstrap(b, a, seed=3, resamples=299, method="percentile")
    assert one.p_value == pytest.approx(other.p_value)
    assert one.interval.low == pytest.approx(-other.interval.high)


def test_repeating_an_item_in_its_group_adds_no_evidence() -> None:
    a, b = [0, 0, 0, 1, 0, 0], [1, 1, 1, 0, 1, 1]
    once = paired_bootstrap(a, b, seed=1)
    thrice = paired_bootstrap(a * 3, b * 3, seed=1, groups=list(range(6)) * 3)
    assert thrice.p_value == pytest.approx(once.p_value)
    assert (thrice.interval.low, thrice.interval.high) == pytest.approx((once.interval.low, once.interval.high))
    assert (thrice.n, thrice.groups) == (18, 6)


@pytest.mark.soak
@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_the_interval_holds_the_truth_as_often_as_it_says(method: Literal["BCa", "percentile"]) -> None:
    rng = _NUMPY.random.default_rng(4)
    held = rejected = 0
    for run in range(1000):
        a, b = rng.random(60) < 0.6, rng.random(60) < 0.8
        held += paired_bootstrap(list(a * 1.0), list(b * 1.0), run, 999, method=method).interval.holds(0.2)
        same = rng.random(60) < 0.6
        rejected += paired_bootstrap(list(a * 1.0), list(same * 1.0), run, 999, method=method).p_value <= 0.05
    assert held / 1000 >= 0.925
    assert rejected / 1000 <= 0.05 + 3.3 * (0.05 * 0.95 / 1000) ** 0.5


@pytest.mark.parametrize(("a", "b"), [([], []), ([1.0], [1.0, 2.0]), ([float("nan")], [1.0])])
def test_what_cannot_be_compared_is_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match=r"compare|argument"):
        paired_bootstrap(a, b, seed=1)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_statsmodels(pairs: list[tuple[bool, bool]]) -> None:
    table = [[sum(1 for pair in pairs if pair == (x, y)) for y in (True, False)] for x in (True, False)]
    found = mcnemar_exact([x for x, _ in pairs], [y for _, y in pairs])
    assert found.p_value == pytest.approx(min(1.0, float(_TABLES.mcnemar(table, exact=True).pvalue)))
    assert (found.only_a, found.only_b) == (table[0][1], table[1][0])
