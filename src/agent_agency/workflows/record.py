"""The record of rulings: the ledger and the evidence folder under the git common directory.

The ledger entry holds what decides, and the digests of what it rests on: the whole ruling document, the case file that
the verdict follows from, and what the gates' tools left. Those lie in the evidence folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from agent_agency._version import __version__
from agent_agency.arbitration.case_file import decision_bytes
from agent_agency.arbitration.ruling import Ruling
from agent_agency.canonical_json import digest_bytes
from agent_agency.clock import Clock
from agent_agency.errors import AgencyError
from agent_agency.evidence import EvidenceStore
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.opening import open_ledger

FOLDER = "agency"
EVIDENCE_FOLDER = "evidence"
RULING = "ruling"
STOPPED = "review_stopped"
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
        return cls(open_ledger(folder, clock, new_id, os.environ), EvidenceStore(folder / EVIDENCE_FOLDER), document_of)

    def in_use(self) -> AbstractContextManager[None]:
        """Keep the evidence that a review stores from being pruned before its ruling names it.

        Raises:
            EvidenceError: when evidence is being pruned, and that does not end soon.
        """
        return self.evidence.in_use()

    def append(self, ruling: Ruling) -> Ruling:
        """Store the ruling's document and case as evidence, append the entry, and tell where it stands.

        Raises:
            UnrecordedRulingError: when either could not be written; the ledger is as it was.
        """
        document = dict(self.document_of(ruling))
        del document["ledger"]
        data = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        try:
            stored = {"document": self.evidence.put(data), "case": self.evidence.put(ruling.case_file)}
            decision = digest_bytes(decision_bytes(ruling.decision))
            entry = self.ledger.append(RULING, {**_body(document), **stored, "decision": decision})
        except AgencyError as cause:
            raise UnrecordedRulingError(ruling, cause) from cause
        place = {"path": self.ledger.path, "chain": entry.chain, "seq": entry.seq, "hash": entry.hash}
        return replace(ruling, ledger=place)

    def append_stopped(self, body: Mapping[str, Any]) -> Entry:
        """Record that a review was stopped before it came to a ruling.

        Args:
            body: JSON-ready: ``base``, ``head``, ``tree`` and ``spec`` tell what was under review; ``gates`` maps each
                gate to its status, or to ``stopped`` or ``not_begun``; ``evidence``, where there is any, lists what
                its tools left, as a ruling's entry does.

        Raises:
            ValueError: when the body is not plain JSON data.
            LedgerError: when it could not be written.
        """
        return self.ledger.append(STOPPED, {**body, "tool_version": __version__})

    def uses_of_waiver(self, waiver_id: str, *, except_change: str) -> int:
        """Count the different changes, other than this one, whose rulings needed a waiver."""
        needed = {
            entry.body["change"]["digest"]
            for entry in self.ledger.entries()
            if entry.kind == RULING and waiver_id in entry.body["waivers"]
        }
        return len(needed - {except_change})


def _body(document: Mapping[str, Any]) -> dict[str, Any]:
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
        "evidence": list(_stored(document)),
        "tool_version": document["tool"]["version"],
    }


def _stored(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The digests of what the gates' tools left, so that they outlive the document."""
    for gate in document["gates"]:
        for kept in gate["evidence"]:
            if kept["digest"] is not None:
                yield {"gate": gate["name"], **{key: kept.get(key) for key in ("kind", "part", "digest", "of")}}


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: finding[key] for key in ("rule", "severity", "path", "gate", "fingerprint", "waived_by")}
