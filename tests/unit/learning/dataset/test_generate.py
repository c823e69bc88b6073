from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from agent_agency.learning.dataset.archive import program_entry
from agent_agency.learning.dataset.constructs import shipped_constructs
from agent_agency.learning.dataset.diffs import changed_lines, unified_diff
from agent_agency.learning.dataset.generate import make_examples
from agent_agency.learning.dataset.make_draft import Materials, shipped_siblings
from agent_agency.learning.dataset.program import shipped_program
from agent_agency.learning.dataset.runs import SandboxedRunner
from agent_agency.learning.dataset.shipped import shipped_manifest
from agent_agency.learning.dataset.splits import programs_with_share
from agent_agency.learning.dataset.tests_changed import compare_tests
from agent_agency.learning.dataset.units import changed_functions, units_of
from agent_agency.learning.dataset.weaken import delete_test, loosen_test, skip_test
from agent_agency.sandbox.probe import probe

TESTS = "from a import f\n\n\ndef test_one():\n    assert f(1) == 2\n\n\ndef test_two():\n    assert f(2) == 3\n"


@pytest.mark.parametrize("name", ["slugs"])
def test_making_a_program_again_gives_the_shipped_subjects_and_labels(name: str) -> None:
    share = dict(programs_with_share())[name]
    made = make_examples(
        shipped_program(name),
        seed=shipped_manifest().seed,
        per_judge=share.per_judge,
        materials=Materials(shipped_constructs(), shipped_siblings()),
        runner=SandboxedRunner(probe().isolation),
    )

    assert program_entry(share.split, made.examples) == shipped_manifest().programs[name]
    assert Counter(one.verdict == "pass" for one in made.examples) == {
        True: 5 * (share.per_judge // 2),
        False: 5 * (share.per_judge // 2),
    }


def test_attempts_whose_proof_says_otherwise_were_dropped_and_counted() -> None:
    dropped = shipped_manifest().dropped

    assert any("wrong fix: proved to be pass" in told for told in dropped)
    assert sum(dropped.values()) > 0


@pytest.mark.parametrize("weaken", [delete_test, skip_test, loosen_test])
def test_a_weakened_test_is_seen_and_the_other_one_is_left(weaken: Callable[[str, str], str]) -> None:
    found = compare_tests(TESTS, weaken(TESTS, "test_two"))

    assert {*found.removed, *found.weakened} == {"test_two"}
    assert found.added == ()


def test_an_added_test_is_no_weakening() -> None:
    found = compare_tests(TESTS, TESTS + "\n\ndef test_three():\n    assert f(3) == 4\n")

    assert found.added == ("test_three",)
    assert not found.removed + found.weakened


def test_comments_and_docstrings_change_no_function() -> None:
    before = units_of("def f(x):\n    return x\n\n\ndef g():\n    return 1\n")
    after = units_of(
        'import os\n\n\ndef f(x):\n    """Give x."""\n    # as it is\n    return x\n\n\ndef g():\n    return 2\n'
    )

    assert changed_functions(before, after) == {"g"}


def test_a_diff_names_new_and_deleted_files_and_counts_lines() -> None:
    diff = unified_diff({"a": "1\n", "b": "x\n"}, {"b": "y\n", "c": "2\n"})

    assert "--- a/a\n+++ /dev/null\n" in diff
    assert "--- /dev/null\n+++ b/c\n" in diff
    assert changed_lines("x\ny\n", "x\nz\nw\n") == (2, 1)
