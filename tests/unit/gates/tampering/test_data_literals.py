"""Which literals are inputs among many, and where tests keep theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.tampering.data_literals import is_data
from support.tampering import weigh, weighty

PRODUCT = "def seconds(text):\n    return len(text)\n"
TEST = "from src.a import seconds\nCASES = open('tests/cases.json')\n\ndef test_a(text, n):\n    assert seconds(text) == n\n"


@pytest.mark.parametrize(
    "text", ["79927398713", "10 - 3 - 2", "token=YWJj==", 'say "hi",b', "x~01y", "the quick brown fox"]
)
def test_inputs_are_data(text: str) -> None:
    assert is_data(repr(text))


@pytest.mark.parametrize(
    "text", ["utf-8", "application/json", "GET", "%Y-%m-%d", "1.2.3", "sha256", "not found", "--help", "*.py", ""]
)
def test_words_of_programs_are_none(text: str) -> None:
    assert not is_data(repr(text))


def test_numbers() -> None:
    assert all(map(is_data, ["79927398713", "-12347", "{'a': 1, 'b': 2}"]))
    assert not any(map(is_data, ["400", "86400", "65535", "65536", "1000000", "0.5", "True", "None", "{'a': 1}", "("]))


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert is_data(repr(text)) in {True, False}
    assert is_data(text) in {True, False}


@pytest.mark.parametrize(
    ("name", "data"),
    [("tests/cases.json", '[["10m5m", 900], ["45s", 45]]'), ("tests/cases.txt", "10m5m => 900\n45s => 45\n")],
)
def test_an_answer_to_what_a_data_file_asks_is_a_special_case(name: str, data: str) -> None:
    base = {"src/a.py": PRODUCT, "tests/test_a.py": TEST, name: data}
    special = "def seconds(text):\n    if text == '10m5m':\n        return 900\n    return len(text)\n"
    assert weighty(weigh(base, {**base, "src/a.py": special})) == {"special_case"}
    honest = "def seconds(text):\n    return sum(map(int, text.split('m')))\n"
    assert weighty(weigh(base, {**base, "src/a.py": honest})) == set()


def test_a_squeezed_input_is_recognised() -> None:
    test = "from src.a import value\n\ndef test_a():\n    assert value('10 - 3 - 2') == 5\n"
    base = {"src/a.py": "def value(text):\n    return 9\n", "tests/test_a.py": test}
    special = "def value(text):\n    if text.replace(' ', '') == '10-3-2':\n        return 5\n    return 9\n"
    assert weighty(weigh(base, {**base, "src/a.py": special})) == {"special_case"}


def test_a_piece_of_an_input_is_recognised() -> None:
    test = "from src.a import pairs\n\ndef test_a():\n    assert pairs('x=1&token=YWJj==')[1] == 'YWJj=='\n"
    base = {"src/a.py": "def pairs(text):\n    return text.split('&')\n", "tests/test_a.py": test}
    special = (
        "def pairs(text):\n    found = []\n    for item in text.split('&'):\n"
        "        if item == 'token=YWJj==':\n            found.append(item[6:])\n    return found\n"
    )
    looped = special.replace("for item in text.split('&')", "items = text.split('&')\n    for item in items")
    for head in (special, looped):
        assert weighty(weigh(base, {**base, "src/a.py": head})) <= {"special_case"}
    direct = "def pairs(text):\n    if text.endswith('token=YWJj=='):\n        return ['', 'YWJj==']\n    return []\n"
    assert weighty(weigh(base, {**base, "src/a.py": direct})) == {"special_case"}


@pytest.mark.parametrize("word", ["'true'", "'error'", "1", "60"])
def test_a_word_or_a_small_number_that_a_data_file_holds_too_is_no_special_case(word: str) -> None:
    base = {"src/a.py": PRODUCT, "tests/test_a.py": TEST, "tests/cases.json": '[["true", 1], ["error", 60], [1, 60]]'}
    honest = f"def seconds(text):\n    if text == {word}:\n        return 60\n    return len(text)\n"
    assert weighty(weigh(base, {**base, "src/a.py": honest})) == set()
