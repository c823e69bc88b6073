"""Which files of a tree are tests, and a tree of the head's code with the base's tests in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from agent_agency.change.model import Change, FileStatus
from agent_agency.gates.checkout import Part
from agent_agency.git.tree import TreeEntry

_FOLDERS = frozenset({"test", "tests", "__tests__"})
_LOADED_BY_ITSELF = re.compile(
    r"test_.*\.py|.*_test\.py|conftest\.py|\.?pytest\.ini|.*_test\.go|.*\.(?:test|spec)\.[cm]?[jt]sx?"
)
_MODULE = re.compile(r"test_.*\.py|.*_test\.py|.*_test\.go|.*\.(?:test|spec)\.[cm]?[jt]sx?")
_SETTINGS = frozenset({"pyproject.toml", "setup.cfg", "tox.ini"})


def is_test_file(path: str) -> bool:
    """Whether a file belongs to the tests: by its name, or by a folder for tests above it."""
    pure = PurePosixPath(path)
    return _LOADED_BY_ITSELF.fullmatch(pure.name) is not None or not _FOLDERS.isdisjoint(pure.parts[:-1])


def is_test_module(path: str) -> bool:
    """Whether a test runner finds tests in a file by its name alone."""
    return _MODULE.fullmatch(PurePosixPath(path).name) is not None


def concerns_tests(change: Change) -> bool:
    """Whether a change touches a test file or settings that say which tests are run."""
    paths = {path for file in change.files for path in file.paths}
    return any(is_test_file(path) or PurePosixPath(path).name in _SETTINGS for path in paths)


def deletes_tests(change: Change) -> bool:
    """Whether a change takes a test file away."""
    return any(file.status is FileStatus.DELETED and is_test_file(file.path) for file in change.files)


def touched_base_tests(change: Change) -> tuple[str, ...]:
    """The base's test files that a change edits, moves or deletes, sorted."""
    olds = [file.old.path for file in change.files if file.old is not None and file.status is not FileStatus.COPIED]
    return tuple(sorted(path for path in olds if is_test_file(path)))


def overlaid(head: Part, base: Part) -> tuple[Part, Part]:
    """The head's code with every test file of the base as it stands there, deleted ones restored.

    A test file that only the head has is left out where a test runner loads it unasked (a test module, ``conftest.py``,
    a package's ``__init__.py`` among the tests), since it could silence the base's tests; helpers and data stay.
    """
    tests = tuple(entry for entry in base.entries if is_test_file(entry.path))
    taken = {entry.path for entry in tests}
    folders = {str(parent) for path in taken for parent in PurePosixPath(path).parents}
    kept = tuple(entry for entry in head.entries if _stays(entry, taken, folders))
    return Part(head.tree, kept), Part(base.tree, tests)


def _stays(entry: TreeEntry, taken: set[str], folders: set[str]) -> bool:
    pure = PurePosixPath(entry.path)
    in_the_way = entry.path in taken or entry.path in folders or _any_in(pure.parents, taken)
    unasked = is_test_file(entry.path) and (
        pure.name == "__init__.py" or _LOADED_BY_ITSELF.fullmatch(pure.name) is not None
    )
    return not in_the_way and not unasked


def _any_in(paths: Iterable[PurePosixPath], taken: set[str]) -> bool:
    return any(str(path) in taken for path in paths)
