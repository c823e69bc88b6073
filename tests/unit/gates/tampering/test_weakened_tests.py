"""Ways to silence a test that are told, each with the rule that tells it."""

from __future__ import annotations

import pytest

from agent_agency.facts import GateStatus
from support.tampering import TESTS, one, weigh, weighty

PLAIN = """
import pytest
from shop import total

def test_total():
    assert total([1, 2]) == 3
"""
CASES = """
import pytest
from shop import total

@pytest.mark.parametrize(("items", "expected"), [([1], 1), ([1, 2], 3), ([5, 5], 10)])
def test_total(items, expected):
    assert total(items) == expected
"""
UNITTEST = """
import unittest
from shop import total

class TotalCase(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)
"""
RAISING = """
import pytest
from shop import total

def test_refuses():
    with pytest.raises(ValueError, match="empty"):
        total([])
"""


def written(body: str, before: str = "") -> str:
    """The plain test with another body; ``before`` stands above it."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"import pytest\nimport unittest\nimport contextlib\nfrom shop import total\n{before}\ndef test_total():\n{lines}\n"


SKIPPED = {
    "mark": written("assert total([1, 2]) == 3", "@pytest.mark.skip"),
    "mark with a reason": written("assert total([1, 2]) == 3", "@pytest.mark.skip(reason='flaky')"),
    "skipif true": written("assert total([1, 2]) == 3", "@pytest.mark.skipif(True, reason='x')"),
    "skipif text": written("assert total([1, 2]) == 3", "@pytest.mark.skipif('True')"),
    "skipif of what is always true": written("assert total([1, 2]) == 3", "@pytest.mark.skipif(1 == 1, reason='')"),
    "skipif of who knows what": written("assert total([1, 2]) == 3", "@pytest.mark.skipif(is_ci(), reason='')"),
    "xfail": written("assert total([1, 2]) == 3", "@pytest.mark.xfail"),
    "xfail not strict": written("assert total([1, 2]) == 3", "@pytest.mark.xfail(strict=False)"),
    "reruns": written("assert total([1, 2]) == 3", "@pytest.mark.flaky(reruns=9)"),
    "unittest": written("assert total([1, 2]) == 3", "@unittest.skip('later')"),
    "unittest skipIf": written("assert total([1, 2]) == 3", "@unittest.skipIf(True, 'later')"),
    "unittest skipUnless": written("assert total([1, 2]) == 3", "@unittest.skipUnless(False, 'later')"),
    "expected failure": written("assert total([1, 2]) == 3", "@unittest.expectedFailure"),
    "a mark by another name": written("assert total([1, 2]) == 3", "later = pytest.mark.skip\n@later"),
    "pytestmark": written("assert total([1, 2]) == 3", "pytestmark = pytest.mark.skip\n"),
    "pytestmark list": written("assert total([1, 2]) == 3", "pytestmark = [pytest.mark.xfail(reason='x')]\n"),
    "module level skip": written("assert total([1, 2]) == 3", "pytest.skip('later', allow_module_level=True)\n"),
    "module level raise": written("assert total([1, 2]) == 3", "raise unittest.SkipTest('later')\n"),
    "__test__ of the module": written("assert total([1, 2]) == 3", "__test__ = False\n"),
    "__test__ of the function": written("assert total([1, 2]) == 3") + "test_total.__test__ = False\n",
    "call": written("pytest.skip('later')\nassert total([1, 2]) == 3"),
    "xfail call": written("pytest.xfail('later')\nassert total([1, 2]) == 3"),
    "exception": written("raise unittest.SkipTest('later')\nassert total([1, 2]) == 3"),
    "call under a condition": written("if is_ci():\n    pytest.skip('later')\nassert total([1, 2]) == 3"),
}


@pytest.mark.parametrize("head", SKIPPED.values(), ids=SKIPPED.keys())
def test_a_test_that_is_newly_skipped_fails_the_gate(head: str) -> None:
    result = weigh(PLAIN, head)
    assert "test_skipped" in weighty(result)
    assert result.status is GateStatus.FAIL


UNCOLLECTED = {
    "underscore": PLAIN.replace("def test_total", "def _test_total"),
    "other name": PLAIN.replace("def test_total", "def check_total"),
    "defined again": PLAIN + "\ndef test_total():\n    pass\n",
    "taken away": PLAIN + "\ndel test_total\n",
    "bound to something else": PLAIN + "\ntest_total = None\n",
    "under a false condition": "import pytest\nfrom shop import total\nif False:\n    def test_total():\n        assert total([1, 2]) == 3\n",
    "in a class that nobody collects": "from shop import total\nclass Totals:\n    def test_total(self):\n        assert total([1, 2]) == 3\n",
    "inside a function": "from shop import total\ndef outer():\n    def test_total():\n        assert total([1, 2]) == 3\n",
    "as a fixture": PLAIN.replace("def test_total", "@pytest.fixture\ndef test_total"),
}


@pytest.mark.parametrize("head", UNCOLLECTED.values(), ids=UNCOLLECTED.keys())
def test_a_test_that_no_runner_finds_any_more_fails_the_gate(head: str) -> None:
    assert weighty(weigh(PLAIN, head)) & {"test_uncollected", "test_emptied", "test_deleted"}


def test_a_test_file_under_a_name_that_no_runner_collects_is_told() -> None:
    result = weigh({TESTS: PLAIN}, {"tests/totals.py": PLAIN}, tests__test_a="tests__totals")
    assert weighty(result) == {"test_uncollected"}


def test_patterns_of_the_base_decide_what_is_collected() -> None:
    config = "[tool.pytest.ini_options]\npython_files = ['check_*.py']\npython_functions = ['check_*']\n"
    checks = "def check_total():\n    assert total([1, 2]) == 3\n"
    base = {"pyproject.toml": config, "checks/check_a.py": checks}
    head = {"pyproject.toml": config, "checks/check_a.py": checks.replace("def check", "def look")}
    assert weighty(weigh(base, head)) == {"test_uncollected"}


EMPTIED = {
    "pass": written("pass"),
    "dots": written("..."),
    "docstring": written('"""Adds up."""'),
    "return": written("return"),
    "constant": written("None"),
}


@pytest.mark.parametrize("head", EMPTIED.values(), ids=EMPTIED.keys())
def test_an_emptied_test_fails_the_gate(head: str) -> None:
    assert weighty(weigh(PLAIN, head)) == {"test_emptied"}


TRIVIAL = {
    "true": "assert True",
    "one": "assert 1",
    "text": "assert 'total'",
    "tuple": "assert (total([1, 2]) == 4, 'wrong')",
    "or true": "assert total([1, 2]) == 3 or True",
    "itself": "assert total([1, 2]) == total([1, 2])",
    "a variable and itself": "result = total([1, 2])\nassert result == result",
    "a copy": "result = total([1, 2])\nexpected = result\nassert result == expected",
    "constants": "assert 3 == 3",
    "the answer written down": "result = 3\nassert result == 3",
    "not false": "assert not False",
    "any": "from unittest.mock import ANY\nassert total([1, 2]) == ANY",
    "either way": "result = total([1, 2])\nassert result == 3 or result != 3",
    "length": "assert len(str(total([1, 2]))) >= 0",
    "lambda": "assert lambda: total([1, 2]) == 3",
}


@pytest.mark.parametrize("body", TRIVIAL.values(), ids=TRIVIAL.keys())
def test_an_assertion_that_can_never_fail_is_told(body: str) -> None:
    assert weighty(weigh(PLAIN, written(body))) == {"assertion_trivial"}


REMOVED = {
    "gone": "total([1, 2])",
    "after a return": "return\nassert total([1, 2]) == 3",
    "under if false": "if False:\n    assert total([1, 2]) == 3",
    "under if zero": "if 0:\n    assert total([1, 2]) == 3",
    "in the other branch": "if True:\n    total([1, 2])\nelse:\n    assert total([1, 2]) == 3",
    "in an empty loop": "for _ in []:\n    assert total([1, 2]) == 3",
    "in a loop of none": "for _ in range(0):\n    assert total([1, 2]) == 3",
    "while false": "while False:\n    assert total([1, 2]) == 3",
    "in a function that nobody calls": "def inner():\n    assert total([1, 2]) == 3\ntotal([1])",
    "in a lambda": "check = lambda: total([1, 2]) == 3\ntotal([1])",
    "printed": "print(total([1, 2]) == 3)",
    "compared and dropped": "total([1, 2]) == 3",
}


@pytest.mark.parametrize("body", REMOVED.values(), ids=REMOVED.keys())
def test_an_assertion_that_is_gone_or_never_runs_is_told(body: str) -> None:
    assert weighty(weigh(PLAIN, written(body))) == {"assertion_removed"}


WEAKENED = {
    "not equal": "assert total([1, 2]) != 4",
    "at least": "assert total([1, 2]) >= 3",
    "among": "assert total([1, 2]) in (3, 4)",
    "truth": "assert total([1, 2])",
    "not none": "assert total([1, 2]) is not None",
    "type": "assert isinstance(total([1, 2]), int)",
    "roughly": "assert total([1, 2]) == pytest.approx(3, rel=0.5)",
    "roughly, by abs": "assert total([1, 2]) == pytest.approx(3, abs=1)",
    "close": "import math\nassert math.isclose(total([1, 2]), 3, rel_tol=0.5)",
    "only sometimes": "result = total([1, 2])\nif result > 3:\n    assert result == 3",
    "range": "assert abs(total([1, 2]) - 3) < 2",
}


@pytest.mark.parametrize("body", WEAKENED.values(), ids=WEAKENED.keys())
def test_a_weaker_assertion_is_told(body: str) -> None:
    assert weighty(weigh(PLAIN, written(body))) == {"assertion_weakened"}


CHANGED = {
    "expected value": "assert total([1, 2]) == 4",
    "input": "assert total([1, 1]) == 3",
    "both": "assert total([2, 2]) == 4",
    "wrapped": "assert total([1, 2]) - 1 == 3",
}


@pytest.mark.parametrize("body", CHANGED.values(), ids=CHANGED.keys())
def test_a_changed_expectation_is_told_as_that(body: str) -> None:
    assert weighty(weigh(PLAIN, written(body))) == {"expectation_changed"}


def test_a_constant_at_the_top_of_the_file_that_holds_the_expectation_is_seen_through() -> None:
    base = "from shop import total\nWANTED = 3\ndef test_total():\n    assert total([1, 2]) == WANTED\n"
    assert weighty(weigh(base, base.replace("WANTED = 3", "WANTED = 4"))) == {"expectation_changed"}


SWALLOWED = {
    "bare except": "try:\n    assert total([1, 2]) == 3\nexcept:\n    pass",
    "except exception": "try:\n    assert total([1, 2]) == 3\nexcept Exception:\n    print('x')",
    "except assertion": "try:\n    assert total([1, 2]) == 3\nexcept (ValueError, AssertionError):\n    pass",
    "suppress": "with contextlib.suppress(AssertionError):\n    assert total([1, 2]) == 3",
    "raises": "with pytest.raises(AssertionError):\n    assert total([1, 2]) == 3",
    "return in finally": "try:\n    assert total([1, 2]) == 3\nfinally:\n    return",
}


@pytest.mark.parametrize("body", SWALLOWED.values(), ids=SWALLOWED.keys())
def test_a_failure_that_is_caught_is_told(body: str) -> None:
    assert weighty(weigh(PLAIN, written(body))) == {"failure_swallowed"}


UNITTEST_WEAKENED = {
    "assertTrue with two values": ("self.assertTrue(total([1, 2]), 3)", {"assertion_weakened"}),
    "assertTrue(True)": ("self.assertTrue(True)", {"assertion_trivial"}),
    "assertEqual of the same": ("self.assertEqual(total([1, 2]), total([1, 2]))", {"assertion_trivial"}),
    "assertIn": ("self.assertIn(total([1, 2]), [3, 4])", {"assertion_weakened"}),
    "assertNotEqual": ("self.assertNotEqual(total([1, 2]), 4)", {"assertion_weakened"}),
    "assertAlmostEqual": ("self.assertAlmostEqual(total([1, 2]), 3, delta=2)", {"assertion_weakened"}),
    "assertAlmostEqual of no place": ("self.assertAlmostEqual(total([1, 2]), 3, 0)", {"assertion_weakened"}),
    "changed": ("self.assertEqual(total([1, 2]), 4)", {"expectation_changed"}),
    "skipped": ("self.skipTest('later')", {"test_skipped", "assertion_removed"}),
    "gone": ("total([1, 2])", {"assertion_removed"}),
}


@pytest.mark.parametrize(("body", "rules"), UNITTEST_WEAKENED.values(), ids=UNITTEST_WEAKENED.keys())
def test_unittest_is_read_as_well(body: str, rules: set[str]) -> None:
    assert weighty(weigh(UNITTEST, UNITTEST.replace("self.assertEqual(total([1, 2]), 3)", body))) == rules


RAISES = {
    "any exception": ("pytest.raises(Exception)", {"assertion_weakened"}),
    "a wider one": ("pytest.raises((ValueError, TypeError), match='empty')", {"assertion_weakened"}),
    "a parent": ("pytest.raises(Exception, match='empty')", {"assertion_weakened"}),
    "no message": ("pytest.raises(ValueError)", {"assertion_weakened"}),
    "another one": ("pytest.raises(KeyError, match='empty')", {"expectation_changed"}),
    "none": ("contextlib.nullcontext()", {"assertion_removed"}),
}


@pytest.mark.parametrize(("call", "rules"), RAISES.values(), ids=RAISES.keys())
def test_a_broader_exception_is_told(call: str, rules: set[str]) -> None:
    head = RAISING.replace('pytest.raises(ValueError, match="empty")', call)
    assert weighty(weigh(RAISING, head)) == rules


LESS_CASES = {
    "removed": (CASES.replace(", ([5, 5], 10)", ""), {"cases_removed"}),
    "changed": (CASES.replace("([5, 5], 10)", "([5, 5], 11)"), {"expectation_changed"}),
    "marked": (CASES.replace("([5, 5], 10)", "pytest.param([5, 5], 10, marks=pytest.mark.skip)"), {"test_skipped"}),
    "expected to fail": (
        CASES.replace("([5, 5], 10)", "pytest.param([5, 5], 10, marks=[pytest.mark.xfail])"),
        {"test_skipped"},
    ),
    "none left": (CASES.replace("[([1], 1), ([1, 2], 3), ([5, 5], 10)]", "[]"), {"cases_removed", "test_skipped"}),
}


@pytest.mark.parametrize(("head", "rules"), LESS_CASES.values(), ids=LESS_CASES.keys())
def test_cases_that_went_are_told(head: str, rules: set[str]) -> None:
    assert weighty(weigh(CASES, head)) == rules


def test_cases_of_a_named_table_and_of_a_loop_count_as_well() -> None:
    table = "from shop import total\nCASES = [([1], 1), ([5, 5], 10)]\ndef test_total():\n    for a, b in CASES:\n        assert total(a) == b\n"
    assert weighty(weigh(table, table.replace(", ([5, 5], 10)", ""))) == {"cases_removed"}
    loop = "from shop import total\ndef test_total():\n    for a, b in [([1], 1), ([5, 5], 10)]:\n        assert total(a) == b\n"
    assert weighty(weigh(loop, loop.replace(", ([5, 5], 10)", ""))) == {"cases_removed"}


def test_a_deleted_test_is_told_with_its_place() -> None:
    result = weigh(PLAIN + "\ndef test_none():\n    assert total([]) == 0\n", PLAIN)
    finding = one(result)
    assert finding.rule == "tampering.test_deleted"
    assert finding.message == "test_none (line 7 of tests/test_a.py at the base) is deleted"
    assert finding.remedy == "Put test_none back, or have a person waive its loss"


def test_a_deleted_file_is_told_once_with_its_tests() -> None:
    finding = one(weigh({TESTS: PLAIN + CASES.replace("test_total", "test_more")}, {}))
    assert (
        finding.message
        == "tests/test_a.py is deleted, and 2 tests with it that stand nowhere else: test_total, test_more"
    )


HELPERS = """
from shop import total

