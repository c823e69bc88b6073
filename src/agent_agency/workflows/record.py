"""The record of rulings: the ledger and the evidence folder under the git common directory.

The ledger entry holds what decides, and the digests of what it rests on: the whole ruling document, the case file that
the verdict follows from, and what the gates' tools left. Those lie in the evidence folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from agent_agency._version import __version__
from agent_agency.arbitration.case_file import decision_bytes
from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.gate_facts import fit_text
from agent_agency.arbitration.ruling import Ruling
from agent_agency.canonical_json import digest_bytes
from agent_agency.clock import Clock, SystemClock
from agent_agency.errors import AgencyError, LedgerError, LedgerMovedError
from agent_agency.evidence import EvidenceState, EvidenceStore
from agent_agency.git import Repository
from agent_agency.identity import random_id
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.workflows.check_evidence import EntryEvidence, state_of

FOLDER = "agency"
EVIDENCE_FOLDER = "evidence"
RULING = "ruling"
STOPPED = "review_stopped"
LISTED_FINDINGS = 50
_APPROVING = frozenset({"approved", "waived"})
_MOST_ATTEMPTS = 50

RulingDocument = Callable[[Ruling], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Joined:
    """A ruling with its case and citations, the entries that go in with it, and what guards them (``append_all``)."""

    ruling: Ruling
    drafts: tuple[Draft, ...] = ()
    unless_moved: Mapping[str, int] = field(default_factory=dict)


Join = Callable[[Ruling], Joined]
Sign = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Vouched = Callable[[Entry], bool]


def alone(ruling: Ruling) -> Joined:
    """A ruling that nothing else belongs to."""
    return Joined(ruling)


def whoever(entry: Entry) -> bool:  # noqa: ARG001 - takes what asks for a signature takes
    """Believe any entry; for a record that nobody else writes to."""
    return True


def ledger_of(repo: Repository) -> Ledger:
    """A repository's ledger, for commands that ask it; nothing is read or made before they do.

    Raises:
        StoreError: ``AGENCY_STORE_URL`` names no database that this version can use.
    """
    return open_ledger(repo.common_dir / FOLDER, SystemClock(), random_id, os.environ)


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

    def approves(self, ruling_id: str, vouched: Vouched) -> bool | None:
        """Whether the newest ruling of that id approves or waives; ``None`` where the record holds none.

        Args:
            ruling_id: which.
            vouched: whether an entry is really the arbiter's; one that whoever wrote into the ledger is no ruling.
        """
        found = self.ledger.about(f"{RULING}:{ruling_id}")
        rulings = [entry for entry in found if entry.kind == RULING and vouched(entry)]
        return rulings[-1].body.get("verdict") in _APPROVING if rulings else None

    def append(
        self, ruling: Ruling, join: Join = alone, sign: Sign | None = None, vouched: Vouched = whoever
    ) -> Ruling:
        """Record a ruling with all that belongs to it, in one transaction, and tell where it stands.

        The same ruling is recorded once: made again on the same inputs, it is answered as it stands, unless something
        in its case has moved since.

        Args:
            ruling: the ruling.
            join: gives what belongs to it: its case, the precedents it cites, their entries; asked again where another
                process was quicker.
            sign: signs the ruling's document and answers the envelope.
            vouched: whether an entry is really the arbiter's; another stands in the way of no ruling.

        Raises:
            UnrecordedRulingError: when it could not be written; the ledger is as it was.
        """
        try:
            for _ in range(_MOST_ATTEMPTS):
                recorded = self._try_append(ruling, join, sign, vouched)
                if recorded is not None:
                    return recorded
            raise LedgerError("The ledger moved each time that the ruling was to be recorded", fix="Review again.")
        except AgencyError as cause:
            raise UnrecordedRulingError(ruling, cause) from cause

    def _try_append(self, ruling: Ruling, join: Join, sign: Sign | None, vouched: Vouched) -> Ruling | None:
        """Record it; ``None`` where another process recorded something about the same matter meanwhile."""
        subject = f"{RULING}:{ruling.ruling_id}"
        before = self.ledger.about(subject)
        joined = join(ruling)
        decision = digest_bytes(decision_bytes(joined.ruling.decision))
        same = {"decision": decision, "verdict": str(joined.ruling.decision.verdict)}
        again = next((entry for entry in reversed(before) if entry.kind == RULING), None)
        if again is not None and not joined.drafts and self._stands(again, same) and vouched(again):
            return replace(joined.ruling, ledger=self.place(again), signed_by=_signed_by(again, joined.ruling))
        document = dict(self.document_of(joined.ruling))
        del document["ledger"]
        document.pop("on_appeal", None)  # what becomes of a ruling is no part of it
        data = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        stored = {
            "document": self.evidence.put(data),
            "case_file": self.evidence.put(joined.ruling.case_file),
            "constitution": self.evidence.put(joined.ruling.constitution_text),
        }
        body: dict[str, Any] = {"subject": subject, **_body(document), **_reasoning(joined.ruling), **stored}
        body["decision"] = decision
        if sign is not None:
            body["attestation"] = sign({**document, **stored, "decision": decision})
        moved = {subject: before[-1].seq if before else 0, **joined.unless_moved}
        try:
            entry, *_ = self.ledger.append_all([Draft(RULING, body), *joined.drafts], unless_moved=moved)
        except LedgerMovedError:
            return None
        return replace(joined.ruling, ledger=self.place(entry))

    def _stands(self, entry: Entry, same: Mapping[str, str]) -> bool:
        """Whether a ruling is recorded as it would be now, with all that it rests on."""
        return all(entry.body.get(name) == value for name, value in same.items()) and self._has(entry)

    def _has(self, entry: Entry) -> bool:
        """Whether what the ruling rests on is still there; of one that was pruned the record is made anew."""
        named = EntryEvidence.of(entry).named
        return all(state_of(self.evidence, one.digest) is EvidenceState.OK for one in named)

    def place(self, entry: Entry) -> dict[str, Any]:
        """Where an entry stands, as the member ``ledger`` of a ruling tells it."""
        return {"path": self.ledger.path, "chain": entry.chain, "seq": entry.seq, "hash": entry.hash}

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
        """Count the different changes, other than this one, that a waiver let through."""
        from agent_agency.workflows.waiver_uses import changes_let_through

        return len(changes_let_through(self.ledger, waiver_id, but=except_change))


def _signed_by(entry: Entry, ruling: Ruling) -> Mapping[str, Any] | None:
    """Who signed the ruling as it stands recorded, which need not be who would sign it now."""
    envelope = entry.body.get("attestation")
    if envelope is None:
        return None
    key_id = envelope["signatures"][0]["keyid"]
    now = ruling.signed_by
    return now if now is not None and now["key_id"] == key_id else {"key_id": key_id, "principal": None}


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
        "change": {key: change[key] for key in ("digest", "files", "added", "deleted", "authors")},
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


def _reasoning(ruling: Ruling) -> dict[str, Any]:
    """What each rule said and what else the ruling stands on, without the words."""
    spoke = [outcome for outcome in ruling.outcomes if outcome.status is not RuleStatus.NOT_APPLICABLE]
    return {
        "outcomes": [
            {"rule": one.rule, "version": one.version, "subject": fit_text(one.subject), "status": str(one.status)}
            for one in spoke
        ],
        "confidence": ruling.confidence and dict(ruling.confidence),
        "case": ruling.case["id"] if ruling.case else None,
        "precedents": [dict(citation) for citation in ruling.precedents],
        "features": ruling.features and dict(ruling.features),
        "appeal_of": ruling.appeal_of,
    }


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: finding[key] for key in ("rule", "severity", "path", "gate", "fingerprint", "waived_by")}
