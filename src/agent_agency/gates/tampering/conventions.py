"""Which files, classes and functions the base's test configuration collects."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from agent_agency.gates.tampering.python_source import is_python

ReadFile = Callable[[str], bytes | None]
_TEST_FOLDERS = frozenset({"test", "tests"})
_SECTIONS = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest.ini_options"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)


@dataclass(frozen=True, slots=True)
class Conventions:
    """Patterns of pytest's collection (https://docs.pytest.org, ``python_files`` and its kin), unittest's added.

    ``deselected`` are the marks that ``addopts`` leaves out by ``-m "not MARK"``.
    """

    files: tuple[str, ...] = ("test_*.py", "*_test.py")
    classes: tuple[str, ...] = ("Test",)
    functions: tuple[str, ...] = ("test",)
    deselected: frozenset[str] = frozenset()

    def collects_file(self, path: str) -> bool:
        """Whether a runner looks for tests in the file."""
        name = PurePosixPath(path).name
        patterns = (*self.files, "test*.py")
        return any(fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns)

    def is_test_file(self, path: str) -> bool:
        """Whether Python at this path serves tests: collected, a conftest, or in a folder for tests."""
        pure = PurePosixPath(path)
        if not is_python(path):
            return False
        in_folder = not _TEST_FOLDERS.isdisjoint(pure.parts[:-1])
        return in_folder or pure.name == "conftest.py" or self.collects_file(path)

    def collects_function(self, name: str) -> bool:
        """Whether a function or method of this name is a test."""
        return _matches(name, self.functions)

    def collects_class(self, name: str) -> bool:
        """Whether a class of this name holds tests, whatever it derives from."""
        return _matches(name, self.classes)


def read_conventions(read_base: ReadFile) -> Conventions:
    """What pytest is told at the base; its defaults where nothing readable is said."""
    options = pytest_options(read_base)
    plain = Conventions()
    return Conventions(
        files=_words(options.get("python_files")) or plain.files,
        classes=_words(options.get("python_classes")) or plain.classes,
        functions=_words(options.get("python_functions")) or plain.functions,
        deselected=_deselected(_text(options.get("addopts"))),
    )


def pytest_options(read: ReadFile) -> Mapping[str, Any]:
    """The options of the configuration that pytest uses: the first file that has its section."""
    for path, section in _SECTIONS:
        data = read(path)
        if data is not None and (options := _section(path, section, data)) is not None:
            return options
    return {}


def _section(path: str, section: str, data: bytes) -> Mapping[str, Any] | None:
    try:
        text = data.decode("utf-8-sig")
        if path.endswith(".toml"):
            table: Any = tomllib.loads(text)
            for part in section.split("."):
                table = table[part]
            return table if isinstance(table, dict) else None
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(text)
    except (ValueError, KeyError, TypeError, RecursionError, configparser.Error):
        return None
    if parser.has_section(section):
        return dict(parser.items(section))
    return {} if path.endswith("pytest.ini") else None


def _deselected(addopts: str) -> frozenset[str]:
    try:
        words = shlex.split(addopts)
    except ValueError:
        words = addopts.split()
    said = [after for before, after in pairwise(words) if before == "-m"]
    return frozenset(name for text in said for name in re.findall(r"\bnot\s+(\w+)", text))


def _text(value: object) -> str:
    if isinstance(value, list):
        return shlex.join(str(item) for item in value)
    return value if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else tuple(_text(value).split())


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name.startswith(pattern) or fnmatchcase(name, pattern) for pattern in patterns)
