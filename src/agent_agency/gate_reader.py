"""Read one ``[[gate]]`` of ``agency.toml``: every value checked, every wrong one refused with what mends it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gate_settings import (
    DEFAULT_TIMEOUT_S,
    FORMATS_OF_KIND,
    IN_PERCENT,
    STANDARD_THRESHOLDS,
    TIERS,
    ConfiguredGate,
    GateKind,
)

LONGEST_TIMEOUT_S = 24 * 3600
MOST_ISSUES = 1_000_000
LONGEST_REPORT_PATH = 1024
LONGEST_FILE_NAME = 255
SET_BY_THE_ARBITER = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONHASHSEED", "CI"})
"""Variables that every tool gets from the arbiter itself, the same for whoever runs it."""

GATE_KEYS = (
    "name",
    "kind",
    "argv",
    "report",
    "format",
    "threshold",
    "blocking",
    "timeout_s",
    "network",
    "environment",
    "when",
)

Refuse = Callable[[str, str, str], None]
"""Tells that a key is wrong: the key, what is wrong, what mends it."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CREDENTIAL = re.compile(
    r"(?:^|_)(?:TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_KEY|PRIVATE_KEY|AUTH_SOCK"
    r"|AGENT_INFO|COOKIE)(?:_|$)"
)
_CHOOSES_CODE = re.compile(
    r"LD_.*|DYLD_.*|GIT_.*|PYTHON(?:PATH|HOME|STARTUP|USERBASE|PLATLIBDIR|INSPECT|BREAKPOINT)|NODE_(?:OPTIONS|PATH)"
    r"|PYTEST_(?:ADDOPTS|PLUGINS)|RUBY(?:OPT|LIB)|PERL5(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|CLASSPATH"
    r"|BASH_ENV|ENV|COVERAGE_PROCESS_START"
)


def why_not_passed_on(name: str) -> str | None:
    """Say why a variable of the arbiter never reaches a tool; ``None`` when a gate may name it."""
    if name in SET_BY_THE_ARBITER:
        return "the arbiter sets it itself"
    if _CREDENTIAL.search(name.upper()):
        return "credentials and agents' sockets never reach the code under review"
    if _CHOOSES_CODE.fullmatch(name):
        return "it would let whoever starts the review choose what is run or measured"
    return None


def read_gate(name: str, table: Mapping[str, Any], line: int | None, refuse: Refuse) -> ConfiguredGate | None:
    """Read one table whose name is known to be good; ``None`` when something was refused."""
    reader = _GateReader(table, refuse)
    argv = reader.argv()
    settings: dict[str, Any] = {
        "blocking": reader.blocking(),
        "timeout_s": reader.timeout(),
        "network": reader.network(),
        "environment": reader.environment(),
        "when": reader.when(),
    }
    kind = reader.kind()
    if kind is None:
        return None
    report, form = reader.report(kind)
    threshold = reader.threshold(kind, form)
    if reader.refused:
        return None
    return ConfiguredGate(
        name=name, kind=kind, argv=argv, report=report, format=form, threshold=threshold, line=line, **settings
    )


