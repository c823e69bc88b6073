"""What a review takes from this machine: its clock, chance, environment, and how it can keep commands apart."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.gate_progress import GateProgress
    from agent_agency.workflows.review import Services


CONFIG = "agency.toml"
LARGEST_CONFIG = 256 * 1024


def machine_services(folder: Path | None = None, *, reuse: bool = True) -> Services:
    """Gather the real services; progress of long work goes to standard error.

    ``folder`` is where the repository is looked for: isolation is probed at once where its settings name gates. Without
    ``reuse`` every gate is measured anew.
    """
    probe = _begun(_probe) if folder is not None and _names_gates(folder) else _probe
    from agent_agency.clock import SystemClock
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.review import Services
    from agent_agency.workflows.run_gates import ToolServices

    tools = ToolServices(probe, dict(os.environ), _progress(), reuse)
    return Services(SystemClock(), lambda: uuid.uuid4().hex, to_document, tools)


def _names_gates(folder: Path) -> bool:
    """Whether gates are likely to be run; which ones there are is read from the base."""
    try:
        with (folder / CONFIG).open("rb") as stream:
            return b"[[gate]]" in stream.read(LARGEST_CONFIG)
    except OSError:
        return False


def _begun(probe: Callable[[], IsolationReport]) -> Callable[[], IsolationReport]:
    """A probe that is at work already, beside what else a review does, by the time it is asked."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1)
    found = pool.submit(probe)
    pool.shutdown(wait=False)
    return found.result


def _progress() -> GateProgress:
    """A living line for each gate on a terminal, plain lines elsewhere."""
    from agent_agency.cli.console import make_console
    from agent_agency.report.gate_progress import LiveProgress, PlainProgress

    if sys.stderr.isatty():
        return LiveProgress(make_console(stderr=True))
    return PlainProgress(sys.stderr)


def _probe() -> IsolationReport:
    from agent_agency.sandbox.probe import probe

    return probe()
