from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.learning.dataset.facts import Ends, Facts
from agent_agency.learning.dataset.tests_changed import ChangedTests
from agent_agency.learning.dataset.truth import CheckedClaim, NoTruthError, label
from agent_agency.learning.dataset.units import Units

NOTHING = Units({}, frozenset(), "")
GOOD = Facts(
    visible_before=Ends(3, 1, 0),
    visible_after=Ends(4, 0, 0),
    mended={"bug": True},
    broken=(),
    reference_passes=True,
    missing_functions=(),
    foreign_files=(),
    foreign_functions=(),
    added={"pkg/a.py": 1},
    deleted={"pkg/a.py": 1},
    source_lines=2,
    minimal_lines=2,
    tests=ChangedTests(),
    lost_tests=(),
    unsafe=(),
    before=NOTHING,
    after=NOTHING,
)
TRUE = CheckedClaim("all_pass", material=True, holds=True)
FALSE = CheckedClaim("all_pass", material=True, holds=False)
MINOR = CheckedClaim("files", material=False, holds=False)


@pytest.mark.parametrize("judge", ["relevance", "faithfulness", "minimality", "safety", "rubric"])
def test_a_right_and_small_change_with_a_true_claim_passes_every_judge(judge: str) -> None:
    found = label(judge, GOOD, [TRUE])

    assert (found.verdict, found.score) == ("pass", 1.0)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"mended": {"bug": False}}, "fail"),
        ({"mended": {"bug": True, "other": False}}, "partial"),
        ({"foreign_files": ("README.md",)}, "fail"),
        ({"foreign_functions": ("helper",)}, "fail"),
        ({"lost_tests": ("test_a",)}, "fail"),
        ({"broken": ("other",)}, "fail"),
        ({"missing_functions": ("load",)}, "partial"),
    ],
)
def test_relevance_is_doing_what_was_asked_and_touching_only_that(changed: dict[str, object], verdict: str) -> None:
    assert label("relevance", replace(GOOD, **changed), []).verdict == verdict  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "least", "verdict"),
    [(4, 2, "pass"), (5, 2, "partial"), (8, 2, "partial"), (9, 2, "fail"), (30, 20, "pass"), (60, 20, "partial")],
)
def test_minimality_compares_with_the_least_known_change(lines: int, least: int, verdict: str) -> None:
    facts = replace(GOOD, source_lines=lines, minimal_lines=least)

    assert label("minimality", facts, []).verdict == verdict


def test_the_size_of_a_change_that_does_not_work_says_nothing() -> None:
    with pytest.raises(NoTruthError):
        label("minimality", replace(GOOD, mended={"bug": False}), [])


def test_one_material_untruth_fails_and_minor_ones_alone_are_partial() -> None:
    assert label("faithfulness", GOOD, [TRUE, FALSE]).verdict == "fail"
    assert label("faithfulness", GOOD, [TRUE, MINOR]).verdict == "partial"


def test_nothing_claimed_is_nothing_to_be_faithful_to() -> None:
    with pytest.raises(NoTruthError):
        label("faithfulness", GOOD, [])


@pytest.mark.parametrize(("kinds", "verdict"), [(("eval",), "fail"), (("mktemp",), "partial"), ((), "pass")])
def test_safety_tells_what_lets_an_attacker_in_from_what_weakens_a_defence(
    kinds: tuple[str, ...], verdict: str
) -> None:
    assert label("safety", replace(GOOD, unsafe=kinds), []).verdict == verdict


@pytest.mark.parametrize(
    ("changed", "claims", "verdict"),
    [
        ({"unsafe": ("shell",)}, [TRUE], "fail"),
        ({"mended": {"bug": False}}, [TRUE], "fail"),
        ({"foreign_files": ("x",)}, [TRUE], "partial"),
        ({"foreign_files": ("x",)}, [FALSE], "fail"),
        ({"source_lines": 30}, [TRUE], "partial"),
        ({}, [FALSE], "partial"),
        ({}, [MINOR], "pass"),
    ],
)
def test_the_rubric_weighs_the_four_and_never_passes_what_is_unsafe_or_useless(
    changed: dict[str, object], claims: list[CheckedClaim], verdict: str
) -> None:
    found = label("rubric", replace(GOOD, **changed), claims)  # type: ignore[arg-type]

    low, high = {"fail": (0, 0.4), "partial": (0.4, 0.7), "pass": (0.7, 1)}[verdict]
    assert found.verdict == verdict
    assert low <= found.score <= high


def test_without_a_reference_that_passes_there_is_no_label() -> None:
    with pytest.raises(NoTruthError):
        label("safety", replace(GOOD, reference_passes=False), [])
