"""The check of shares finds the same whether it sees all units at once or what came and then what comes."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.learning.experiments.model import Assignment
from agent_agency.learning.experiments.sample_ratio import now_mismatched, sample_ratio

AT = "2026-01-31T08:00:00.000Z"
ACTS = st.lists(
    st.tuples(st.sampled_from([0.5, 0.2]), st.integers(1, 60), st.sampled_from([0.1, 0.5, 0.9]), st.randoms()),
    min_size=1,
    max_size=6,
)


@given(ACTS)
@settings(max_examples=60, deadline=None)
def test_act_by_act_it_finds_what_the_whole_shows(acts: list[tuple[float, int, float, object]]) -> None:
    every: list[Assignment] = []
    for share, units, treated, chance in acts:
        arms = ["b" if chance.random() < treated else "a" for _ in range(units)]  # type: ignore[attr-defined]
        new = [Assignment(f"{len(every)} {at}", arm, share, AT) for at, arm in enumerate(arms)]
        before = [(*key, count) for key, count in Counter((one.share, one.arm) for one in every).items()]
        every += new
        found = now_mismatched(before, new, "b")
        assert found == sample_ratio(every, "b").mismatch
        if found:  # it stops here
            return
