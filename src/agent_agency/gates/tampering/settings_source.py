"""The settings of test and lint tools as those tools find them: from the first file that holds any, in their order."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

ReadFile = Callable[[str], bytes | None]
Settings = Mapping[str, Any]
MAX_BYTES = 4 << 20

_INI = "ini"
_TOML = "toml"
_JSON = "json"
_SCRIPT = "script"

# Where each tool looks, in its order: file name, form, and the section; ``*`` stands for the whole file.
SOURCES: Mapping[str, tuple[tuple[str, str, str], ...]] = MappingProxyType(
    {
        "pytest": (
            ("pytest.toml", _TOML, "pytest"),
            (".pytest.toml", _TOML, "pytest"),
            ("pytest.ini", _INI, "pytest"),
            (".pytest.ini", _INI, "pytest"),
            ("pyproject.toml", _TOML, "tool.pytest.ini_options"),
            ("tox.ini", _INI, "pytest"),
            ("setup.cfg", _INI, "tool:pytest"),
        ),
        "coverage": (
            (".coveragerc", _INI, "*"),
            (".coveragerc.toml", _TOML, "tool.coverage"),
            ("setup.cfg", _INI, "coverage:"),
            ("tox.ini", _INI, "coverage:"),
            ("pyproject.toml", _TOML, "tool.coverage"),
        ),
        "mypy": (
            ("mypy.ini", _INI, "*"),
            (".mypy.ini", _INI, "*"),
            ("pyproject.toml", _TOML, "tool.mypy"),
            ("setup.cfg", _INI, "mypy"),
        ),
        "ruff": ((".ruff.toml", _TOML, "*"), ("ruff.toml", _TOML, "*"), ("pyproject.toml", _TOML, "tool.ruff")),
        "flake8": ((".flake8", _INI, "flake8"), ("setup.cfg", _INI, "flake8"), ("tox.ini", _INI, "flake8")),
        "pylint": (
            ("pylintrc", _INI, "*"),
            ("pylintrc.toml", _TOML, "*"),
            (".pylintrc", _INI, "*"),
            (".pylintrc.toml", _TOML, "*"),
            ("pyproject.toml", _TOML, "tool.pylint"),
            ("setup.cfg", _INI, "pylint"),
        ),
        "pyright": (("pyrightconfig.json", _JSON, "*"), ("pyproject.toml", _TOML, "tool.pyright")),
        "bandit": ((".bandit", _INI, "bandit"), ("pyproject.toml", _TOML, "tool.bandit")),
        "mutmut": (("pyproject.toml", _TOML, "tool.mutmut"), ("setup.cfg", _INI, "mutmut")),
        "interrogate": (("pyproject.toml", _TOML, "tool.interrogate"), ("setup.cfg", _INI, "tool:interrogate")),
        "diff_cover": (("pyproject.toml", _TOML, "tool.diff_cover"),),
        "jest": (
            ("jest.config.json", _JSON, "*"),
            ("jest.config.js", _SCRIPT, "*"),
            ("jest.config.cjs", _SCRIPT, "*"),
            ("jest.config.mjs", _SCRIPT, "*"),
            ("jest.config.ts", _SCRIPT, "*"),
            ("package.json", _JSON, "jest"),
        ),
        "vitest": tuple(
            (f"{name}.config.{suffix}", _SCRIPT, "*")
            for name in ("vitest", "vite")
            for suffix in ("ts", "mts", "js", "mjs", "cts", "cjs")
        ),
        "nyc": ((".nycrc", _JSON, "*"), (".nycrc.json", _JSON, "*"), ("package.json", _JSON, "nyc")),
        "c8": ((".c8rc", _JSON, "*"), (".c8rc.json", _JSON, "*"), ("package.json", _JSON, "c8")),
        "stryker": (
            ("stryker.conf.json", _JSON, "*"),
            ("stryker.config.json", _JSON, "*"),
            (".stryker.conf.json", _JSON, "*"),
            ("stryker.conf.js", _SCRIPT, "*"),
            ("stryker.config.js", _SCRIPT, "*"),
            ("stryker.config.mjs", _SCRIPT, "*"),
            ("stryker.conf.mjs", _SCRIPT, "*"),
        ),
        "typescript": (("tsconfig.json", _JSON, "compilerOptions"),),
        "eslint": (
            (".eslintrc.json", _JSON, "rules"),
            (".eslintrc", _JSON, "rules"),
            ("package.json", _JSON, "eslintConfig"),
        ),
    }
)
FILE_NAMES = frozenset(name for places in SOURCES.values() for name, _, _ in places)
_NUMBER_IN_SCRIPT = re.compile(r"\b(lines|branches|functions|statements|break)['\"]?\s*:\s*(-?\d+(?:\.\d+)?)")
_LIST_IN_SCRIPT = re.compile(
    r"\b(testPathIgnorePatterns|coveragePathIgnorePatterns|exclude|testMatch|mutate|ignorePatterns)['\"]?\s*:\s*\[([^\]]*)\]"
)


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """The settings of one tool: the file that they come from (``None`` where there is none) and values by dotted key.

    ``broken`` says that the file is there and cannot be read.
    """

    path: str | None
    values: Settings
    broken: bool = False


def settings_of(tool: str, folder: str, read: ReadFile) -> ToolSettings:
    """What a tool that runs in ``folder`` (empty, or ending in a slash) is told."""
    for name, form, section in SOURCES[tool]:
        data = read(folder + name)
        if data is None:
            continue
        try:
            values = dict(_flat(_section(_document(form, data), section)))
        except (ValueError, TypeError, KeyError, RecursionError, configparser.Error):
            if form != _JSON or name != "package.json":
                return ToolSettings(folder + name, {}, broken=True)
            continue
        if values or name in {"pytest.ini", ".pytest.ini"}:
            return ToolSettings(folder + name, values)
    return ToolSettings(None, {})


def _document(form: str, data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise ValueError("larger than any configuration file")
    text = data.decode("utf-8-sig")
    if form == _TOML:
        return tomllib.loads(text)
    if form == _JSON:
        return json.loads(_without_comments(text))
    if form == _SCRIPT:
        return dict(_numbers(text))
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _without_comments(text: str) -> str:
    """JSON of configuration files may hold comments and trailing commas; what stands in strings stays."""
    kept = re.sub(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', lambda match: match[1] or "", text, flags=re.DOTALL)
    return re.sub(r'("(?:\\.|[^"\\\n])*")|,(?=\s*[}\]])', lambda match: match[1] or "", kept)


def _numbers(text: str) -> Iterator[tuple[str, Any]]:
    """The least value of each threshold that a script of settings writes as a number, and what it leaves out."""
    code = re.sub(r"(?<!:)//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    least: dict[str, float] = {}
    for match in _NUMBER_IN_SCRIPT.finditer(code):
        least[match[1]] = min(float(match[2]), least.get(match[1], float(match[2])))
    yield "threshold", least
    for match in _LIST_IN_SCRIPT.finditer(code):
        yield match[1], re.findall(r"""['"`]([^'"`]*)['"`]""", match[2])
    if re.search(r"passWithNoTests['\"]?\s*:\s*true", code):
        yield "passWithNoTests", True


def _section(document: Any, section: str) -> Any:
    if section == "*":
        return document
    if section.endswith(":"):
        return {name[len(section) :]: value for name, value in document.items() if name.startswith(section)}
    if section in document:
        return document[section]
    for part in section.split("."):
        if not isinstance(document, dict) or part not in document:
            return {}
        document = document[part]
    return document


def _of_table(table: Settings, number: int) -> str:
    """What one of several tables is about, so that it is told from its neighbours when they move."""
    about = table.get("module", table.get("name", number))
    return ",".join(map(str, about)) if isinstance(about, list) else str(about)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise TypeError("no table of settings")
    for name, item in value.items():
        key = f"{prefix}{name}"
        if isinstance(item, dict):
            yield from _flat(item, f"{key}.")
        elif isinstance(item, list) and item and all(isinstance(part, dict) for part in item):
            for number, part in enumerate(item):
                yield from _flat(part, f"{key}.{_of_table(part, number)}.")
        else:
            yield key, item
