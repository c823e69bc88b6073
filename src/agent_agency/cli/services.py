"""What a review takes from this machine: its clock, chance, environment, and how it can keep commands apart."""

from __future__ import annotations

import os
import sys
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.sandbox.probe import IsolationReport
    from agent_agency.workflows.review import Services


def machine_services() -> Services:
    """Gather the real services; progress of long work goes to standard error where that is a terminal."""
    from agent_agency.clock import SystemClock
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.review import Services
    from agent_agency.workflows.run_gates import ToolServices

    tools = ToolServices(_probe, dict(os.environ), _tell)
    return Services(SystemClock(), lambda: uuid.uuid4().hex, to_document, tools)


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        from agent_agency.report.text import clean

        print(clean(line)[:200], file=sys.stderr, flush=True)  # noqa: T201 - progress, apart from the answer


def _probe() -> IsolationReport:
    from agent_agency.sandbox.probe import probe

    return probe()
