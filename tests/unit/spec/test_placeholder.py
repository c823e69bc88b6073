from __future__ import annotations

import pytest

from agent_agency.spec.placeholder import is_placeholder, is_placeholder_path
from agent_agency.spec.strict_case import _PLACEHOLDER_SIGNS

PLACEHOLDERS = [
    "TODO",
    "todo",
    " TBD. ",
    "[TODO]",
    "TODO TODO",
    "TODO: list one or more modules this spec touches.",
    "Todo: write this",
    "FIXME(ann) later",
    "TODO - describe",
    "TODO describe the invariant",
    "TBD after the review",
    "to be defined",
    "XXX",
    "change me",
    "CHANGE_ME",
    "<describe the change>",
    "{{ title }}",
    "${TITLE}",
    "...",
    "\u2026",
    "???",
    "Lorem ipsum dolor sit amet",
    "p95 latency: TBD",
    "The limit is TBD",
    "placeholder",
    "fill in",
]
STATEMENTS = [
    "TODO comments in added lines are reported",
    "TODO-list items keep their order",
    "Flag FIXME markers",
    "The todo app shows overdue items",
    "a",
    "`agency validate <FILE>` prints the rule",
    "Map<string> keeps its order",
    "<b> tags are escaped and shown",
    "Wait... then retry",
    "Placeholders in titles are refused",
    "Replace the retry loop",
    "Change the order of calls",
    "standard ${{ }} interpolation only",
    "Add tests",
    "0",
    "TBDX",
    "xxxl shirts are listed",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_text_that_stands_in_for_another_is_told(text: str) -> None:
    assert is_placeholder(text)
    assert is_placeholder_path(text)


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_text_that_speaks_of_such_words_is_not(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize("path", ["src/<module>", "path/to/module", "./path/to/x.py", "src/{{name}}", "src/${x}"])
def test_a_path_with_a_gap_is_a_placeholder(path: str) -> None:
    assert is_placeholder_path(path)


@pytest.mark.parametrize("path", ["src/todo", "src/**", "docs/TODO.md", "src/{a,b}/c", "lib/path/to/x"])
def test_a_path_about_such_words_is_not(path: str) -> None:
    assert not is_placeholder_path(path)


@pytest.mark.parametrize("text", [*PLACEHOLDERS, "src/<module>", "path/to/module", "src/{{name}}", "src/${x}"])
def test_every_placeholder_holds_a_sign_by_which_it_is_looked_for(text: str) -> None:
    assert any(sign in text.upper() for sign in _PLACEHOLDER_SIGNS)
