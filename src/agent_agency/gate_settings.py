"""A project's own gate as ``agency.toml`` defines it: a tool to run, the report it writes, what that must say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

TIERS = (1, 2, 3)
DEFAULT_TIMEOUT_S = 600
LONGEST_TIMEOUT_S = 24 * 3600


class GateKind(StrEnum):
    """What a gate measures; it decides how a report is judged."""

    TESTS = "tests"
    COVERAGE = "coverage"
    MUTATION = "mutation"
    LINT = "lint"
    TYPES = "types"
    SECURITY = "security"
    CUSTOM = "custom"


def _standard(first: float, second: float, third: float) -> Mapping[int, float]:
    return MappingProxyType({1: first, 2: second, 3: third})


STANDARD_THRESHOLDS: Mapping[GateKind, Mapping[int, float]] = MappingProxyType(
    {
        GateKind.COVERAGE: _standard(90, 80, 70),
        GateKind.MUTATION: _standard(70, 50, 30),
        GateKind.LINT: _standard(0, 0, 0),
        GateKind.TYPES: _standard(0, 0, 0),
        GateKind.SECURITY: _standard(0, 0, 0),
    }
)
"""By risk tier, from the CAWS standard of 2025.10: least branch coverage and mutation score in percent; for the others
the most errors (security: issues of high or critical severity)."""

FORMATS_OF_KIND: Mapping[GateKind, tuple[str, ...]] = MappingProxyType(
    {
        GateKind.TESTS: ("junit", "pytest-json"),
        GateKind.COVERAGE: ("cobertura", "lcov", "coveragepy", "istanbul"),
        GateKind.MUTATION: ("mutation-elements", "mutmut", "cosmic-ray"),
        GateKind.LINT: ("sarif", "ruff", "eslint"),
        GateKind.TYPES: ("sarif", "mypy", "pyright", "junit"),
        GateKind.SECURITY: ("sarif", "bandit", "pip-audit"),
        GateKind.CUSTOM: ("sarif", "junit"),
    }
)
"""The report formats that each kind can be judged by."""


@dataclass(frozen=True, slots=True)
class ConfiguredGate:
    """One ``[[gate]]``.

    ``report`` is where the tool writes, relative to the checkout; ``format`` is always set with it. ``threshold`` maps
    risk tiers to the number that ``STANDARD_THRESHOLDS`` describes. ``blocking`` are the tiers for which a failure
    blocks; for the others it advises. ``environment`` names the variables of the arbiter that the tool may see.
    ``when`` are globs: with some, the gate applies only to a change that touches a matching path.
    """

    name: str
    kind: GateKind
    argv: tuple[str, ...]
    report: str | None = None
    format: str | None = None
    threshold: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    blocking: tuple[int, ...] = TIERS
    timeout_s: float = DEFAULT_TIMEOUT_S
    network: bool = False
    environment: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    line: int | None = None


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


def read_gate(name: str, table: Mapping[str, Any], line: int | None, refuse: Refuse) -> ConfiguredGate | None:
    """Read one table whose name is known to be good; ``None`` when something was refused."""
    reader = _GateReader(table, refuse)
    kind = reader.kind()
    argv = reader.argv()
    if kind is None or not argv:
        return None
    report, form = reader.report(kind)
    gate = ConfiguredGate(
        name=name,
        kind=kind,
        argv=argv,
        report=report,
        format=form,
        threshold=reader.threshold(kind),
        blocking=reader.blocking(),
        timeout_s=reader.timeout(),
        network=reader.network(),
        environment=reader.names(
            "environment", "a list of variable names", "Write 'environment = [\"TZ\"]'.", _VARIABLE
        ),
        when=reader.names("when", "a list of globs", "Write 'when = [\"src/**\"]'.", None),
        line=line,
    )
    return None if reader.refused else gate


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
        self._refuse("kind", "The gate has no kind that is known", f"Write one of: {', '.join(GateKind)}.")
        return None

    def argv(self) -> tuple[str, ...]:
        value = self._table.get("argv")
        if _is_texts(value) and value and value[0] and not any("\0" in part for part in value):
            return tuple(value)
        remedy = 'Write the program and its arguments: argv = ["python", "-m", "pytest"].'
        self._refuse("argv", "The gate has no list of program and arguments", remedy)
        return ()

    def report(self, kind: GateKind) -> tuple[str | None, str | None]:
        report, form = self._table.get("report"), self._table.get("format")
        if report is None and form is None:
            return None, None
        if not isinstance(report, str) or not _is_inside(report):
            self._refuse(
                "report", "'report' is no path inside the checkout", "Write it like 'report.xml', without '..'."
            )
        if form not in FORMATS_OF_KIND[kind]:
            known = ", ".join(FORMATS_OF_KIND[kind])
            self._refuse("format", f"A gate of kind '{kind}' is judged by one of: {known}", "Name the report's format.")
        return (None, None) if self.refused else (report, form)

    def threshold(self, kind: GateKind) -> Mapping[int, float]:
        standard = STANDARD_THRESHOLDS.get(kind)
        value = self._table.get("threshold")
        if value is None:
            return standard or MappingProxyType({})
        if standard is None:
            self._refuse("threshold", f"A gate of kind '{kind}' has no threshold", "Remove it.")
            return MappingProxyType({})
        tiers = {str(tier): tier for tier in TIERS}
        if not isinstance(value, dict) or not all(key in tiers and _is_amount(value[key]) for key in value):
            self._refuse(
                "threshold", "'threshold' is no table of numbers by tier", "Write '{ 1 = 90, 2 = 80, 3 = 70 }'."
            )
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
        if _is_amount(value) and 0 < value <= LONGEST_TIMEOUT_S:
            return float(value)
        self._refuse("timeout_s", f"'timeout_s' is no number from 1 to {LONGEST_TIMEOUT_S}", "Write seconds.")
        return DEFAULT_TIMEOUT_S

    def network(self) -> bool:
        value = self._table.get("network", False)
        if isinstance(value, bool):
            return value
        self._refuse("network", "'network' is not true or false", "Write false, or true where the tool needs it.")
        return False

    def names(self, key: str, what: str, remedy: str, form: re.Pattern[str] | None) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if _is_texts(value) and all(entry.strip() and (form is None or form.fullmatch(entry)) for entry in value):
            return tuple(value)
        self._refuse(key, f"'{key}' is not {what}", remedy)
        return ()


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\0" not in path and str(parts) != "."
