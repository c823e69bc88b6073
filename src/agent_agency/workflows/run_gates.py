"""Run the gates that ``agency.toml`` at the base defines over the head, side by side within the machine's cores."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent_agency.change.model import Change
from agent_agency.config import Config
from agent_agency.errors import AgencyError
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.git import Repository
from agent_agency.spec.glob import Globs
from agent_agency.workflows.gate_governing import Governing
from agent_agency.workflows.gate_progress import GateProgress, Silence
from agent_agency.workflows.gates_stopped import NOT_BEGUN, GatesStoppedError

if TYPE_CHECKING:  # what runs tools is loaded where there is one to run
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.gate_bench import GateBench

UNTOUCHED = "the change touches no path that its 'when' names"
UNGUARDED_TIER = 1
"""The tier at which nothing runs without isolation: the riskiest."""


@dataclass(frozen=True, slots=True)
class ToolServices:
    """What running tools needs from outside: how commands are kept apart here, and the arbiter's own variables.

    ``probe`` is asked only when there is something to run. ``progress`` is told while gates run. Without ``reuse``
    every gate is measured anew.
    """

    probe: Callable[[], IsolationReport]
    variables: Mapping[str, str]
    progress: GateProgress = field(default_factory=Silence)
    reuse: bool = True


def run_configured_gates(
    repo: Repository,
    config: Config,
    change: Change,
    governing: Governing,
    services: ToolServices,
    reading: threading.Lock | None = None,
) -> tuple[GateResult, ...]:
    """Run every gate that applies to the change; one result per gate, in the order of their definitions.

    ``reading`` is what whoever else reads the repository at the same time holds.

    Raises:
        GatesStoppedError: on Ctrl-C, once every tool has ended.
    """
    gates = config.gates
    if not gates:
        return ()
    touched = [path for file in change.files for path in file.paths]
    applying = [gate for gate in gates if _applies(gate, touched)]
    results = {gate.name: left_out_gate(gate, UNTOUCHED) for gate in gates if gate not in applying}
    if governing.tier is None:
        results |= {gate.name: _without_tier(gate) for gate in applying}
    elif applying:
        results |= _run(
            repo, replace(config, gates=tuple(applying)), change, governing, services, reading or threading.Lock()
        )
    return tuple(results[gate.name] for gate in gates)


def _run(
    repo: Repository,
    config: Config,
    change: Change,
    governing: Governing,
    services: ToolServices,
    reading: threading.Lock,
) -> dict[str, GateResult]:
    from agent_agency.sandbox.model import Isolation
    from agent_agency.workflows.gate_bench import prepare_bench
    from agent_agency.workflows.measure_gate import TreesOfChange
    from agent_agency.workflows.schedule_gates import Schedule, run_schedule

    report, tier = services.probe(), governing.tier or UNGUARDED_TIER
    if tier == UNGUARDED_TIER and report.isolation is Isolation.NONE:
        return {gate.name: _refused(gate, tier, report) for gate in config.gates}
    cancel, trees = threading.Event(), TreesOfChange(repo, change, reading)
    try:
        bench = prepare_bench(trees, config, governing, services, report, cancel)

        def one(gate: ConfiguredGate) -> GateResult:
            result = _guarded(bench, gate, tier)
            services.progress.ended(gate.name, result)
            return result

        def unmet(gate: ConfiguredGate, need: str) -> GateResult:
            return _unmet(gate, tier, need)

        return run_schedule(Schedule(config.gates, one, unmet, _cores(), cancel))
    except GatesStoppedError:
        raise
    except KeyboardInterrupt:
        raise GatesStoppedError({gate.name: NOT_BEGUN for gate in config.gates}) from None
    finally:
        services.progress.closed()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _guarded(bench: GateBench, gate: ConfiguredGate, tier: int) -> GateResult:
    """Measure one gate in checkouts of its own; whatever breaks is that gate's error."""
    mode = mode_at(gate, tier)
    try:
        return bench.measure(gate)
    except AgencyError as error:
        return GateResult(gate.name, GateStatus.ERROR, mode, reason=f"{error.message}; {error.fix}")
    except OSError as error:
        reason = f"the checkout could not be made: {error.strerror or type(error).__name__}"
        return GateResult(gate.name, GateStatus.ERROR, mode, reason=reason)
    except Exception as error:  # noqa: BLE001 - a crash in one gate must end as that gate's error, not as a pass
        reason = f"the gate broke on this change ({type(error).__name__}); please report it"
        return GateResult(gate.name, GateStatus.ERROR, mode, reason=reason, mendable=False)


def mode_at(gate: ConfiguredGate, tier: int) -> GateMode:
    """Whether a gate's failure blocks at a tier."""
    return GateMode.BLOCK if tier in gate.blocking else GateMode.WARN


def _applies(gate: ConfiguredGate, touched: Sequence[str]) -> bool:
    globs = Globs()
    return not gate.when or any(globs.first_match(path, gate.when) for path in touched)


def left_out_gate(gate: ConfiguredGate, reason: str) -> GateResult:
    """The result of a gate that does not apply to a change: listed, and without a say in the verdict."""
    return GateResult(gate.name, GateStatus.NOT_RUN, GateMode.BLOCK, reason=reason, applicable=False)


def _without_tier(gate: ConfiguredGate) -> GateResult:
    reason = "no valid working spec governs this change, so there is no risk tier to judge by"
    return GateResult(gate.name, GateStatus.NOT_RUN, GateMode.BLOCK, reason=reason)


def _unmet(gate: ConfiguredGate, tier: int, need: str) -> GateResult:
    reason = f"it needs the gate '{need}', which did not pass"
    return GateResult(gate.name, GateStatus.NOT_RUN, mode_at(gate, tier), reason=reason)


def _refused(gate: ConfiguredGate, tier: int, report: IsolationReport) -> GateResult:
    reason = f"tier {tier} runs no tool without isolation, and there is none here ({report.reason})"
    facts = MappingProxyType({"isolation": str(report.isolation), "probes": dict(report.probes)})
    return GateResult(gate.name, GateStatus.NOT_RUN, mode_at(gate, tier), reason=reason, mendable=False, facts=facts)
