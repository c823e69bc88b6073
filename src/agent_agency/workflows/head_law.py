"""A change that does nothing but edit law: is the law that it proposes valid in itself?

Whether it should become law is for a person; that it can be read is for the arbiter.
"""

from __future__ import annotations

from datetime import datetime

from agent_agency.change.model import Change
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Severity
from agent_agency.git import Repository
from agent_agency.workflows.law import read_law

GATE = "proposed_law"


def head_law_gate(repo: Repository, change: Change, now: datetime) -> GateResult:
    """Validate every law document that the change leaves behind at its head."""
    touched = {path for file in change.files for path in file.paths}
    proposed = read_law(repo, change.head_tree, now)
    results = [spec.result for spec in proposed.specs] + list(proposed.waivers)
    findings: tuple[Finding, ...] = (
        *proposed.problems,
        *(finding for result in results if result.path in touched for finding in result.findings),
    )
    severe = [finding for finding in findings if finding.severity is not Severity.ADVICE]
    status = GateStatus.FAIL if severe else GateStatus.PASS
    reason = f"the proposed law has {len(severe)} problem(s)" if severe else "the proposed law is valid in itself"
    return GateResult(GATE, status, GateMode.BLOCK, findings, reason)
