"""Which files of a tree are tests, and a tree of the head's code with the base's tests in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from agent_agency.change.model import Change, FileStatus
from agent_agency.gates.checkout import Part
from agent_agency.gates.source_code import is_source, is_test
from agent_agency.git.tree import TreeEntry

_FOLDERS = frozenset({"test", "tests", "__tests__"})
_LOADED_BY_ITSELF = re.compile(
    r"test_.*\.py|.*_test\.py|conftest\.py|\.?pytest\.ini|.*_test\.go|.*\.(?:test|spec)\.[cm]?[jt]sx?"
)
_MODULE = re.compile(r"test_.*\.py|.*_test\.py|.*_test\.go|.*\.(?:test|spec)\.[cm]?[jt]sx?")
_BUILD_SCRIPTS = re.compile(
    r"setup\.py|noxfile\.py|tasks\.py|dodo\.py|sitecustomize\.py|.*\.(?:config|conf|setup)\.\w+|gulpfile.*"
)
_TESTS_IN_CODE = frozenset({".rs", ".d", ".zig", ".nim"})
_PROSE = frozenset({".md", ".rst", ".adoc"})
_OF_NO_TEST = frozenset({".caws", ".agency", ".github"})
_OTHER_PROJECTS = frozenset(
    {"package.json", "deno.json", "cargo.toml", "go.mod", "pom.xml", "build.gradle", "build.gradle.kts", "gemfile"}
)


def is_test_file(path: str) -> bool:
    """Whether a file belongs to the tests: by its name, or by a folder for tests above it."""
    pure = PurePosixPath(path)
    return _LOADED_BY_ITSELF.fullmatch(pure.name) is not None or not _FOLDERS.isdisjoint(pure.parts[:-1])


def is_test_module(path: str) -> bool:
    """Whether a test runner finds tests in a file by its name alone."""
    return _MODULE.fullmatch(PurePosixPath(path).name) is not None


def concerns_tests(change: Change) -> bool:
    """Whether a change may make the tests other than they are at the base.

    It does unless every file of it is prose or source code of a language that keeps tests in files of their own, is
    no test by any convention and no script that decides how tests are run. Data may be what a test reads.
    """
    return any(_may_bear_on_tests(path) for file in change.files for path in file.paths)


def is_of_other_language(change: Change) -> bool:
    """Whether a change touches code or a project of a language that no gate here reads test by test."""
    paths = {path for file in change.files for path in file.paths}
    return any(_is_other_source(path) or PurePosixPath(path).name.lower() in _OTHER_PROJECTS for path in paths)


def _may_bear_on_tests(path: str) -> bool:
    pure = PurePosixPath(path)
    if is_test_file(path) or pure.suffix.lower() in _TESTS_IN_CODE:
        return True
    if pure.parts[0] in _OF_NO_TEST or pure.name in {".gitignore", "LICENSE"}:
        return False
    if is_source(path):
        return is_test(path) or _BUILD_SCRIPTS.fullmatch(pure.name.lower()) is not None
    return pure.suffix.lower() not in _PROSE


def _is_other_source(path: str) -> bool:
    return is_source(path) and PurePosixPath(path).suffix.lower() not in {".py", ".pyi", ".pyx", ".sh", ".bash", ".sql"}


def touched_base_tests(change: Change) -> tuple[str, ...]:
    """The base's test files that a change edits, moves or deletes, sorted."""
    olds = [file.old.path for file in change.files if file.old is not None and file.status is not FileStatus.COPIED]
    return tuple(sorted(path for path in olds if is_test_file(path)))


def overlaid(head: Part, base: Part) -> tuple[Part, Part]:
    """The head's code with every test file of the base as it stands there, deleted ones restored.

    A test file that only the head has is left out where a test runner loads it unasked (a test module, ``conftest.py``,
    a package's ``__init__.py`` among the tests), since it could silence the base's tests; helpers and data stay. What
    stands in a folder named for tests and is a package of the product is no test: it stays as the head has it.
    """
    product = product_packages(entry.path for part in (head, base) for entry in part.entries)
    tests = tuple(entry for entry in base.entries if _is_test(entry.path, product))
    taken = {entry.path for entry in tests}
    folders = {str(parent) for path in taken for parent in PurePosixPath(path).parents}
    kept = tuple(entry for entry in head.entries if _stays(entry, taken, folders, product))
    return Part(head.tree, kept), Part(base.tree, tests)


def product_packages(paths: Iterable[str]) -> frozenset[str]:
    """Folders named for tests that are packages inside of a package and hold nothing that a runner finds.

    ``mylib/test/`` with helpers for those who use ``mylib`` is one; ``mylib/tests/`` with ``test_a.py`` is none.
    """
    known = set(paths)
    folders = {
        str(parent)
        for path in known
        for parent in PurePosixPath(path).parents
        if parent.name in _FOLDERS and str(parent.parent) != "."
    }
    packages = {
        folder
        for folder in folders
        if f"{folder}/__init__.py" in known and f"{PurePosixPath(folder).parent}/__init__.py" in known
    }
    with_tests = {
        str(parent)
        for path in known
        if _LOADED_BY_ITSELF.fullmatch(PurePosixPath(path).name)
        for parent in PurePosixPath(path).parents
    }
    return frozenset(packages - with_tests)


def _is_test(path: str, product: frozenset[str]) -> bool:
    return is_test_file(path) and not any(str(parent) in product for parent in PurePosixPath(path).parents)


def _stays(entry: TreeEntry, taken: set[str], folders: set[str], product: frozenset[str]) -> bool:
    pure = PurePosixPath(entry.path)
    in_the_way = entry.path in taken or entry.path in folders or _any_in(pure.parents, taken)
    unasked = _is_test(entry.path, product) and (
        pure.name == "__init__.py" or _LOADED_BY_ITSELF.fullmatch(pure.name) is not None
    )
    return not in_the_way and not unasked


def _any_in(paths: Iterable[PurePosixPath], taken: set[str]) -> bool:
    return any(str(path) in taken for path in paths)
