import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.glob import Glob, Globs, first_prefix, is_glob, matches_prefix
from agent_agency.spec.glob_syntax import MAX_PATTERN

RECORDED = json.loads((Path(__file__).parent / "data" / "picomatch_answers.json").read_text())["cases"]
PIECES = [
    "src",
    "a",
    "b",
    "ab",
    ".a",
    ".py",
    "*",
    "**",
    "/",
    "?",
    "[ab]",
    "[!a]",
    "{a,b}",
    "{",
    "}",
    "(",
    ")",
    "|",
    "!(",
]
PIECES += [
    "+(",
    "*(",
    "@(",
    "[",
    "]",
    ",",
    "..",
    "\\",
    "$",
    "^",
    "+",
    "!",
    "[[:alpha:]]",
    "\n",
    "é",
    "\U0001f600",
    "\udcff",
]
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=10).map("".join)
paths = st.lists(st.sampled_from(["a", "b", "ab", "src", ".a", "/", ".", ".py", "*", "(", "é", "\n"]), max_size=8).map(
    "".join
)


def wrong_answers(glob: Glob, case: dict[str, Any]) -> list[tuple[str, str, bool]]:
    asked = [(path, True) for path in case["matches"]] + [(path, False) for path in case["fails"]]
    return [(glob.pattern, path, expected) for path, expected in asked if glob.matches(path) is not expected]


def test_patterns_mean_what_they_mean_to_picomatch() -> None:
    assert len(RECORDED) == 420
    assert [wrong for case in RECORDED for wrong in wrong_answers(Glob(case["pattern"]), case)] == []


def test_the_quick_form_gives_the_same_answers() -> None:
    wrong = []
    for case in RECORDED:
        glob = Glob(case["pattern"])
        for _ in range(10):
            glob.matches("once/more")
        wrong += wrong_answers(glob, case)

    assert wrong == []


@given(patterns, paths)
def test_any_pattern_gives_an_answer_that_does_not_change(pattern: str, path: str) -> None:
    glob = Glob(pattern)

    first = glob.matches(path)

    assert [glob.matches(path) for _ in range(12)] == [first] * 12


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_at_all_gives_an_answer(pattern: str, path: str) -> None:
    assert Glob(pattern).matches(path) in {True, False}


@given(st.text(alphabet="abc/._-", min_size=1, max_size=30))
def test_a_pattern_without_signs_matches_itself(path: str) -> None:
    assert Glob(path).matches(path)


HOSTILE = [
    ("+(a|aa)+(a|aa)+(a|aa)+(a|aa)b", "a" * 3000),
    ("+(a|ab)+(a|ab)+(ab|b)c", "ab" * 1500),
    ("((a+)+)+b", "a" * 3000),
    ("(a|a)+(a|a)+b", "a" * 3000),
    ("*a*a*a*a*a*a*a*b", "a" * 3000),
    ("*a*a*b", "a" * 250),
    ("**/" * 60 + "x", "a/" * 1500 + "y"),
    ("!(*a*)!(*b*)!(*c*)" * 20 + "z", "abc" * 800),
    ("{a,b,ab}" * 300, "ab" * 400),
    ("[[:alpha:]]*" * 200 + "1", "a" * 2000),
    ("*" * MAX_PATTERN, "a" * 3000),
    ("(" * 5000, "a"),
    ("+(" * 3000 + "a" + ")" * 3000, "aaaa"),
    ("@(a|" * 60 + "b" + ")" * 60, "b"),
    ("{" * 4000 + "}" * 4000, "a"),
    ("[" * 4000 + "]", "a"),
    ("a" * 100_000, "a" * 100),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("pattern", "path"), HOSTILE, ids=lambda value: value[:20])
def test_no_pattern_hangs(pattern: str, path: str) -> None:
    glob = Glob(pattern)

    assert [glob.matches(path) for _ in range(10)] == [glob.matches(path)] * 10


def test_a_pattern_beyond_the_limit_matches_only_itself() -> None:
    pattern = "*" * (MAX_PATTERN + 1)

    assert Glob(pattern).matches(pattern)
    assert not Glob(pattern).matches("a")


def test_nothing_matches_an_empty_path_and_an_empty_pattern_matches_nothing() -> None:
    assert not Glob("**").matches("")
    assert not Glob("").matches("a")
    assert not Glob("").matches("")


def test_a_name_that_is_no_utf8_is_matched_byte_by_byte() -> None:
    name = b"src/caf\xe9.py".decode("utf-8", "surrogateescape")

    assert Glob("src/*.py").matches(name)
    assert Glob("src/caf?.py").matches(name)


@pytest.mark.parametrize("entry", ["a*", "a?", "[a", "a]", "(", "{a}", "!a", "a@b", "a+b", "a|b"])
def test_an_entry_with_a_sign_is_a_glob(entry: str) -> None:
    assert is_glob(entry)


def test_an_entry_without_signs_is_a_folder_or_file() -> None:
    assert not is_glob("src/app-v1.2_x")
    assert matches_prefix("src/app/x.py", "src/app/")
    assert matches_prefix("src/app", "src/app/")
    assert not matches_prefix("src/apple", "src/app")
    assert not matches_prefix("src", "")
    assert not matches_prefix("src", "/")


def test_the_first_entry_that_admits_is_named() -> None:
    globs = Globs()

    assert globs.first_match("src/a.py", ["", "docs", "src", "src/*"]) == "src"
    assert globs.first_match("src/", ["src/**"]) == "src/**"
    assert globs.first_match("lib/a.py", ["src/**"]) is None
    assert first_prefix("src/a", ["lib", "src/"]) == "src/"
