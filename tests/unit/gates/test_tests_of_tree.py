"""Which files are tests, and how the base's take their place in the head's tree."""

from __future__ import annotations

import pytest

from agent_agency.gates.checkout import Part
from agent_agency.gates.tests_of_tree import is_test_file, overlaid
from agent_agency.git.tree import TreeEntry


def part(name: str, *paths: str) -> Part:
    return Part(name, tuple(TreeEntry(path, "100644", "0" * 40) for path in paths))


def laid(head: tuple[str, ...], base: tuple[str, ...]) -> dict[str, str]:
    parts = overlaid(part("head", *head), part("base", *base))
    return {entry.path: one.tree for one in parts for entry in one.entries}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/test_a.py", True),
        ("a_test.py", True),
        ("src/conftest.py", True),
        ("tests/data/x.json", True),
        ("src/testing.py", False),
        ("src/latest.py", False),
        ("tests", False),
    ],
)
def test_files_are_told_by_name_and_folder(path: str, *, expected: bool) -> None:
    assert is_test_file(path) is expected


def test_edited_and_deleted_tests_come_from_the_base_and_the_code_from_the_head() -> None:
    found = laid(("src/a.py", "tests/test_a.py"), ("src/a.py", "src/old.py", "tests/test_a.py", "tests/test_b.py"))
    assert found == {"src/a.py": "head", "tests/test_a.py": "base", "tests/test_b.py": "base"}


def test_what_a_runner_would_load_unasked_from_the_head_is_left_out() -> None:
    head = ("conftest.py", "tests/__init__.py", "tests/test_new.py", "tests/helper.py", "pytest.ini")
    assert laid(head, ("tests/test_a.py",)) == {"tests/helper.py": "head", "tests/test_a.py": "base"}


def test_nothing_of_the_head_stands_in_the_way_of_a_base_test() -> None:
    assert laid(("tests",), ("tests/test_a.py",)) == {"tests/test_a.py": "base"}
    assert laid(("tests/test_a.py/x",), ("tests/test_a.py",)) == {"tests/test_a.py": "base"}
