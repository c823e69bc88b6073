"""The reader of the documentation's blocks refuses to overlook anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doc_blocks import output_matches, read_blocks, read_steps
from support.shell_session import ShellSession

PAGE = Path("page.md")


def test_a_block_knows_its_line_its_language_and_the_file_that_it_stands_for() -> None:
    text = 'Words\n\n```yaml title=".caws/policy.yaml"\na: 1\n```\n\n- item\n\n    ```console\n    $ true\n    ```\n'
    first, second = read_blocks(PAGE, text)
    assert (first.line, first.language, first.title, first.text) == (3, "yaml", ".caws/policy.yaml", "a: 1\n")
    assert (second.line, second.language, second.text) == (9, "console", "$ true\n")


def test_a_block_that_is_never_closed_is_refused() -> None:
    with pytest.raises(AssertionError, match="never closed"):
        read_blocks(PAGE, "```console\n$ true\n")


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    (block,) = read_blocks(PAGE, "````text\n```\ninner\n```\n````\n")
    assert block.text == "```\ninner\n```\n"


def test_commands_are_told_from_their_output() -> None:
    (block,) = read_blocks(PAGE, "```console\n$ one \\\n> more\nout\n$ two\n```\n")
    first, second = read_steps(block)
    assert (first.command, first.expected) == ("one \\\nmore", "out")
    assert (second.command, second.expected) == ("two", None)


@pytest.mark.parametrize("text", ["```console\nout\n$ one\n```\n", "```console\n```\n"])
def test_a_console_block_starts_with_a_command(text: str) -> None:
    (block,) = read_blocks(PAGE, text)
    with pytest.raises(AssertionError):
        read_steps(block)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a  ", "a", True),
        ("a\n…\nd", "a\nb\nc\nd\n", True),
        ("a\n…\nd", "a\nd\n", True),
        ("took … s", "took 12.5 s\n", True),
        ("took … s", "took 1\n2 s\n", False),
        ("a", "a\nb\n", False),
        ("a.c", "abc\n", False),
        ("a\n…", "b\n", False),
        ("…", "", True),
    ],
)
def test_three_dots_in_one_character_stand_for_anything_and_nothing_else_does(
    expected: str, actual: str, same: bool
) -> None:
    assert output_matches(expected, actual) is same


@given(st.text(st.characters(exclude_characters="…\r", exclude_categories=["Zl", "Zp", "Cc", "Cs"]), min_size=1))
def test_any_line_matches_itself_and_not_itself_with_more(line: str) -> None:
    assert output_matches(line, line)
    assert not output_matches(line, line + "x")


def test_a_session_keeps_folder_variables_and_status(tmp_path: Path) -> None:
    session = ShellSession(tmp_path)
    session.run("mkdir deep && cd deep && export COLOUR=blue")
    assert session.run("basename $PWD; echo $COLOUR").split() == ["deep", "blue"]
    session.run("false")
    assert session.status == 1
    assert session.run("echo $?").strip() == "1"
    assert session.status == 0
