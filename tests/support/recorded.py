"""A ledger and an evidence store with real rulings in them, for tests of what comes after a review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from agent_agency.arbitration.case_file import Case, to_json
from agent_agency.arbitration.constitution.serialise import constitution_bytes, make_constitution
from agent_agency.arbitration.ruling import Ruling
from agent_agency.arbitration.verdict import LawState
from agent_agency.evidence import EvidenceStore
from agent_agency.facts import GateResult
from agent_agency.identity import random_id
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.opening import open_ledger
from agent_agency.report.json_document import to_document
from agent_agency.workflows.prune_evidence import EvidencePruner
from agent_agency.workflows.record import Record
from support.hearings import rule_for_every_gate
from support.ledgers import TickingClock
from support.rulings import a_gate, a_ruling


@dataclass(frozen=True)
class Recorded:
    """A repository's record in ``folder``, whose clock ticks one second at each look."""

    folder: Path
    clock: TickingClock
    record: Record

    @classmethod
    def in_folder(cls, folder: Path) -> Recorded:
        clock = TickingClock()
        ledger = open_ledger(folder, clock, random_id, {})
        return cls(folder, clock, Record(ledger, EvidenceStore(folder / "evidence"), to_document))

    @property
    def store(self) -> EvidenceStore:
        return self.record.evidence

    @property
    def pruner(self) -> EvidencePruner:
        return EvidencePruner(self.record.ledger, self.store, self.clock, wait_s=20)

    def rule(self, name: str, *reports: bytes, gates: Sequence[GateResult] = ()) -> Ruling:
        """Record a ruling of its own, which rests on these reports."""
        kept = [self._kept(report) for report in reports]
        tests = a_gate("tests", reason=f"the tests of {name} passed", facts={"evidence": kept})
        listed = (tests, *gates)
        rules = make_constitution([rule_for_every_gate()])
        case = Case(listed, (), LawState(in_force=True), rules, date(2026, 1, 31), {}, {})
        decision = case.decide()
        ruling = a_ruling(decision.verdict, decision.caws_verdict, decision.exit_code, decision.reasons)
        made = replace(
            ruling,
            ruling_id=f"R-{name}",
            decision=decision,
            gates=case.gates,
            case_file=to_json(case),
            constitution_text=constitution_bytes(rules),
        )
        return self.record.append(made)

    def entries(self) -> list[Entry]:
        return list(self.record.ledger.entries())

    def file(self, digest: str) -> Path:
        return self.store.folder / digest[7:9] / digest[9:]

    def digests(self) -> set[str]:
        return {file.digest for file in self.store.files()}

    def _kept(self, report: bytes) -> dict[str, Any]:
        digest = self.store.put(report)
        return {
            "kind": "report",
            "part": "head",
            "digest": digest,
            "of": digest,
            "bytes": len(report),
            "stored_bytes": len(report),
            "redacted": 0,
            "capped": False,
        }
