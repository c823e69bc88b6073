"""Which files are tests, and how the base's take their place in the head's tree."""

from __future__ import annotations

import pytest

from agent_agency.gates.checkout import Part
from agent_agency.gates.tests_of_tree import concerns_tests, is_of_other_language, is_test_file, overlaid
from agent_agency.git.tree import TreeEntry
from support.gate_context import change, modified, renamed


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


LIBRARY = ("src/mylib/__init__.py", "src/mylib/test/__init__.py", "src/mylib/test/helpers.py")


def test_product_code_in_a_folder_named_for_tests_stays_as_the_head_has_it() -> None:
    found = laid((*LIBRARY, "src/mylib/test/more.py"), (*LIBRARY, "tests/test_a.py"))
    assert found == {
        **dict.fromkeys((*LIBRARY, "src/mylib/test/more.py"), "head"),
        "tests/test_a.py": "base",
    }


@pytest.mark.parametrize(
    "more", ["src/mylib/test/test_helpers.py", "src/mylib/test/unit/helpers_test.py", "src/mylib/test/conftest.py"]
)
def test_a_package_in_which_a_runner_finds_tests_is_no_product(more: str) -> None:
    assert laid(LIBRARY, (*LIBRARY, more)) == {
        LIBRARY[0]: "head",
        LIBRARY[1]: "base",
        LIBRARY[2]: "base",
        more: "base",
    }


def test_moving_the_tests_out_of_a_package_makes_no_product_of_it() -> None:
    base = (*LIBRARY, "src/mylib/test/test_a.py")
    found = laid((*LIBRARY, "elsewhere/test_a.py"), base)
    assert (found["src/mylib/test/test_a.py"], found["src/mylib/test/helpers.py"]) == ("base", "base")


def test_a_folder_of_tests_that_is_no_package_inside_of_one_is_of_tests() -> None:
    files = ("tests/__init__.py", "tests/data.py")
    assert laid(files, files) == dict.fromkeys(files, "base")


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_a.py",
        "src/conftest.py",
        "tests/data/a.json",
        "fixtures/a.csv",
        "pyproject.toml",
        "setup.py",
        "noxfile.py",
        "Makefile",
        "package.json",
        "jest.config.js",
        "vitest.config.ts",
        ".coveragerc",
        "pytest.ini",
        "src/lib.rs",
        "src/a.spec.ts",
        "spec/a_spec.rb",
        "AppTests/CartTests.cs",
        "pkg/cart_test.go",
        "requirements.txt",
    ],
)
def test_what_may_bear_on_tests_is_worth_a_run_of_the_base(path: str) -> None:
    assert concerns_tests(change(modified("src/a.py"), modified(path)))


@pytest.mark.parametrize("path", ["src/a.py", "lib/a.ts", "README.md", ".caws/working-spec.yaml", "LICENSE"])
def test_code_and_prose_alone_leave_the_tests_as_they_are(path: str) -> None:
    assert not concerns_tests(change(modified(path)))


def test_a_file_that_moves_counts_at_both_of_its_places() -> None:
    assert concerns_tests(change(renamed("tests/test_a.py", "src/a.py", 1, 1)))


@pytest.mark.parametrize(
    ("path", "other"),
    [("tests/test_a.py", False), ("tests/a.test.ts", True), ("package.json", True), ("pyproject.toml", False)],
)
def test_the_language_is_told_by_the_files_of_a_change(path: str, *, other: bool) -> None:
    assert is_of_other_language(change(modified(path))) is other