class _GateReader:
    """Reads the values of one gate and remembers whether any was refused."""

    def __init__(self, table: Mapping[str, Any], refuse: Refuse) -> None:
        self._table = table
        self._tell = refuse
        self.refused = False

    def _refuse(self, key: str, problem: str, remedy: str) -> None:
        self.refused = True
        self._tell(key, problem, remedy)

    def kind(self) -> GateKind | None:
        value = self._table.get("kind")
        if isinstance(value, str) and value in set(GateKind):
            return GateKind(value)
        problem = "The gate has no kind" if value is None else f"{_told(value)} is no kind of gate"
        self._refuse("kind", problem, f"Write one of: {', '.join(GateKind)}.")
        return None

    def argv(self) -> tuple[str, ...]:
        value = self._table.get("argv")
        if _is_texts(value) and value and value[0].strip() and not any("\0" in part for part in value):
            return tuple(value)
        remedy = 'Write the program and its arguments: argv = ["python", "-m", "pytest"].'
        self._refuse("argv", "The gate has no list of program and arguments", remedy)
        return ()

    def report(self, kind: GateKind) -> tuple[str | None, str | None]:
        report, form = self._table.get("report"), self._table.get("format")
        if report is None and form is None:
            return None, None
        if not isinstance(report, str) or not _is_inside(report):
            remedy = "Write it like 'report.xml', relative to the checkout and without '..'."
            self._refuse("report", "'report' is no path of a file inside the checkout", remedy)
        known = FORMATS_OF_KIND[kind]
        if form is None:
            self._refuse("format", "The gate has a report and no format", f"Write one of: {', '.join(known)}.")
        elif form not in known:
            problem = f"{_told(form)} is no format that a gate of kind '{kind}' is judged by"
            self._refuse("format", problem, f"Write one of: {', '.join(known)}.")
        return report, form

    def threshold(self, kind: GateKind, form: str | None) -> Mapping[int, float]:
        standard = STANDARD_THRESHOLDS.get(kind, MappingProxyType({}))
        value = self._table.get("threshold")
        if value is None:
            return standard
        if not standard or form is None or form in FORMATS_OF_KIND[GateKind.TESTS]:
            judged = "by its tests" if form in FORMATS_OF_KIND[GateKind.TESTS] else "by its exit code"
            reason = f"a gate of kind '{kind}' has none" if not standard else f"this gate is judged {judged}"
            self._refuse("threshold", f"The threshold would not be held to: {reason}", "Remove it.")
            return standard
        right, example = (_is_percent, "90, 2 = 80, 3 = 70") if kind in IN_PERCENT else (_is_count, "0, 2 = 0, 3 = 5")
        tiers = {str(tier): tier for tier in TIERS}
        if not isinstance(value, dict) or not all(key in tiers and right(value[key]) for key in value):
            what = "percentages from 0 to 100" if kind in IN_PERCENT else "whole numbers from 0"
            problem = f"'threshold' is no table of {what} by risk tier"
            self._refuse("threshold", problem, f"Write 'threshold = {{ 1 = {example} }}'.")
            return standard
        return MappingProxyType({**standard, **{tiers[key]: float(amount) for key, amount in value.items()}})

    def blocking(self) -> tuple[int, ...]:
        value = self._table.get("blocking", list(TIERS))
        if isinstance(value, list) and all(type(tier) is int and tier in TIERS for tier in value):
            return tuple(sorted(set(value)))
        self._refuse("blocking", "'blocking' is no list of risk tiers", "Write 'blocking = [1, 2, 3]'.")
        return TIERS

    def timeout(self) -> float:
        value = self._table.get("timeout_s", DEFAULT_TIMEOUT_S)
        if _is_number(value) and 1 <= value <= LONGEST_TIMEOUT_S:
            return float(value)
        self._refuse("timeout_s", f"'timeout_s' is no number from 1 to {LONGEST_TIMEOUT_S}", "Write seconds.")
        return DEFAULT_TIMEOUT_S

    def network(self) -> bool:
        value = self._table.get("network", False)
        if isinstance(value, bool):
            return value
        self._refuse("network", "'network' is not true or false", "Write false, or true where the tool needs it.")
        return False

    def environment(self) -> tuple[str, ...]:
        value = self._table.get("environment", [])
        if not _is_texts(value) or not all(_VARIABLE.fullmatch(name) for name in value):
            problem = "'environment' is no list of variables' names"
            self._refuse("environment", problem, 'Write names without values: environment = ["TZ"].')
            return ()
        for name in value:
            if reason := why_not_passed_on(name):
                self._refuse("environment", f"'{name}' cannot be passed on: {reason}", "Remove it.")
        return tuple(dict.fromkeys(value))

    def when(self) -> tuple[str, ...]:
        value = self._table.get("when", [])
        if _is_texts(value) and all(_can_match(glob) for glob in value):
            return tuple(value)
        remedy = 'Write globs relative to the repository\'s root: when = ["src/**"].'
        self._refuse("when", "'when' is no list of globs that can match a path", remedy)
        return ()


def _told(value: Any) -> str:
    return f"'{value[:60]}'" if isinstance(value, str) else "That"


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_percent(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 100  # noqa: PLR2004  what percent means


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_ISSUES


def _is_inside(path: str) -> bool:
    """Whether the text is the plain relative path of a file: no '..', nothing in '.git', no control character."""
    parts = path.removeprefix("./").split("/")
    short = all(len(part.encode()) <= LONGEST_FILE_NAME for part in parts) and len(path) <= LONGEST_REPORT_PATH
    plain = all(part.strip() and part not in {".", ".."} and part.lower() != ".git" for part in parts)
    return short and plain and path.isprintable()


def _can_match(glob: str) -> bool:
    return bool(glob.strip()) and not glob.startswith("/") and ".." not in glob.split("/")
