"""Changes of tests that weaken nothing: none of them may be told above advice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent_agency.facts import GateStatus
from support.tampering import TESTS, weigh, weighty

PLAIN = """
import pytest
from shop import total

def test_total():
    assert total([1, 2]) == 3

def test_empty():
    assert total([]) == 0
"""
HEAD = "import pytest\nimport unittest\nfrom shop import total\n"
ONE = f"{HEAD}\ndef test_total():\n    assert total([1, 2]) == 3\n"
OTHER = f"{HEAD}\ndef test_empty():\n    assert total([]) == 0\n"

REWRITTEN = {
    "renamed": PLAIN.replace("test_total", "test_adds_up"),
    "reordered": f"{HEAD}\ndef test_empty():\n    assert total([]) == 0\n"
    "def test_total():\n    assert total([1, 2]) == 3",
    "a comment and a docstring": PLAIN.replace(
        "    assert total([1", '    """Adds."""\n    # sums\n    assert total([1'
    ),
    "a variable": PLAIN.replace("assert total([1, 2]) == 3", "result = total([1, 2])\n    assert result == 3"),
    "variables for all": PLAIN.replace(
        "assert total([1, 2]) == 3", "items = [1, 2]\n    expected = 3\n    assert total(items) == expected"
    ),
    "a message": PLAIN.replace("== 3", "== 3, 'adds up'"),
    "sides swapped": PLAIN.replace("total([1, 2]) == 3", "3 == total([1, 2])"),
    "a constant at the top": PLAIN.replace("def test_total", "WANTED = 3\n\ndef test_total").replace(
        "== 3", "== WANTED"
    ),
    "parametrised": f"""{HEAD}
@pytest.mark.parametrize(("items", "expected"), [([1, 2], 3), ([], 0)])
def test_total(items, expected):
    assert total(items) == expected
""",
    "parametrised with ids": f"""{HEAD}
@pytest.mark.parametrize("items, expected", [pytest.param([1, 2], 3, id="two"), pytest.param([], 0, id="none")])
def test_adds(items, expected):
    assert total(items) == expected
""",
    "a table": f"""{HEAD}
def test_total():
    for items, expected in [([1, 2], 3), ([], 0)]:
        assert total(items) == expected
""",
    "a named table": f"""{HEAD}
CASES = [([1, 2], 3), ([], 0)]

@pytest.mark.parametrize(("items", "expected"), CASES)
def test_total(items, expected):
    assert total(items) == expected
""",
    "a mapping": f"""{HEAD}
def test_total():
    for items, expected in {{(1, 2): 3, (): 0}}.items():
        assert total(items) == expected
""",
    "a helper": f"""{HEAD}
def check(items, expected):
    assert total(items) == expected

def test_total():
    check([1, 2], 3)

def test_empty():
    check([], 0)
""",
    "merged": f"{HEAD}\ndef test_total():\n    assert total([1, 2]) == 3\n    assert total([]) == 0\n",
    "into a class": f"""{HEAD}
class TestTotal:
    def test_total(self):
        assert total([1, 2]) == 3

    def test_empty(self):
        assert total([]) == 0
""",
    "to unittest": f"""{HEAD}
class TotalCase(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)

    def test_empty(self):
        self.assertEqual(total([]), 0)
""",
    "more tests": PLAIN + "\ndef test_negative():\n    assert total([-1]) == -1\n",
    "more assertions": PLAIN.replace("== 3\n", "== 3\n    assert isinstance(total([1, 2]), int)\n"),
    "subtests": f"""{HEAD}
class TotalCase(unittest.TestCase):
    def test_total(self):
        for items, expected in (([1, 2], 3), ([], 0)):
            with self.subTest(items=items):
                self.assertEqual(total(items), expected)
""",
    "a fixture": f"""{HEAD}
@pytest.fixture
def items():
    return [1, 2]

def test_total(items):
    assert total(items) == 3

def test_empty():
    assert total([]) == 0
