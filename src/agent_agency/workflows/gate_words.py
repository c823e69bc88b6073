"""A gate's definition in words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict

from agent_agency.gate_settings import (
    CONTRACT_FORMATS,
    IN_PERCENT,
    TIERS,
    ConfiguredGate,
    GateKind,
    GateLimits,
    SetupStep,
)

_FAILS_BY_REPORT = {
    GateKind.TESTS: "a test fails; no test run at all is not_run",
    GateKind.COVERAGE: "branch coverage (line coverage where no branch is measured) is below {}",
    GateKind.MUTATION: "the share of mutants that the tests notice is below {}",
    GateKind.LINT: "there are more errors than {}",
    GateKind.TYPES: "there are more errors than {}",
    GateKind.SECURITY: "there are more issues of high or critical severity, or errors of unknown severity, than {}",
    GateKind.CONTRACTS: "there are more errors than {}",
    GateKind.ACCESSIBILITY: "there are more violations than {}",
    GateKind.CUSTOM: "the report holds an error or a failed test",
}
_NEEDS_REPORT = frozenset({GateKind.TESTS, GateKind.COVERAGE, GateKind.MUTATION, GateKind.PERFORMANCE})
_LIMITS = {
    "idle_s": "{:g} s without output",
    "memory_mb": "{} MiB of memory for each process",
    "processes": "{} processes",
    "file_mb": "{} MiB in one file",
    "written_mb": "{} MiB written",
    "output_mb": "{} MiB of output",
}


def in_words(gate: ConfiguredGate) -> tuple[tuple[str, str], ...]:
    """Tell what a gate does, as pairs of a heading and a sentence."""
    return (
        ("measures", str(gate.kind)),
        ("runs", _command(gate)),
        ("reads", f"{gate.report} ({gate.format}), if this run wrote it" if gate.report else "no report"),
        ("fails when", _fails_when(gate)),
        *([("compares", "with the base: only what the change made worse fails")] if gate.ratchet else []),
        ("blocks at", _tiers(gate)),
        ("time limit", f"{gate.timeout_s:g} s"),
        *_limits(gate.limits),
        ("network", "open" if gate.network else "closed"),
        ("is passed", ", ".join(gate.environment) or "no variable of the caller"),
        *([("runs after", f"{', '.join(gate.needs)}, if they pass")] if gate.needs else []),
        ("applies", f"to changes that touch {', '.join(gate.when)}" if gate.when else "to every change"),
    )


def setup_in_words(setup: SetupStep) -> str:
    """Tell what the set-up step does."""
    once = f"once for each content of {', '.join(setup.lock_files)}" if setup.lock_files else "once"
    kept = f", and leaves {', '.join(setup.keep)} for every checkout" if setup.keep else ""
    return f"{_command(setup)}; run {once}{kept}; the network is {'open' if setup.network else 'closed'} to it"


def _command(gate: ConfiguredGate | SetupStep) -> str:
    return shlex.join(gate.argv) if gate.shell is None else f"{gate.argv[0]} (a script for {gate.shell})"


def _limits(limits: GateLimits) -> list[tuple[str, str]]:
    told = [_LIMITS[key].format(value) for key, value in asdict(limits).items() if value is not None]
    return [("at most", ", ".join(told))] if told else []


def _fails_when(gate: ConfiguredGate) -> str:
    if gate.report is None:
        if gate.kind in _NEEDS_REPORT:
            return "never: without a report it is always not_run"
        return "the tool exits with another code than 0"
    if gate.kind is GateKind.PERFORMANCE:
        budget = ", ".join(f"{name} is more than {most:g}" for name, most in sorted(gate.budget.items()))
        return budget or "never: without a budget it is always not_run"
    if gate.format in CONTRACT_FORMATS:
        return f"{gate.report} does not parse, or breaks what the base promises"
    if gate.format in {"junit", "pytest-json"} and gate.kind is not GateKind.TESTS:
        return "the report holds a failed test"
    unit = " %" if gate.kind in IN_PERCENT else ""
    told = _FAILS_BY_REPORT[gate.kind].format(_by_tier(gate.threshold, unit))
    if gate.changed_threshold:
        told += (
            f", or of the lines that the change adds fewer are covered than {_by_tier(gate.changed_threshold, ' %')}"
        )
    return told


def _by_tier(amounts: Mapping[int, float], unit: str) -> str:
    return ", ".join(f"{amounts[tier]:g}{unit} at tier {tier}" for tier in sorted(amounts))


def _tiers(gate: ConfiguredGate) -> str:
    if not gate.blocking:
        return "no risk tier: a failure advises"
    if gate.blocking == TIERS:
        return "every risk tier"
    return f"risk tier {' and '.join(map(str, gate.blocking))}; elsewhere a failure advises"
