"""Holm's correction agrees with another program's and never helps a weak result."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.extras import require
from agent_agency.statistics.holm import holm, holm_by_name

_MULTITEST = require("statsmodels.stats.multitest", extra="stats")
_P = st.floats(0, 1)


@settings(max_examples=15)  # each call of the other program takes 60 ms
@given(st.lists(_P, min_size=1, max_size=8))
def test_it_agrees_with_statsmodels(p_values: list[float]) -> None:
    assert list(holm(p_values)) == pytest.approx(list(_MULTITEST.multipletests(p_values, method="holm")[1]), abs=1e-12)


@given(st.lists(_P, max_size=8))
def test_no_result_gets_stronger(p_values: list[float]) -> None:
    assert all(after >= before for before, after in zip(p_values, holm(p_values), strict=True))


def test_names_keep_their_order() -> None:
    assert holm_by_name({"b": 0.01, "a": 0.04}) == {"b": 0.02, "a": 0.04}


@pytest.mark.parametrize("p_value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p_value: float) -> None:
    with pytest.raises(ValueError, match="no p-value"):
        holm([0.5, p_value])
