"""A review in this process whose tools run at a level of isolation of the test's choice: no option of the command."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.clock import SystemClock
from agent_agency.report.json_document import to_document
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import IsolationReport
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.run_gates import ToolServices
from agent_agency.workflows.subject import ReviewRequest


def services_at(isolation: Isolation, variables: dict[str, str]) -> Services:
    """What a review needs, with every tool at one level and a key that only tests use."""
    report = IsolationReport(isolation, MappingProxyType({}), "chosen by a test")
    tools = ToolServices(lambda: report, variables)
    key = Ed25519Signer.from_seed(b"a test's arbiter".ljust(32))
    return Services(SystemClock(), lambda: "0" * 32, to_document, tools, lambda: key)


def review_at(isolation: Isolation, start: Path, variables: dict[str, str], *, base: str, head: str) -> Any:
    """Review a change with every tool at one level; the ruling's document as users get it."""
    ruling = review(ReviewRequest(start, base, head), services_at(isolation, variables))
    return json.loads(json.dumps(to_document(ruling)))
