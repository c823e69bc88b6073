"""Run the gates that ``agency.toml`` at the base defines over the head, side by side within the machine's cores."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent_agency.change.model import Change
from agent_agency.errors import AgencyError
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.git import Repository
from agent_agency.spec.glob import Globs

if TYPE_CHECKING:  # what runs tools is loaded where there is one to run
    from agent_agency.gates.tool_run import Surroundings
    from agent_agency.sandbox.model import Isolation
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.measure_gate import TreesOfChange

UNTOUCHED = "the change touches no path that its 'when' names"
UNGUARDED_TIER = 1
"""The tier at which nothing runs without isolation: the riskiest."""


@dataclass(frozen=True, slots=True)
class ToolServices:
    """What running tools needs from outside: how commands are kept apart here, and the arbiter's own variables.

    ``probe`` is asked only when there is something to run. ``tell`` gets a line when a gate begins and when it ends.
    """

    probe: Callable[[], IsolationReport]
    variables: Mapping[str, str]
    tell: Callable[[str], None]


def run_configured_gates(
    repo: Repository, gates: Sequence[ConfiguredGate], change: Change, tier: int | None, services: ToolServices
) -> tuple[GateResult, ...]:
    """Run every gate that applies to the change; one result per gate, in the order of their definitions.

    Ctrl-C ends all tools before it goes on.
    """
    if not gates:
        return ()
    touched = [path for file in change.files for path in file.paths]
    applying = [gate for gate in gates if _applies(gate, touched)]
    results = {gate.name: left_out_gate(gate, UNTOUCHED) for gate in gates if gate not in applying}
    if tier is None:
        results |= {gate.name: _without_tier(gate) for gate in applying}
    elif applying:
        from agent_agency.sandbox.model import Isolation

        report = services.probe()
        refused = tier == UNGUARDED_TIER and report.isolation is Isolation.NONE
        ran = (
            [_refused(gate, tier, report) for gate in applying]
            if refused
            else _run_all(repo, applying, change, tier, services, report.isolation)
        )
        results |= {result.name: result for result in ran}
    return tuple(results[gate.name] for gate in gates)


def _run_all(
    repo: Repository,
    gates: Sequence[ConfiguredGate],
    change: Change,
    tier: int,
    services: ToolServices,
    isolation: Isolation,
) -> list[GateResult]:
    from concurrent.futures import ThreadPoolExecutor

    from agent_agency.gates.tool_run import Surroundings
    from agent_agency.workflows.measure_gate import TreesOfChange

    cancel = threading.Event()
    trees = TreesOfChange(repo, change, threading.Lock())
    surroundings = Surroundings(isolation, services.variables, cancel)

    def one(gate: ConfiguredGate) -> GateResult:
        services.tell(f"gate {gate.name} runs")
        result = _guarded(trees, gate, tier, surroundings)
        services.tell(f"gate {gate.name}: {result.status}, {result.reason}")
        return result

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            return list(pool.map(one, gates))
        except BaseException:
            cancel.set()
            raise


def _guarded(trees: TreesOfChange, gate: ConfiguredGate, tier: int, surroundings: Surroundings) -> GateResult:
    """Run one gate in checkouts of its own; whatever breaks is that gate's error."""
    from agent_agency.workflows.measure_gate import measure_gate

    mode = GateMode.BLOCK if tier in gate.blocking else GateMode.WARN
    try:
        return measure_gate(trees, gate, tier, surroundings)
    except AgencyError as error:
        return GateResult(gate.name, GateStatus.ERROR, mode, reason=f"{error.message}; {error.fix}")
    except OSError as error:
        reason = f"the checkout could not be made: {error.strerror or type(error).__name__}"
        return GateResult(gate.name, GateStatus.ERROR, mode, reason=reason)


def _applies(gate: ConfiguredGate, touched: Sequence[str]) -> bool:
    globs = Globs()
    return not gate.when or any(globs.first_match(path, gate.when) for path in touched)


def left_out_gate(gate: ConfiguredGate, reason: str) -> GateResult:
    """The result of a gate that does not apply to a change: listed, and without a say in the verdict."""
    return GateResult(gate.name, GateStatus.NOT_RUN, GateMode.BLOCK, reason=reason, applicable=False)


def _without_tier(gate: ConfiguredGate) -> GateResult:
    reason = "no valid working spec governs this change, so there is no risk tier to judge by"
    return GateResult(gate.name, GateStatus.NOT_RUN, GateMode.BLOCK, reason=reason)


def _refused(gate: ConfiguredGate, tier: int, report: IsolationReport) -> GateResult:
    mode = GateMode.BLOCK if tier in gate.blocking else GateMode.WARN
    reason = f"tier {tier} runs no tool without isolation, and there is none here ({report.reason})"
    facts = MappingProxyType({"isolation": str(report.isolation), "probes": dict(report.probes)})
    return GateResult(gate.name, GateStatus.NOT_RUN, mode, reason=reason, mendable=False, facts=facts)
