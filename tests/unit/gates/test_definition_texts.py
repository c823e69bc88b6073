from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gates.definition_texts import makefile_commands, npm_commands

MAKEFILE = """\
VENV := .venv
PYTEST ?= $(VENV)/bin/pytest
.PHONY: test docs
export LANG = C
test: lint
\t@$(PYTEST) -q \\
\t\t--strict
lint check:
\truff check
docs:
\tsphinx-build docs out
"""


def test_only_the_recipes_of_the_targets_asked_for_and_of_their_needs_are_taken() -> None:
    told = makefile_commands(MAKEFILE, ["test"])
    assert ".venv/bin/pytest -q" in told
    assert "ruff check" in told
    assert "sphinx-build" not in told
    assert makefile_commands(MAKEFILE, ["-s", "check"]) == "ruff check"


def test_without_a_target_the_first_one_is_meant() -> None:
    assert makefile_commands(MAKEFILE, []) == makefile_commands(MAKEFILE, ["test"])


def test_an_argument_takes_the_place_of_a_variable() -> None:
    assert "env/bin/pytest" in makefile_commands(MAKEFILE, ["test", "VENV=env"])


def test_a_target_that_is_not_found_may_be_anything() -> None:
    assert "sphinx-build" in makefile_commands(MAKEFILE, ["test-unit"])


def test_targets_that_need_each_other_and_variables_that_name_each_other_end() -> None:
    assert makefile_commands("A = $(B)\nB = $(A)\na: b\n\t$(A)\nb: a\n\ty\n", ["a"]).splitlines()[-1] == "y"


def test_neither_long_lines_nor_variables_that_multiply_take_long() -> None:
    doubling = "".join(f"V{number} = $(V{number + 1})$(V{number + 1})\n" for number in range(40))
    long = (
        "X = " + "x" * 100_000 + "\n" + doubling + "all:\n\t" + "$(V0)$(X)" * 10_000 + "\n" + "a" + " " * 100_000 + "\n"
    )
    assert len(makefile_commands(long, ["all"])) < 2_000_000


PACKAGE = '{"scripts": {"pretest": "tsc", "test": "jest", "posttest": "done", "py": "pytest", "n": 1}}'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["test"], "tsc\njest\ndone"),
        (["run", "py"], "pytest"),
        (["--silent", "run", "py"], "pytest"),
        (["start"], ""),
        (["whatever"], "tsc\njest\ndone\npytest"),
        ([], "tsc\njest\ndone\npytest"),
    ],
)
def test_only_the_scripts_asked_for_are_taken(words: list[str], told: str) -> None:
    assert npm_commands(PACKAGE, words) == told


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"scripts": 1}', '{"scripts": []}', "[" * 100_000])
def test_what_is_no_package_file_says_nothing(text: str) -> None:
    assert npm_commands(text, ["test"]) == ""


@given(st.text(), st.lists(st.text(max_size=5), max_size=4))
def test_no_text_breaks_it(text: str, words: list[str]) -> None:
    makefile_commands(text, words)
    npm_commands(text, words)
