"""A gate's definition in words."""

from __future__ import annotations

import shlex

from agent_agency.gate_settings import IN_PERCENT, TIERS, ConfiguredGate, GateKind

_FAILS_BY_REPORT = {
    GateKind.TESTS: "a test fails; no test run at all is not_run",
    GateKind.COVERAGE: "branch coverage (line coverage where no branch is measured) is below {}",
    GateKind.MUTATION: "the share of mutants that the tests notice is below {}",
    GateKind.LINT: "there are more errors than {}",
    GateKind.TYPES: "there are more errors than {}",
    GateKind.SECURITY: "there are more issues of high or critical severity, or errors of unknown severity, than {}",
    GateKind.CUSTOM: "the report holds an error or a failed test",
}
_NEEDS_REPORT = frozenset({GateKind.TESTS, GateKind.COVERAGE, GateKind.MUTATION})


def in_words(gate: ConfiguredGate) -> tuple[tuple[str, str], ...]:
    """Tell what a gate does, as pairs of a heading and a sentence."""
    return (
        ("measures", str(gate.kind)),
        ("runs", shlex.join(gate.argv)),
        ("reads", f"{gate.report} ({gate.format}), if this run wrote it" if gate.report else "no report"),
        ("fails when", _fails_when(gate)),
        ("blocks at", _tiers(gate)),
        ("time limit", f"{gate.timeout_s:g} s"),
        ("network", "open" if gate.network else "closed"),
        ("is passed", ", ".join(gate.environment) or "no variable of the caller"),
        ("applies", f"to changes that touch {', '.join(gate.when)}" if gate.when else "to every change"),
    )


def _fails_when(gate: ConfiguredGate) -> str:
    if gate.report is None:
        if gate.kind in _NEEDS_REPORT:
            return "never: without a report it is always not_run"
        return "the tool exits with another code than 0"
    if gate.format == "junit" and gate.kind is not GateKind.TESTS:
        return "the report holds a failed test"
    unit = " %" if gate.kind in IN_PERCENT else ""
    limits = ", ".join(f"{gate.threshold[tier]:g}{unit} at tier {tier}" for tier in sorted(gate.threshold))
    return _FAILS_BY_REPORT[gate.kind].format(limits)


def _tiers(gate: ConfiguredGate) -> str:
    if not gate.blocking:
        return "no risk tier: a failure advises"
    if gate.blocking == TIERS:
        return "every risk tier"
    return f"risk tier {' and '.join(map(str, gate.blocking))}; elsewhere a failure advises"