""",
    "approximately, for floats": PLAIN.replace("== 3", "== pytest.approx(3)"),
    "an import moved": PLAIN.replace("from shop import total", "from shop.sums import total"),
    "typed": PLAIN.replace("def test_total():", "def test_total() -> None:"),
    "async": PLAIN.replace("def test_total():", "async def test_total():").replace(
        "total([1, 2])", "await total([1, 2])"
    ),
    "a timeout": PLAIN.replace("def test_total", "@pytest.mark.timeout(5)\ndef test_total"),
    "a real condition that is false": PLAIN.replace(
        "def test_total", "@pytest.mark.skipif(False, reason='')\ndef test_total"
    ),
    "conjunction": PLAIN.replace("assert total([1, 2]) == 3", "assert total([1, 2]) == 3 and total([3]) == 3"),
}


@pytest.mark.parametrize("head", REWRITTEN.values(), ids=REWRITTEN.keys())
def test_a_rewritten_test_that_claims_as_much_passes(head: str) -> None:
    result = weigh(PLAIN, head)
    assert weighty(result) == set()
    assert result.status is GateStatus.PASS


STRICTER = {
    "from truth": ("assert total([1, 2])", "assert total([1, 2]) == 3"),
    "from a type": ("assert isinstance(total([1, 2]), int)", "assert total([1, 2]) == 3"),
    "from not none": ("assert total([1, 2]) is not None", "assert total([1, 2]) == 3"),
    "from a bound": ("assert total([1, 2]) > 2", "assert total([1, 2]) == 3"),
    "from among": ("assert total([1, 2]) in (2, 3)", "assert total([1, 2]) == 3"),
    "from roughly": ("assert total([1, 2]) == pytest.approx(3)", "assert total([1, 2]) == 3"),
    "from roughly, large": (
        "assert total([1]) == pytest.approx(3, rel=0.5)",
        "assert total([1]) == pytest.approx(3, rel=0.01)",
    ),
    "from different": ("assert total([1, 2]) != 4", "assert total([1, 2]) == 3"),
    "parts to whole": (
        "r = split('ab')\n    assert r[0] == 'a'\n    assert r[1] == 'b'",
        "assert split('ab') == ['a', 'b']",
    ),
    "length to whole": ("r = split('ab')\n    assert len(r) == 2", "assert split('ab') == ['a', 'b']"),
    "a narrower exception": (
        "with pytest.raises(Exception):\n        total(None)",
        "with pytest.raises(TypeError):\n        total(None)",
    ),
    "its message": (
        "with pytest.raises(TypeError):\n        total(None)",
        "with pytest.raises(TypeError, match='items'):\n        total(None)",
    ),
    "unittest's exception": (
        "with pytest.raises(TypeError):\n        total(None)",
        "with unittest.TestCase().assertRaises(TypeError):\n        total(None)",
    ),
    "a trivial one goes": ("assert True\n    assert total([1]) == 1", "assert total([1]) == 1"),
    "a swallowed one is let out": (
        "try:\n        assert total([1]) == 1\n    except AssertionError:\n        pass",
        "assert total([1]) == 1",
    ),
    "a skip goes": ("pytest.skip('later')\n    assert total([1]) == 1", "assert total([1]) == 1"),
    "is true": ("assert total([1]) is True", "assert total([1])"),
    "equals true": ("assert total([1]) == True", "assert total([1]) is True"),
    "not": ("assert not total([]) == 1", "assert total([]) != 1"),
}


@pytest.mark.parametrize(("before", "after"), STRICTER.values(), ids=STRICTER.keys())
def test_a_stricter_or_equal_assertion_passes(before: str, after: str) -> None:
    base = f"{HEAD}\ndef test_total():\n    {before}\n"
    assert weighty(weigh(base, f"{HEAD}\ndef test_total():\n    {after}\n")) == set()


MOVED: Mapping[str, tuple[Mapping[str, str], Mapping[str, str], dict[str, str]]] = {
    "file renamed": ({TESTS: PLAIN}, {"tests/test_b.py": PLAIN}, {"tests__test_a": "tests__test_b"}),
    "file renamed, not seen as that": ({TESTS: PLAIN}, {"tests/test_b.py": PLAIN}, {}),
    "file moved to a folder": (
        {TESTS: PLAIN},
        {"tests/unit/test_a.py": PLAIN},
        {"tests__test_a": "tests__unit__test_a"},
    ),
    "file split": ({TESTS: PLAIN}, {"tests/test_b.py": ONE, "tests/test_c.py": OTHER}, {}),
    "one test moved": ({TESTS: PLAIN}, {TESTS: ONE, "tests/test_c.py": OTHER}, {}),
    "files merged": ({"tests/test_b.py": ONE, "tests/test_c.py": OTHER}, {TESTS: PLAIN}, {}),
    "moved and renamed": (
        {TESTS: PLAIN},
        {TESTS: ONE, "tests/test_c.py": OTHER.replace("test_empty", "test_none")},
        {},
    ),
    "moved and parametrised": (
        {TESTS: PLAIN},
        {
            "tests/test_c.py": f"{HEAD}\n@pytest.mark.parametrize('a,b', [([1, 2], 3), ([], 0)])\n"
            "def test_all(a, b):\n    assert total(a) == b\n"
        },
        {},
    ),
    "helper moved to a module": (
        {TESTS: f"{HEAD}\ndef check(a, b):\n    assert total(a) == b\n\ndef test_total():\n    check([1, 2], 3)\n"},
        {
            TESTS: f"{HEAD}\nfrom tests.helpers import check\n\ndef test_total():\n    check([1, 2], 3)\n",
            "tests/helpers.py": "from shop import total\n\ndef check(a, b):\n    assert total(a) == b\n",
        },
        {},
    ),
    "into a mixin": (
        {TESTS: f"{HEAD}\nclass TestA:\n    def test_total(self):\n        assert total([1, 2]) == 3\n"},
        {
            TESTS: "from tests.contract import Contract\n\nclass TestA(Contract):\n    pass\n",
            "tests/contract.py": f"{HEAD}\nclass Contract:\n    def test_total(self):\n        assert total([1, 2]) == 3\n",
        },
        {},
    ),
    "fixture to conftest": (
        {
            TESTS: "import pytest\n@pytest.fixture\ndef items():\n    return [1, 2]\n\ndef test_x(items):\n    assert items == [1, 2]\n"
        },
        {
            TESTS: "def test_x(items):\n    assert items == [1, 2]\n",
            "tests/conftest.py": "import pytest\n@pytest.fixture\ndef items():\n    return [1, 2]\n",
        },
        {},
    ),
    "cases moved to a table of another file": (
        {
            TESTS: f"{HEAD}\n@pytest.mark.parametrize('a,b', [([1, 2], 3), ([], 0)])\ndef test_all(a, b):\n    assert total(a) == b\n"
        },
        {
            TESTS: f"{HEAD}\nfrom tests.cases import CASES\n@pytest.mark.parametrize('a,b', CASES)\ndef test_all(a, b):\n    assert total(a) == b\n",
            "tests/cases.py": "CASES = [([1, 2], 3), ([], 0)]\n",
        },
        {},
    ),
}


@pytest.mark.parametrize(("base", "head", "renames"), MOVED.values(), ids=MOVED.keys())
def test_moved_tests_are_recognised(base: Mapping[str, str], head: Mapping[str, str], renames: dict[str, str]) -> None:
    assert weighty(weigh(base, head, **renames)) == set()


SHOP = "def total(items):\n    return sum(items) - 1\n\ndef legacy(items):\n    return total(items)\n"
FIXED = SHOP.replace(" - 1", "")


def test_an_expectation_that_changes_together_with_the_code_is_advice() -> None:
    head = PLAIN.replace("== 3", "== 4")
    assert weighty(weigh({TESTS: PLAIN, "src/shop.py": SHOP}, {TESTS: head, "src/shop.py": FIXED})) == set()
    assert weighty(weigh({TESTS: PLAIN, "src/shop.py": SHOP}, {TESTS: head, "src/shop.py": SHOP + "# x\n"})) == {
        "expectation_changed"
    }


def test_an_assertion_is_weakened_however_much_of_the_code_changes() -> None:
    head = PLAIN.replace("== 3", ">= 3")
    assert weighty(weigh({TESTS: PLAIN, "src/shop.py": SHOP}, {TESTS: head, "src/shop.py": FIXED})) == {
        "assertion_weakened"
    }


def test_a_test_goes_together_with_the_code_that_it_speaks_of() -> None:
    tests = PLAIN + "\ndef test_legacy():\n    assert legacy([1]) == 1\n"
    head = SHOP.partition("\ndef legacy")[0]
    assert weighty(weigh({TESTS: tests, "src/shop.py": SHOP}, {TESTS: PLAIN, "src/shop.py": head})) == set()
    assert weighty(weigh({TESTS: tests, "src/shop.py": SHOP}, {TESTS: PLAIN, "src/shop.py": FIXED})) == {"test_deleted"}


def test_renamed_code_takes_no_test_with_it() -> None:
    tests = PLAIN + "\ndef test_legacy():\n    assert legacy([1]) == 1\n"
    head = SHOP.replace("def legacy", "def older")
    assert weighty(weigh({TESTS: tests, "src/shop.py": SHOP}, {TESTS: PLAIN, "src/shop.py": head})) == {"test_deleted"}


def test_a_list_that_a_test_fills_is_no_constant() -> None:
    base = f"{HEAD}\ndef test_seen():\n    seen = []\n    run(seen.append)\n    assert seen == [1]\n"
    assert (
        weighty(weigh(base, base.replace("assert seen == [1]", "assert seen == []\n    assert seen == [1]"))) == set()
    )
    none = base.replace("seen == [1]", "not seen")
    assert weighty(weigh(none, none.replace("    assert not seen\n", ""))) == {"assertion_removed"}


@pytest.mark.parametrize(
    "condition",
    [
        "sys.platform == 'win32'",
        "sys.version_info < (3, 10)",
        "not OLD",
        "os.name == 'nt' and sys.version_info > (3, 9)",
    ],
)
def test_a_test_that_some_systems_cannot_run_still_counts(condition: str) -> None:
    before = "import os, sys\nOLD = sys.version_info >= (3, 10)\n"
    head = PLAIN.replace("def test_total", f"{before}@pytest.mark.skipif({condition}, reason='')\ndef test_total")
    assert weighty(weigh(PLAIN, head)) == set()


def test_cases_that_are_worked_out_are_read_too() -> None:
    base = f"{HEAD}\n@pytest.mark.parametrize('a', [*range(3), *(n for n in [7])])\ndef test_all(a):\n    assert f(a) == a\n"
    assert weighty(weigh(base, base.replace("*range(3), ", "*range(2), "))) <= {"cases_removed", "expectation_changed"}


def test_a_name_that_is_bound_to_what_it_holds_ends_the_search() -> None:
    code = "def total(items):\n    items = list(items)\n    if items == 5:\n        return 42\n    return 0\n"
    tests = "from shop import total\n\ndef test_total():\n    value = wrap(value)\n    assert total(value) == 42\n"
    assert weighty(weigh({TESTS: tests, "src/shop.py": "x = 1\n"}, {TESTS: tests, "src/shop.py": code})) == set()


def test_a_skipped_test_may_go() -> None:
    base = PLAIN.replace("def test_empty", "@pytest.mark.skip\ndef test_empty")
    head = ONE
    assert weighty(weigh(base, head)) == set()


def test_more_cases_pass() -> None:
    base = f"{HEAD}\n@pytest.mark.parametrize('a,b', [([1, 2], 3)])\ndef test_all(a, b):\n    assert total(a) == b\n"
    head = base.replace("([1, 2], 3)", "([1, 2], 3), ([], 0), ([9], 9)").replace("def test_all", "def test_total")
    assert weighty(weigh(base, head)) == set()


def test_new_tests_and_new_product_code_pass() -> None:
    head = {TESTS: PLAIN, "src/shop.py": "def total(items):\n    return sum(items)\n"}
    assert weighty(weigh({}, head)) == set()


def test_a_replaced_dependency_is_advice() -> None:
    head = PLAIN.replace(
        "def test_total():",
        "@pytest.fixture(autouse=True)\ndef _x(): ...\n\ndef test_total(monkeypatch):\n    monkeypatch.setattr('shop.clock', None)",
    )
    result = weigh(PLAIN, head)
    assert [finding.rule for finding in result.findings] == ["tampering.mock_added"]
    assert result.status is GateStatus.PASS


def test_a_helper_that_runs_something_is_no_case_that_runs_tests() -> None:
    helper = "class Session:\n    def run(self, line):\n        return line\n"
    assert weighty(weigh({TESTS: PLAIN}, {TESTS: PLAIN, "tests/support/session.py": helper})) == set()
