"""The record of rulings: the ledger and the evidence folder under the git common directory.

The ledger entry holds what decides and the digest of the whole ruling document; the document itself is evidence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent_agency.arbitration.ruling import Ruling
from agent_agency.clock import Clock
from agent_agency.errors import AgencyError
from agent_agency.evidence import EvidenceStore
from agent_agency.git import Repository
from agent_agency.ledger.journal import Ledger

FOLDER = "agency"
EVIDENCE_FOLDER = "evidence"
RULING = "ruling"
LISTED_FINDINGS = 50

RulingDocument = Callable[[Ruling], Mapping[str, Any]]


class UnrecordedRulingError(AgencyError):
    """A ruling was made and could not be recorded; ``ruling`` is what could be answered all the same."""

    code = "ledger.unrecorded"
    answered = True

    def __init__(self, ruling: Ruling, cause: AgencyError) -> None:
        message = f"The ruling could not be recorded: {cause.message}"
        super().__init__(message, fix=cause.fix, path=cause.path, line=cause.line)
        self.ruling = ruling


@dataclass(frozen=True, slots=True)
class Record:
    """One repository's rulings, shared by all of its worktrees."""

    ledger: Ledger
    evidence: EvidenceStore
    document_of: RulingDocument

    @classmethod
    def of(cls, repo: Repository, clock: Clock, new_id: Callable[[], str], document_of: RulingDocument) -> Record:
        """Open the record of a repository; nothing is written before the first ruling."""
        folder = repo.common_dir / FOLDER
        return cls(Ledger(folder, clock, new_id), EvidenceStore(folder / EVIDENCE_FOLDER), document_of)

    def append(self, ruling: Ruling) -> Ruling:
        """Store the ruling's document as evidence, append the entry, and tell where it stands.

        Raises:
            UnrecordedRulingError: when either could not be written; the ledger is as it was.
        """
        document = dict(self.document_of(ruling))
        del document["ledger"]
        data = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        try:
            entry = self.ledger.append(RULING, _body(document, self.evidence.put(data)))
        except AgencyError as cause:
            raise UnrecordedRulingError(ruling, cause) from cause
        place = {"path": str(self.ledger.path), "chain": entry.chain, "seq": entry.seq, "hash": entry.hash}
        return replace(ruling, ledger=place)

    def uses_of_waiver(self, waiver_id: str, *, except_change: str) -> int:
        """Count the different changes, other than this one, whose rulings needed a waiver."""
        needed = {
            entry.body["change"]["digest"]
            for entry in self.ledger.entries()
            if entry.kind == RULING and waiver_id in entry.body["waivers"]
        }
        return len(needed - {except_change})


def _body(document: Mapping[str, Any], evidence: str) -> dict[str, Any]:
    change, spec, law = document["change"], document["spec"], document["law"]
    return {
        "ruling_id": document["ruling_id"],
        "verdict": document["verdict"],
        "caws_verdict": document["caws_verdict"],
        "inputs_digest": document["inputs_digest"],
        "reasons": document["reasons"][:LISTED_FINDINGS],
        "spec": {key: spec[key] for key in ("id", "path", "digest", "chosen_by")} if spec else None,
        "law": {key: law[key] for key in ("in_force", "commit", "constitution")},
        "base": document["base"],
        "head": document["head"],
        "change": {key: change[key] for key in ("digest", "files", "added", "deleted")},
        "gates": {gate["name"]: gate["status"] if gate["applicable"] else "left_out" for gate in document["gates"]},
        "findings": [_finding(finding) for finding in document["findings"][:LISTED_FINDINGS]],
        "findings_total": len(document["findings"]),
        "waivers": [waiver["id"] for waiver in document["waivers"]],
        "document": evidence,
        "tool_version": document["tool"]["version"],
    }


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: finding[key] for key in ("rule", "severity", "path", "gate", "fingerprint", "waived_by")}