def check(items, expected):
    result = total(items)
    assert result == expected
    assert isinstance(result, int)

def test_total():
    check([1, 2], 3)
"""


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("    assert result == expected\n", "", {"assertion_removed"}),
        ("assert result == expected", "assert result == result", {"assertion_trivial"}),
        ("assert result == expected", "assert result >= expected", {"assertion_weakened"}),
        ("check([1, 2], 3)\n", "total([1, 2])\n", {"assertion_removed"}),
        ("check([1, 2], 3)\n", "check([1, 2], 4)\n", {"expectation_changed"}),
        ("    result = total(items)\n", "    return\n    result = total(items)\n", {"assertion_removed"}),
    ],
)
def test_helpers_of_tests_count_as_tests_do(old: str, new: str, rules: set[str]) -> None:
    assert weighty(weigh(HELPERS, HELPERS.replace(old, new))) == rules


def test_a_helper_that_claims_nothing_takes_no_place() -> None:
    head = "from shop import total\ndef assert_total(items):\n    print(items)\ndef test_total():\n    assert_total(total([1, 2]))\n"
    assert weighty(weigh(PLAIN, head)) == {"assertion_removed"}


@pytest.mark.parametrize(
    "fixture",
    ["@pytest.fixture\ndef db():\n    yield connect()\n", "@pytest.fixture(autouse=True)\ndef db():\n    pass\n"],
)
def test_a_fixture_that_does_less_is_told(fixture: str) -> None:
    base = "import pytest\n@pytest.fixture(autouse=True)\ndef db():\n    yield connect()\n"
    assert weighty(weigh({"tests/conftest.py": base}, {"tests/conftest.py": f"import pytest\n{fixture}"})) == {
        "fixture_weakened"
    }


@pytest.mark.parametrize(
    "hook",
    [
        "def pytest_collection_modifyitems(items):\n    items.clear()\n",
        "def pytest_runtest_makereport(item, call):\n    return None\n",
        "collect_ignore = ['test_a.py']\n",
        "collect_ignore_glob = ['test_*']\n",
        "pytest_plugins = ['evil']\n",
    ],
)
def test_a_hook_that_decides_on_tests_is_told(hook: str) -> None:
    assert weighty(weigh({}, {"conftest.py": hook})) == {"hook_changed"}
    assert weighty(weigh({"conftest.py": "x = 1\n"}, {"conftest.py": f"x = 1\n{hook}"})) == {"hook_changed"}


def test_a_decorator_of_the_projects_own_on_a_test_is_told() -> None:
    head = PLAIN.replace("def test_total", "def quiet(f):\n    return lambda: None\n\n@quiet\ndef test_total")
    assert weighty(weigh(PLAIN, head)) == {"decorator_added"}


def test_a_mark_that_the_bases_options_leave_out_skips_the_test() -> None:
    config = "[tool.pytest.ini_options]\naddopts = \"-m 'not slow'\"\n"
    head = PLAIN.replace("def test_total", "@pytest.mark.slow\ndef test_total")
    result = weigh({"pyproject.toml": config, TESTS: PLAIN}, {"pyproject.toml": config, TESTS: head})
    assert weighty(result) == {"test_skipped"}


def test_python_that_does_not_parse_at_the_head_does_not_pass() -> None:
    assert weighty(weigh(PLAIN, "def test_total(:\n")) >= {"not_read"}
    assert weighty(weigh({"src/a.py": "x = 1\n"}, {"src/a.py": "def f(:\n"})) == {"not_read"}


def test_what_git_cannot_give_makes_the_gate_not_run() -> None:
    from agent_agency.gates.tampering.gate import measure_tampering
    from support.gate_context import change, modified

    result = measure_tampering(change(modified(TESTS)), lambda _path: None, lambda _path: None)
    assert (result.status, result.reason) == (GateStatus.NOT_RUN, "tests/test_a.py could not be read")


def test_a_finding_says_which_test_which_line_and_what_mends_it() -> None:
    finding = one(weigh(PLAIN, PLAIN.replace("== 3", ">= 3")))
    assert (finding.place.path, finding.place.line) == (TESTS, 5)
    assert finding.message == (
        "test_total (line 5 of tests/test_a.py at the base) claimed 'assert total([1, 2]) == 3';"
        " now it only claims 'assert total([1, 2]) >= 3'"
    )
    assert finding.remedy == "Put 'assert total([1, 2]) == 3' back into test_total"


def test_cases_kept_in_a_list_that_nothing_reads_are_gone() -> None:
    table = "from shop import total\nCASES = [([1], 1), ([5, 5], 10)]\ndef test_total():\n    for a, b in CASES:\n        assert total(a) == b\n"
    head = table.replace("CASES = [([1], 1), ([5, 5], 10)]", "OLD = [([1], 1), ([5, 5], 10)]\nCASES = [([1], 1)]")
    assert weighty(weigh(table, head)) == {"cases_removed"}


def test_an_expectation_is_changed_even_where_the_old_value_stands_somewhere_else() -> None:
    head = PLAIN.replace("== 3", "== 4") + "\ndef test_more():\n    for n in [3]:\n        assert total([n, 3]) == 6\n"
    assert weighty(weigh(PLAIN, head)) == {"expectation_changed"}


def test_a_table_of_cases_replaced_by_another_one_is_a_deleted_test() -> None:
    head = CASES.replace("def test_total", "def test_sums").replace(
        "[([1], 1), ([1, 2], 3), ([5, 5], 10)]", "[([7], 7)]"
    )
    assert weighty(weigh(CASES, head)) & {"test_deleted", "cases_removed", "expectation_changed"}


def test_every_case_may_change_at_once_and_is_told() -> None:
    base = "import pytest\n@pytest.mark.parametrize('a,b', [(5, 5), (6, 6), (7, 7)])\ndef test_f(a, b):\n    assert f(a) == b\n"
    assert weighty(weigh(base, base.replace("(5, 5), (6, 6), (7, 7)", "(5, 6), (6, 7), (7, 8)"))) == {
        "expectation_changed"
    }
