"""Read one ``[[gate]]`` of ``agency.toml``; a setting that would have no effect is refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gate_reader.command import LONGEST_TIMEOUT_S, CommandReader
from agent_agency.gate_reader.values import (
    Refuse,
    did_you_mean,
    is_count,
    is_inside,
    is_number,
    is_percent,
    is_texts,
    told,
)
from agent_agency.gate_settings import (
    BLOCKING_OF_KIND,
    CONTRACT_FORMATS,
    FORMATS_OF_KIND,
    IN_PERCENT,
    STANDARD_THRESHOLDS,
    TIERS,
    ConfiguredGate,
    GateKind,
    GateLimits,
)

GATE_KEYS = (
    "name",
    "kind",
    "argv",
    "shell",
    "report",
    "format",
    "threshold",
    "changed_threshold",
    "budget",
    "ratchet",
    "blocking",
    "timeout_s",
    "limits",
    "network",
    "environment",
    "needs",
    "when",
)
LIMIT_RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "idle_s": (1, LONGEST_TIMEOUT_S),
        "memory_mb": (64, 1024 * 1024),
        "processes": (1, 32768),
        "file_mb": (1, 1024 * 1024),
        "written_mb": (1, 1024 * 1024),
        "output_mb": (1, 1024),
    }
)
"""The least and the most of each limit: no interpreter starts in less memory, and no machine here has more."""

MOST_BUDGET_ENTRIES = 200
LONGEST_BUDGET_NAME = 300
MOST_BUDGET = 1e18
_JUDGED_BY_TESTS = frozenset(FORMATS_OF_KIND[GateKind.TESTS])


def read_gate(name: str, table: Mapping[str, Any], line: int | None, refuse: Refuse) -> ConfiguredGate | None:
    """Read one table whose name is known to be good; ``None`` when something was refused."""
    reader = _GateReader(table, refuse, name)
    argv, shell = reader.command()
    settings: dict[str, Any] = {
        "argv": argv,
        "shell": shell,
        "blocking": reader.blocking(),
        "timeout_s": reader.timeout(),
        "limits": reader.limits(),
        "network": reader.network(),
        "environment": reader.environment(),
        "needs": reader.needs(),
        "when": reader.globs("when", "src/**"),
    }
    kind = reader.kind()
    if kind is None:
        return None
    report, form = reader.report(kind)
    settings |= {
        "threshold": reader.threshold(kind, form),
        "changed_threshold": reader.changed_threshold(kind, form),
        "budget": reader.budget(kind, form),
        "ratchet": reader.ratchet(form),
    }
    if reader.refused:
        return None
    return ConfiguredGate(name=name, kind=kind, report=report, format=form, line=line, **settings)


class _GateReader(CommandReader):
    def __init__(self, table: Mapping[str, Any], refuse: Refuse, name: str) -> None:
        super().__init__(table, refuse, "The gate")
        self._name = name

    def kind(self) -> GateKind | None:
        value = self._table.get("kind")
        if isinstance(value, str) and value in set(GateKind):
            return GateKind(value)
        problem = "The gate has no kind" if value is None else f"{told(value)} is no kind of gate"
        self._refuse("kind", problem, f"Write one of: {', '.join(GateKind)}.")
        return None

    def report(self, kind: GateKind) -> tuple[str | None, str | None]:
        report, form = self._table.get("report"), self._table.get("format")
        if report is None and form is None:
            return None, None
        if not isinstance(report, str) or not is_inside(report):
            remedy = "Write it like 'report.xml', relative to the checkout and without '..'."
            self._refuse("report", "'report' is no path of a file inside the checkout", remedy)
        known = FORMATS_OF_KIND[kind]
        if form is None:
            self._refuse("format", "The gate has a report and no format", f"Write one of: {', '.join(known)}.")
        elif form not in known:
            problem = f"{told(form)} is no format that a gate of kind '{kind}' is judged by"
            self._refuse("format", problem, f"Write one of: {', '.join(known)}.")
        return report, form

    def threshold(self, kind: GateKind, form: str | None) -> Mapping[int, float]:
        standard = STANDARD_THRESHOLDS.get(kind, MappingProxyType({}))
        value = self._table.get("threshold")
        if value is None:
            return standard
        by_tests = isinstance(form, str) and form in _JUDGED_BY_TESTS
        if not standard or form is None or by_tests:
            judged = "by its tests" if by_tests else "by its exit code"
            reason = f"a gate of kind '{kind}' has none" if not standard else f"this gate is judged {judged}"
            self._refuse("threshold", f"The threshold would not be held to: {reason}", "Remove it.")
            return standard
        return MappingProxyType({**standard, **self._by_tier("threshold", value, percent=kind in IN_PERCENT)})

    def changed_threshold(self, kind: GateKind, form: str | None) -> Mapping[int, float]:
        value = self._table.get("changed_threshold")
        if value is None:
            return MappingProxyType({})
        if kind is not GateKind.COVERAGE or form is None:
            reason = "it has no report" if kind is GateKind.COVERAGE else f"a gate of kind '{kind}' covers no lines"
            problem = f"'changed_threshold' would not be held to: {reason}"
            self._refuse("changed_threshold", problem, "Remove it, or give it to a gate of coverage with a report.")
            return MappingProxyType({})
        return MappingProxyType(self._by_tier("changed_threshold", value, percent=True))

    def _by_tier(self, key: str, value: Any, *, percent: bool) -> dict[int, float]:
        right, example = (is_percent, "90, 2 = 80, 3 = 70") if percent else (is_count, "0, 2 = 0, 3 = 5")
        tiers = {str(tier): tier for tier in TIERS}
        if isinstance(value, dict) and all(tier in tiers and right(value[tier]) for tier in value):
            return {tiers[tier]: float(amount) for tier, amount in value.items()}
        what = "percentages from 0 to 100" if percent else "whole numbers from 0"
        self._refuse(key, f"'{key}' is no table of {what} by risk tier", f"Write '{key} = {{ 1 = {example} }}'.")
        return {}

    def budget(self, kind: GateKind, form: str | None) -> Mapping[str, float]:
        value = self._table.get("budget")
        if value is None:
            return MappingProxyType({})
        if kind is not GateKind.PERFORMANCE or form is None:
            reason = "it has no report" if kind is GateKind.PERFORMANCE else f"a gate of kind '{kind}' has none"
            remedy = "Remove it, or give it to a gate of performance with a report."
            self._refuse("budget", f"'budget' would not be held to: {reason}", remedy)
            return MappingProxyType({})
        remedy = "Write '[gate.budget]', and below it each measured value's name and the most that it may be."
        if not isinstance(value, dict) or len(value) > MOST_BUDGET_ENTRIES:
            problem = f"'budget' is no table of at most {MOST_BUDGET_ENTRIES} names and numbers"
            self._refuse("budget", problem, remedy)
            return MappingProxyType({})
        for name, most in value.items():
            named = name.strip() and name.isprintable() and len(name) <= LONGEST_BUDGET_NAME
            if not named or not is_number(most) or not 0 <= most <= MOST_BUDGET:
                self._refuse(f"budget.{name}", f"The budget of {told(name)} is no name with a number from 0", remedy)
        return MappingProxyType({name: float(most) for name, most in value.items()} if not self.refused else {})

    def ratchet(self, form: str | None) -> bool:
        wanted = self.yes_or_no("ratchet", "Write true, so that only what the change made worse fails.")
        if wanted and form is None:
            remedy = "Give the gate 'report' and 'format', or remove it."
            self._refuse("ratchet", "'ratchet' would not be held to: an exit code cannot be compared", remedy)
        elif wanted and isinstance(form, str) and form in CONTRACT_FORMATS:
            problem = "'ratchet' would have no effect: a contract is always compared with the base"
            self._refuse("ratchet", problem, "Remove it.")
        return wanted

    def blocking(self) -> tuple[int, ...]:
        usual = BLOCKING_OF_KIND.get(str(self._table.get("kind")), TIERS)
        value = self._table.get("blocking", list(usual))
        if isinstance(value, list) and all(type(tier) is int and tier in TIERS for tier in value):
            return tuple(sorted(set(value)))
        self._refuse("blocking", "'blocking' is no list of risk tiers", "Write 'blocking = [1, 2, 3]'.")
        return TIERS

    def limits(self) -> GateLimits:
        value = self._table.get("limits", {})
        if not isinstance(value, dict):
            self._refuse("limits", "'limits' is not a table", "Write 'limits = { memory_mb = 2048 }'.")
            return GateLimits()
        for key, amount in value.items():
            self._check_limit(key, amount)
        if self.refused:
            return GateLimits()
        read = GateLimits(**value)
        if read.idle_s is not None and read.idle_s >= self.timeout():
            problem = f"'idle_s' would have no effect: the tool may run for {self.timeout():g} s in all"
            self._refuse("limits.idle_s", problem, "Write less than 'timeout_s', or remove it.")
        return read

    def _check_limit(self, key: str, amount: Any) -> None:
        if key not in LIMIT_RANGES:
            self._refuse(f"limits.{key}", f"{told(key)} is no limit of a gate", did_you_mean(key, LIMIT_RANGES))
            return
        least, most = LIMIT_RANGES[key]
        right = is_number(amount) if key == "idle_s" else type(amount) is int
        if not right or not least <= amount <= most:
            what = "number" if key == "idle_s" else "whole number"
            self._refuse(f"limits.{key}", f"'{key}' is no {what} from {least} to {most:,}", "Write one in that range.")

    def needs(self) -> tuple[str, ...]:
        value = self._table.get("needs", [])
        if not is_texts(value) or not all(name.strip() for name in value):
            self._refuse("needs", "'needs' is no list of gates' names", 'Write names of gates: needs = ["tests"].')
            return ()
        if self._name in value:
            self._refuse("needs", f"'{self._name}' needs itself, so it could never run", "Remove its own name.")
        return tuple(dict.fromkeys(value))
