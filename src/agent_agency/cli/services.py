"""What a review takes from this machine: its clock, chance, environment, and how it can keep commands apart."""

from __future__ import annotations

import os
import sys
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.gate_progress import GateProgress
    from agent_agency.workflows.review import Services


def machine_services(*, reuse: bool = True) -> Services:
    """Gather the real services; progress of long work goes to standard error.

    Without ``reuse`` every gate is measured anew.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.review import Services
    from agent_agency.workflows.run_gates import ToolServices

    tools = ToolServices(_probe, dict(os.environ), _progress(), reuse)
    return Services(SystemClock(), lambda: uuid.uuid4().hex, to_document, tools)


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
