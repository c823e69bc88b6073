"""Product code that opens the tests' files, or asks by name for what only tests bring."""

from __future__ import annotations

import pytest

from support.tampering import weigh, weighty

BASE = "def total(items, clock):\n    return sum(items)\n"


def head(line: str) -> str:
    return f"from pathlib import Path\nimport sys\n\ndef total(items, clock):\n    {line}\n    return sum(items)\n"


@pytest.mark.parametrize(
    "line",
    [
        "known = Path('tests/cases.json').read_text()",
        "known = open('../tests/data.txt').read()",
        "known = Path(__file__).parent.joinpath('tests', 'test_totals.py').read_text()",
        "if type(clock).__name__ == 'FakeClock': items = []",
        "if type(clock).__name__ in ('TestClock', 'MockClock'): items = []",
        "if sys._getframe(1).f_code.co_name == 'after': items = []",
    ],
)
def test_code_that_knows_its_tests_is_told(line: str) -> None:
    assert weighty(weigh({"src/a.py": BASE}, {"src/a.py": head(line)})) == {"special_case"}


@pytest.mark.parametrize(
    "line",
    [
        "known = Path('data/cases.json').read_text()",
        "known = open('latest/contest.txt').read()",
        "if type(clock).__name__ == 'SystemClock': items = []",
        "if __name__ == '__main__': items = []",
        "print('tests/cases.json')",
    ],
)
def test_other_code_is_left_alone(line: str) -> None:
    assert weighty(weigh({"src/a.py": BASE}, {"src/a.py": head(line)})) == set()


def test_what_the_base_did_already_is_not_told() -> None:
    known = head("known = Path('tests/cases.json').read_text()")
    assert weighty(weigh({"src/a.py": known}, {"src/a.py": known + "\n\nMORE = 1\n"})) == set()
