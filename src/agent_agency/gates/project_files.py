"""What a repository's own files say about the tools that it uses; nothing is run, and no content makes this raise."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_REQUIREMENT_FILES = re.compile(r"(?:requirements|constraints)[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in)")
_HOOK = re.compile(r"^\s*-?\s*id:\s*['\"]?([\w-]+)", re.MULTILINE)
_NO_PACKAGES = frozenset({"test", "tests", "testing", "docs", "doc", "examples", "example", "benchmarks", "scripts"})
_TEST_FILE = re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test)\.py")
_MOST_TEST_FILES = 200


@dataclass(frozen=True)
class ProjectFiles:
    """The tracked files of a repository.

    ``paths`` are repository-relative; ``read`` gives a file's text, ``None`` where there is none that can be read.
    """

    paths: Sequence[str]
    read: Callable[[str], str | None]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.paths)

    def has(self, *paths: str) -> str | None:
        """The first of the paths that is tracked."""
        return next((path for path in paths if path in self._known), None)

    def text(self, path: str) -> str:
        """A tracked file's text, else an empty one."""
        return (self.read(path) or "") if path in self._known else ""

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """The tables of pyproject.toml."""
        return self.toml("pyproject.toml")

    def toml(self, path: str) -> Mapping[str, Any]:
        """The tables of a TOML file; nothing where it cannot be read."""
        try:
            return tomllib.loads(self.text(path))
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}

    def tool(self, *names: str) -> Mapping[str, Any] | None:
        """A table below ``[tool]`` of pyproject.toml."""
        return _table(self.pyproject, "tool", *names)

    def ini(self, path: str, section: str) -> Mapping[str, str] | None:
        """A section of an ini file."""
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read_string(self.text(path))
        except configparser.Error:
            return None
        return dict(parser.items(section)) if parser.has_section(section) else None

    @cached_property
    def package_json(self) -> Mapping[str, Any]:
        """The top of package.json."""
        try:
            value = json.loads(self.text("package.json") or "{}")
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @cached_property
    def node_packages(self) -> frozenset[str]:
        """Names of the packages that package.json asks for."""
        tables = [self.package_json.get(key) for key in ("dependencies", "devDependencies")]
        return frozenset(name for table in tables if isinstance(table, dict) for name in table)

    @cached_property
    def node_scripts(self) -> tuple[str, ...]:
        """The commands that package.json names."""
        scripts = self.package_json.get("scripts")
        return tuple(text for text in scripts.values() if isinstance(text, str)) if isinstance(scripts, dict) else ()

    @cached_property
    def requirements(self) -> frozenset[str]:
        """Names, in their normal form, of the Python packages that the repository asks for anywhere."""
        lines = [line for value in self._requirement_lists() if isinstance(value, list) for line in value]
        for path in self.paths:
            if _REQUIREMENT_FILES.fullmatch(path):
                lines += self.text(path).splitlines()
        named = (_REQUIREMENT.match(line) for line in lines if isinstance(line, str))
        keys = {
            name
            for table in self._poetry_tables()
            if isinstance(table, dict)
            for name in table
            if isinstance(name, str)
        }
        return frozenset(
            re.sub(r"[-_.]+", "-", name).lower() for name in {*keys, *(found[1] for found in named if found)}
        )

    @cached_property
    def hooks(self) -> frozenset[str]:
        """Ids of the hooks that pre-commit runs here."""
        return frozenset(_HOOK.findall(self.text(".pre-commit-config.yaml")))

    @cached_property
    def src_layout(self) -> bool:
        """Whether what is imported lies in ``src``, which is no package itself."""
        below = any(re.fullmatch(r"src/(?:\w+/)*\w+\.py", path) for path in self.paths)
        return below and not self.has("src/__init__.py")

    @cached_property
    def source_folders(self) -> tuple[str, ...]:
        """Where the Python sources lie: ``src``, else the packages at the top, else ``.``; nothing without Python."""
        if self.src_layout:
            return ("src",)
        python = [path for path in self.paths if path.endswith(".py")]
        tops = (path.removesuffix("/__init__.py") for path in python if path.endswith("/__init__.py"))
        packages = tuple(sorted(top for top in tops if top.isidentifier() and top not in _NO_PACKAGES))
        return packages or ((".",) if python else ())

    @cached_property
    def test_paths(self) -> tuple[str, ...]:
        """Python's test files, the first 200."""
        return tuple(path for path in self.paths if _TEST_FILE.fullmatch(path))[:_MOST_TEST_FILES]

    @cached_property
    def test_texts(self) -> tuple[str, ...]:
        """The texts of Python's test files."""
        return tuple(map(self.text, self.test_paths))

    def _requirement_lists(self) -> Iterator[Any]:
        project = _table(self.pyproject, "project") or {}
        yield project.get("dependencies")
        for table in (project.get("optional-dependencies"), self.pyproject.get("dependency-groups")):
            yield from table.values() if isinstance(table, dict) else ()

    def _poetry_tables(self) -> Iterator[Any]:
        poetry = self.tool("poetry") or {}
        yield from (poetry.get("dependencies"), poetry.get("dev-dependencies"))
        groups = poetry.get("group")
        for group in groups.values() if isinstance(groups, dict) else ():
            yield group.get("dependencies") if isinstance(group, dict) else None


def _table(value: Any, *names: str) -> Mapping[str, Any] | None:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None
