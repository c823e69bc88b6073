from __future__ import annotations

import pytest

from agent_agency.judging.answer import Verdict
from agent_agency.judging.modes.agreement import against_truth, agreements
from agent_agency.statistics.intervals import wilson


def test_every_two_modes_are_compared_on_what_both_answered() -> None:
    told: dict[str, list[Verdict | None]] = {
        "full": ["pass", "fail", "abstain", None],
        "short": ["pass", "fail", "pass", "pass"],
        "label": ["fail", "fail", "abstain", "pass"],
    }
    found = {(one.first, one.second): one for one in agreements(told)}
    assert {pair: (one.share, one.n, one.both_abstained) for pair, one in found.items()} == {
        ("full", "short"): (pytest.approx(2 / 3), 3, 0),
        ("full", "label"): (0.5, 2, 1),
        ("short", "label"): (0.5, 4, 0),
    }
    assert found["full", "label"].interval == wilson(1, 2)


def test_common_abstentions_hide_no_verdict_that_differs() -> None:
    full: list[Verdict | None] = ["pass"] * 5
    short: list[Verdict | None] = ["fail"] * 5
    full += ["abstain"] * 95
    short += ["abstain"] * 95
    (found,) = agreements({"full": full, "short": short})
    assert (found.standing, found.share, found.n, found.both_abstained) == ("changes verdicts", 0.0, 5, 95)


def test_modes_that_only_abstain_are_not_said_to_agree() -> None:
    assert agreements({"full": ["abstain"] * 100, "short": ["abstain"] * 100}) == ()


@pytest.mark.parametrize(
    ("same", "n", "standing"),
    [(89, 100, "changes verdicts"), (92, 100, "may change verdicts"), (198, 200, "keeps verdicts")],
)
def test_a_mode_that_changes_verdicts_says_so(same: int, n: int, standing: str) -> None:
    full: list[Verdict | None] = ["pass"] * n
    label: list[Verdict | None] = ["fail"] * n
    label[:same] = full[:same]
    assert agreements({"full": full, "label": label})[0].standing == standing


def test_modes_that_answered_nothing_in_common_are_not_compared() -> None:
    assert agreements({"full": [None], "label": ["pass"]}) == ()


def test_abstentions_are_neither_right_nor_wrong() -> None:
    found = against_truth("label", ["pass", "abstain", None, "fail"], ["pass", "pass", "pass", None])
    assert found is not None
    assert (found.accuracy, found.n) == (1.0, 1)
    assert against_truth("label", ["abstain"], ["pass"]) is None
