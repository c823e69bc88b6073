"""Which sections of a shared configuration file differ between base and head, and what they govern.

``pyproject.toml``, ``setup.cfg`` and ``package.json`` hold both a project's description and the configuration of its
tools; only an edit of the latter is an edit of what governs. A file that cannot be parsed counts whole.
"""

from __future__ import annotations

import configparser
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent_agency.change.governance_paths import HOOKS, TESTS_CONFIG, TOOL_CONFIG

_LARGEST = 4 << 20
_TEST_TOOLS = frozenset(
    {"pytest", "pytest-enabler", "coverage", "tox", "nox", "hatch.envs.test", "mutmut", "cosmic-ray", "hypothesis"}
    | {"jest", "mocha", "nyc", "c8", "ava", "vitest", "cypress", "karma", "stryker", "tap", "coverage:run"}
)
_HOOK_TOOLS = frozenset({"husky", "lint-staged", "simple-git-hooks", "pre-commit", "gitHooks", "lefthook"})
_PACKAGE_KEYS = frozenset(
    {"scripts", "eslintConfig", "eslintIgnore", "prettier", "stylelint", "babel", "standard", "xo", "commitlint", "tsd"}
    | {"config", "lerna", "nx", "wireit", "pnpm", "biome", "size-limit", "bundlesize", "sonar"}
)

Sections = Mapping[str, Any]


def is_shared_config(path: str) -> bool:
    """Whether the file mixes a project's description with its tools' configuration."""
    return _reader(path) is not None


def changed_sections(path: str, before: bytes | None, after: bytes | None) -> Mapping[str, tuple[str, ...]] | None:
    """The names of the tool sections that differ, by kind; empty when none does, ``None`` when that cannot be told.

    ``before`` and ``after`` are the file's content, ``None`` where there is no file.
    """
    reader = _reader(path)
    if reader is None:
        return {}
    try:
        old, new = _sections(reader, before), _sections(reader, after)
    except (ValueError, TypeError, RecursionError, configparser.Error):
        return None
    differing = sorted(name for name in old.keys() | new.keys() if _differs(old, new, name))
    kinds = dict.fromkeys(_kind(name) for name in differing)
    return {kind: tuple(name for name in differing if _kind(name) == kind) for kind in kinds}


def _sections(reader: Callable[[str], Iterator[tuple[str, Any]]], data: bytes | None) -> Sections:
    if data is None:
        return {}
    if len(data) > _LARGEST:
        raise ValueError("larger than any configuration file")
    return dict(reader(data.decode("utf-8-sig")))


def _differs(old: Sections, new: Sections, name: str) -> bool:
    """Whether a section is gone, new or of other content; JSON text keeps 1, 1.0 and true apart."""
    if (name in old) != (name in new):
        return True
    return _as_text(old[name]) != _as_text(new[name])


def _as_text(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)


def _kind(name: str) -> str:
    tool = name.removeprefix("tool.").removeprefix("tool:")
    if tool in _HOOK_TOOLS:
        return HOOKS
    return TESTS_CONFIG if tool in _TEST_TOOLS or tool.split(":")[0] in _TEST_TOOLS else TOOL_CONFIG


def _reader(path: str) -> Callable[[str], Iterator[tuple[str, Any]]] | None:
    name = path.rpartition("/")[2].casefold()
    return {"pyproject.toml": _pyproject, "setup.cfg": _setup_cfg, "package.json": _package_json}.get(name)


def _pyproject(text: str) -> Iterator[tuple[str, Any]]:
    import tomllib

    document = tomllib.loads(text)
    tools = document.get("tool", {})
    if not isinstance(tools, dict):
        raise TypeError("tool is no table")
    yield from ((f"tool.{name}", value) for name, value in tools.items())
    if "build-system" in document:
        yield "build-system", document["build-system"]


def _setup_cfg(text: str) -> Iterator[tuple[str, Any]]:
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(text)
    for name in parser.sections():
        if name != "metadata" and not name.startswith("options"):
            yield name, parser.items(name)
    if parser.defaults():
        yield "DEFAULT", sorted(parser.defaults().items())


def _package_json(text: str) -> Iterator[tuple[str, Any]]:
    document = json.loads(text, object_pairs_hook=_without_repetition)
    if not isinstance(document, dict):
        raise TypeError("no object")
    for name, value in document.items():
        if name in _PACKAGE_KEYS | _TEST_TOOLS | _HOOK_TOOLS:
            yield name, value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a repeated key: readers differ on which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
