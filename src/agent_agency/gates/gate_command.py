"""What a gate's tool is run with: its command, what it may see and use, and what the set-up step left for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from agent_agency.facts import GateResult
from agent_agency.gate_settings import SETUP_VARIABLE, ConfiguredGate, SetupStep
from agent_agency.gates.checkout import Checkout, lies_inside
from agent_agency.gates.named_tools import named_tool_paths
from agent_agency.gates.tool_environment import ToolEnvironment, ToolExaminer
from agent_agency.sandbox.model import MEBIBYTE, Command, Isolation, Limits, Outcome

UNCHANGING = MappingProxyType({"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "CI": "true"})
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class RunEvidence(Protocol):
    """Keeps what a run left, secrets taken out; each answer is JSON-ready and names what was kept by digest."""

    def keep_report(self, path: Path, digest: str | None, part: str) -> Mapping[str, Any] | None:
        """Keep a report; ``None`` when there is nothing to keep."""
        ...

    def keep_output(self, outcome: Outcome, part: str) -> Mapping[str, Any]:
        """Keep what a tool printed."""
        ...

    def holds(self, result: GateResult) -> bool:
        """Whether all that a result names as evidence is still kept."""
        ...

    def clean(self, result: GateResult) -> GateResult:
        """The same result with no credential in what it tells."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a tool is run with.

    ``variables`` are the arbiter's own. ``examiner`` remembers what is known of tools. ``readable`` are paths of tools
    that the law opens. ``setup`` is the folder that the set-up step filled, ``keep`` the paths that it left for
    checkouts. ``tools`` waits for what the gate's tool consists of, where that is being found out. ``output`` gets what
    a gate's tool prints as it comes. ``gaps`` says what the isolation leaves open.
    """

    isolation: Isolation
    variables: Mapping[str, str]
    cancel: threading.Event
    examiner: ToolExaminer | None = None
    evidence: RunEvidence | None = None
    readable: tuple[Path, ...] = ()
    setup: Path | None = None
    keep: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    output: Callable[[str, bytes], None] | None = None
    gaps: tuple[str, ...] = ()
    tools: Callable[[], ToolEnvironment] | None = None


def gate_command(gate: ConfiguredGate, checkout: Checkout, surroundings: Surroundings) -> Command:
    """The command that a gate runs in a checkout, with all that it may see."""
    return command_in(checkout, surroundings, gate, limits=_limits(gate))


def command_in(
    checkout: Checkout, surroundings: Surroundings, asked: ConfiguredGate | SetupStep, *, limits: Limits
) -> Command:
    """The command of a gate or of the set-up step in a checkout: what the law asks for, and nothing of the caller's."""
    variables, setup = surroundings.variables, surroundings.setup
    environment = {
        **UNCHANGING,
        "PATH": trusted_path(variables.get("PATH", SYSTEM_PATH), checkout.root, setup),
        "HOME": str(checkout.private),
        "TMPDIR": str(checkout.private),
        **({} if setup is None else {SETUP_VARIABLE: str(setup)}),
        **{name: variables[name] for name in asked.environment if name in variables},
    }
    command = Command(
        argv=asked.command,
        cwd=checkout.root,
        environment=environment,
        writable=(checkout.root, checkout.private),
        readable=(*surroundings.readable, *([] if setup is None else [setup])),
        network=asked.network,
        limits=limits,
    )
    return replace(command, readable=(*command.readable, *named_tool_paths(command)))


def trusted_path(path: str, checkout: Path, setup: Path | None) -> str:
    """The folders in which programs are looked for: what the set-up step made, then the arbiter's own.

    Relative and empty entries go, and those inside the checkout: they would let a change supply the program, as an
    empty path would. Where nothing is left, the usual places are.
    """
    absolute = [entry for entry in path.split(os.pathsep) if entry.startswith("/")]
    entries = [entry for entry in absolute if not lies_inside(Path(entry), checkout)]
    made = [str(setup / "bin")] if setup is not None and (setup / "bin").is_dir() else []
    return os.pathsep.join([*made, *entries]) or SYSTEM_PATH


def _limits(gate: ConfiguredGate) -> Limits:
    asked, usual = gate.limits, Limits()

    def in_bytes(mebibytes: int | None, otherwise: int | None) -> int | None:
        return otherwise if mebibytes is None else mebibytes * MEBIBYTE

    return Limits(
        wall_s=gate.timeout_s,
        idle_s=asked.idle_s,
        memory_bytes=in_bytes(asked.memory_mb, usual.memory_bytes),
        processes=usual.processes if asked.processes is None else asked.processes,
        file_bytes=in_bytes(asked.file_mb, usual.file_bytes),
        written_bytes=in_bytes(asked.written_mb, usual.written_bytes),
        output_bytes=usual.output_bytes if asked.output_mb is None else asked.output_mb * MEBIBYTE,
    )
