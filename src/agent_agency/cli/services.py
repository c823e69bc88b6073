"""What a review takes from this machine: its clock, chance, environment, and how it can keep commands apart."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.review import Services


def machine_services(on_output: Callable[[str, bytes], None] | None = None) -> Services:
    """Gather the real services; ``on_output`` gets each piece of a gate's output, named."""
    from agent_agency.clock import SystemClock
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.review import Services
    from agent_agency.workflows.run_gates import ToolServices

    tools = ToolServices(_probe, dict(os.environ), on_output)
    return Services(SystemClock(), lambda: uuid.uuid4().hex, to_document, tools)


def _probe() -> IsolationReport:
    from agent_agency.sandbox.probe import probe

    return probe()
