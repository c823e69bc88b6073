"""Settings that a change makes laxer: thresholds, switches, what is left out, what is looked for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from agent_agency.change.model import Change
from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.tampering.rules import Rule, found, quoted
from agent_agency.gates.tampering.settings_source import FILE_NAMES, SOURCES, ToolSettings, settings_of

ReadFile = Callable[[str], bytes | None]

_FLOORS = frozenset(
    {"fail_under", "lines", "branches", "functions", "statements", "break", "minimum_score", "cov_fail_under"}
    | {"max_examples", "minimum_coverage", "min_coverage"}
)
_CEILINGS = re.compile(r"max_(?!line|doc|examples)\w+")
_SWITCHES_ON = re.compile(
    r"branch|(?:xfail_)?strict(?:_\w+)?|check_coverage|check_untyped_defs|warn_\w+|disallow_\w+|extra_checks"
    r"|strict[a-z]+|no(?:implicit|unused|unchecked|fallthrough)\w+|local_partial_types|truthy_bool|all"
)
_SWITCHES_OFF = re.compile(
    r"ignore_errors|ignore_missing_imports|allow_\w+|exit_zero|passwithnotests|skiplibcheck|implicit_optional"
    r"|implicit_reexport|ignore_init_module\w*|ignore_init_method|ignore_module"
)
_LEFT_OUT = re.compile(
    r"omit|exclude\w*|extend_exclude|(?:extend_)?ignore|ignore_(?:patterns|paths|imports|regex)|ignored_modules|skips"
    r"|disable|disable_error_code|norecursedirs|collect_ignore\w*|partial_branches|partial_also|deselect"
    r"|(?:testpath|coveragepath|modulepath)ignorepatterns|paths_to_exclude|do_not_mutate"
)
_LOOKED_FOR = re.compile(
    r"testpaths|python_files|python_functions|python_classes|(?:extend_)?select|enable|enable_error_code|source"
    r"|source_pkgs|required_plugins|collectcoveragefrom|testmatch|testregex|roots|paths_to_mutate|mutate|files|paths"
)
_REPLACING = frozenset({"flake8", "pylint", "ruff"})
_DEFAULTS = {
    "python_files": ["test_*.py", "*_test.py"],
    "python_functions": ["test"],
    "python_classes": ["Test"],
}
_DEFAULT_EXCLUSION = "pragma: no cover"
_PER_FILE = re.compile(r"(?:^|\.)(?:extend[-_])?per[-_]file[-_]ignores(?:\.|$)")
_COVERAGE_TOOLS = frozenset({"coverage", "nyc", "c8", "interrogate"})
_SELECTION = frozenset({"testpaths", "python_files", "python_functions", "python_classes", "norecursedirs", "deselect"})
_NARROWING = frozenset(
    {"-k", "-m", "--ignore", "--ignore-glob", "--deselect", "--maxfail", "--exitfirst", "-x", "--lf"}
)
_NARROWING_MORE = frozenset(
    {"--last-failed", "--sw", "--stepwise", "--co", "--collect-only", "--no-cov", "--cov-fail-under", "--pyargs", "-p"}
    | {"--continue-on-collection-errors", "--runxfail", "--reruns", "--suppress-no-test-exit-code", "--setup-only"}
)
_VALUED = frozenset(
    {"-k", "-m", "--ignore", "--ignore-glob", "--deselect", "--maxfail", "-p", "--cov-fail-under", "-W", "--reruns"}
)
_GUARDING = frozenset(
    {
        "--strict-markers",
        "--strict-config",
        "--strict",
        "--cov",
        "--cov-branch",
        "-W",
        "--doctest-modules",
        "--import-mode",
    }
)


@dataclass(frozen=True, slots=True)
class _Slack:
    rule: Rule
    key: str
    told: str


def settings_findings(
    change: Change, read_base: ReadFile, read_head: ReadFile, tests: Sequence[str] = ()
) -> Iterator[Finding]:
    """What the change makes laxer in the settings of every folder whose configuration it touches.

    ``tests`` are the paths of test files at the head: a first ``testpaths`` narrows only where it leaves some out.
    """
    folders = sorted({folder for file in change.files for path in file.paths if (folder := _folder(path)) is not None})
    for folder in folders:
        sides = {tool: (settings_of(tool, folder, read_base), settings_of(tool, folder, read_head)) for tool in SOURCES}
        replaced = _REPLACING if any(_is_new(*sides[tool]) for tool in _REPLACING) else frozenset()
        for tool, (before, after) in sides.items():
            if before != after and not (tool in replaced and after.path is None):
                yield from _tool_findings(tool, before, after, read_head)
                if tool == "pytest" and "testpaths" not in before.values and not after.broken:
                    yield from _first_paths(folder, after, tests)


def _folder(path: str) -> str | None:
    pure = PurePosixPath(path)
    return path[: len(path) - len(pure.name)] if pure.name in FILE_NAMES else None


def _tool_findings(tool: str, before: ToolSettings, after: ToolSettings, read_head: ReadFile) -> Iterator[Finding]:
    path = after.path or before.path or ""
    if after.broken:
        if not before.broken:
            yield _broken(tool, path)
        return
    text = (read_head(path) or b"").decode("utf-8", "replace")
    for slack in _slacks(tool, before.values, after.values):
        yield found(
            slack.rule,
            Severity.MODERATE,
            Place(path, _line_of(text, slack.key)),
            f"{tool}: {slack.told}",
            remedy=f"Put {slack.key.rpartition('.')[2]} back as it was at the base, or have a person waive it",
            subject=f"{tool}.{slack.key}:{slack.told}",
        )


def _is_new(before: ToolSettings, after: ToolSettings) -> bool:
    return before.path is None and after.path is not None


def _first_paths(folder: str, after: ToolSettings, tests: Sequence[str]) -> Iterator[Finding]:
    paths = _items(after.values.get("testpaths"))
    roots = tuple(f"{folder}{path.strip('/')}/" for path in paths if path not in {".", "./"})
    left = [path for path in tests if path.startswith(folder) and not path.startswith(roots)]
    if paths and len(roots) == len(paths) and not any("*" in path for path in paths) and left:
        told = f"testpaths leaves out {quoted(left[0])}" + (f" and {len(left) - 1} more" if len(left) > 1 else "")
        yield found(
            Rule.SELECTION_NARROWED,
            Severity.MODERATE,
            Place(after.path or folder),
            f"pytest: {told}",
            remedy="Name every folder of tests in testpaths, or have a person waive it",
            subject="pytest.testpaths",
        )


def _broken(tool: str, path: str) -> Finding:
    return found(
        Rule.NOT_READ,
        Severity.MODERATE,
        Place(path),
        f"the settings of {tool} in {display_path(path)} cannot be read any more",
        remedy=f"Write {display_path(path)} so that it parses",
        subject=tool,
    )


def _slacks(tool: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[_Slack]:
    strict = any(_is_on(after.get(key)) for key in ("strict", "mypy.strict"))
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if (old == new and type(old) is type(new)) or _is_harmless(tool, key, new, strict=strict):
            continue
        name = _normal(key.rpartition(".")[2])
        if tool == "eslint":
            yield from _of_rule(key, old, new)
        elif name == "addopts":
            yield from _of_addopts(key, _words(old), _words(new))
        else:
            yield from _of_setting(tool, key, name, old, new)


def _is_harmless(tool: str, key: str, new: Any, *, strict: bool) -> bool:
    """Whether a setting weakens nothing by itself: paths that are one, packages without types, parts of ``strict``."""
    if tool == "coverage":
        return key.startswith("paths.")
    if tool != "mypy":
        return False
    untyped = key.startswith("overrides.") and key.endswith(".ignore_missing_imports")
    return untyped or (strict and new is None and _SWITCHES_ON.fullmatch(_normal(key.rpartition(".")[2])) is not None)


def _of_setting(tool: str, key: str, name: str, old: Any, new: Any) -> Iterator[_Slack]:
    if name in _FLOORS and (floor := _number(old)) is not None:
        if (now := _number(new)) is None or now < floor:
            yield _Slack(Rule.THRESHOLD_LOWERED, key, f"{key} went from {old} to {_shown(new)}")
    elif _CEILINGS.fullmatch(name) and (ceiling := _number(old)) is not None:
        if (now := _number(new)) is None or now > ceiling:
            yield _Slack(Rule.THRESHOLD_LOWERED, key, f"{key} went from {old} to {_shown(new)}")
    elif _PER_FILE.search(key) or _LEFT_OUT.fullmatch(name):
        yield from _of_left_out(tool, key, name, _items(old), _items(new))
    elif name == "filterwarnings":
        yield from _of_warnings(key, _items(old), _items(new))
    elif _LOOKED_FOR.fullmatch(name) and not isinstance(old, bool):
        old = _DEFAULTS.get(name) if tool == "pytest" and old is None else old
        gone = [item for item in _items(old) if item not in _items(new)]
        widened = new is None and name in {"source", "testpaths", "files", "paths", "roots", "mutate"}
        if gone and not widened:
            yield _Slack(Rule.SELECTION_NARROWED, key, f"{key} no longer has {_listed(gone)}")
    elif _SWITCHES_ON.fullmatch(name) and _is_on(old) and not _is_on(new):
        yield _Slack(Rule.THRESHOLD_LOWERED, key, f"{key} is switched off")
    elif _SWITCHES_OFF.fullmatch(name) and _is_on(new) and not _is_on(old):
        yield _Slack(Rule.SELECTION_NARROWED, key, f"{key} is switched on")


def _of_left_out(tool: str, key: str, name: str, old: list[str], new: list[str]) -> Iterator[_Slack]:
    more = [item for item in new if item not in old and item != _DEFAULT_EXCLUSION]
    if not more:
        return
    if tool in _COVERAGE_TOOLS or name.startswith("coverage"):
        yield _Slack(Rule.COVERAGE_EXCLUDED, key, f"{key} newly leaves out {_listed(more)}")
    elif name in _SELECTION or name.startswith("testpath") or tool == "pytest":
        yield _Slack(Rule.SELECTION_NARROWED, key, f"{key} newly leaves out {_listed(more)}")
    else:
        yield _Slack(Rule.SUPPRESSION_ADDED, key, f"{key} newly leaves out {_listed(more)}")


def _of_warnings(key: str, old: list[str], new: list[str]) -> Iterator[_Slack]:
    more = [item for item in new if item.startswith(("ignore", "default", "once")) and item not in old]
    if more:
        yield _Slack(Rule.SUPPRESSION_ADDED, key, f"{key} newly has {_listed(more)}")
    if any(item.startswith("error") for item in old) and not any(item.startswith("error") for item in new):
        yield _Slack(Rule.THRESHOLD_LOWERED, key, f"{key} no longer turns warnings into errors")


def _of_rule(key: str, old: Any, new: Any) -> Iterator[_Slack]:
    ranks = {"off": 0, "0": 0, "warn": 1, "1": 1, "error": 2, "2": 2}
    level = [ranks.get(str(value[0] if isinstance(value, list) and value else value)) for value in (old, new)]
    if level[0] is not None and (level[1] or 0) < level[0]:
        yield _Slack(Rule.SUPPRESSION_ADDED, key, f"rule {key} went from {_shown(old)} to {_shown(new)}")
    elif old is None and level[1] == 0:
        yield _Slack(Rule.SUPPRESSION_ADDED, key, f"rule {key} is switched off")


def _of_addopts(key: str, old: list[str], new: list[str]) -> Iterator[_Slack]:
    before, after = _options(old), _options(new)
    floor = _number(before.get("--cov-fail-under", [""])[0])
    now = _number(after.get("--cov-fail-under", [""])[0])
    if floor is not None and (now is None or now < floor):
        yield _Slack(
            Rule.THRESHOLD_LOWERED,
            key,
            f"--cov-fail-under went from {floor:g} to {'nothing' if now is None else f'{now:g}'}",
        )
    for option, values in after.items():
        more = [value for value in values if value not in before.get(option, [])]
        if option in _NARROWING | _NARROWING_MORE and more and option != "--cov-fail-under":
            if option == "-p" and not more[0].startswith("no:"):
                continue
            yield _Slack(
                Rule.SELECTION_NARROWED,
                key,
                f"addopts newly has {_listed([f'{option} {value}'.strip() for value in more])}",
            )
    for option in sorted(_GUARDING & before.keys() - after.keys() - {"--import-mode"}):
        yield _Slack(Rule.THRESHOLD_LOWERED, key, f"addopts no longer has {option}")


def _options(words: list[str]) -> dict[str, list[str]]:
    """The options of a command line with their values; flags have one empty value."""
    found_options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not name.startswith("-"):
            continue
        if not name.startswith("--") and len(name) > 2 and name[:2] in _VALUED:  # noqa: PLR2004 - a dash and a letter
            name, value = name[:2], word[2:]
        elif name in _VALUED and not equals:
            value = next(rest, "")
        found_options.setdefault(name, []).append(value)
    return found_options


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    try:
        return shlex.split(str(value or ""))
    except ValueError:
        return str(value).split()


def _items(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, str):
        parts = value.split("\n") if "\n" in value else re.split(r"[,\s]+", value)
        return [part.strip().rstrip(",") for part in parts if part.strip() and not part.strip().startswith("#")]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(str(value).strip().rstrip("%"))
    except ValueError:
        return None


def _is_on(value: Any) -> bool:
    return value is True or str(value).strip().lower() in {"true", "1", "yes", "on"}


def _normal(name: str) -> str:
    return name.replace("-", "_").lower()


def _shown(value: Any) -> str:
    return "nothing" if value is None else quoted(str(value))


def _listed(items: list[str]) -> str:
    shown = ", ".join(f"'{item}'" for item in items[:3])
    return quoted(shown) if len(items) <= 3 else f"{quoted(shown)} and {len(items) - 3} more"  # noqa: PLR2004 - as many as shown


def _line_of(text: str, key: str) -> int | None:
    """The first line that names the setting, outside of comments."""
    name = re.escape(key.rpartition(".")[2])
    match = re.search(rf"^[^#;\n]*(?<![\w-]){name}(?![\w-])", text, re.MULTILINE)
    return text.count("\n", 0, match.end()) + 1 if match else None
