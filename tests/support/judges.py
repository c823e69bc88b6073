"""A judge that says what a test tells it: a double, for what a review makes of an opinion."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent_agency.canonical_json import canonical_json
from agent_agency.errors import EngineError
from agent_agency.evidence import EvidenceStore
from agent_agency.judging.answer import Answer
from agent_agency.judging.subject import Subject
from agent_agency.workflows.judge_gates import Opinion, Sitting

FAILS = Answer("fail", 0.1, 0.9, "A user's text reaches eval.", ("return eval(lines)",), ("Parse the text.",))
PASSES = Answer("pass", 0.9, 0.8, "Nothing unsafe was added.", ("return 0",))
PARTLY = Answer("partial", 0.5, 0.6, "One of two things is done.", ("return 0",))
ABSTAINS = Answer("abstain", None, None, abstained_because="invalid")


@dataclass
class ToldJudge:
    """Answers every question alike; ``answer`` ``None`` is an engine that cannot be reached."""

    answer: Answer | None
    card: bool = False
    asked: list[Subject] = field(default_factory=list)
    store: EvidenceStore | None = None

    def opened(self, sitting: Sitting) -> ToldJudge:
        self.store = sitting.record.evidence
        return self

    def __call__(self, judge: str, subject: Subject) -> Opinion:
        self.asked.append(subject)
        if self.answer is None:
            raise EngineError("Nothing answers at http://127.0.0.1:9", fix="Start the server.")
        assert self.store is not None
        kept = self.store.put(canonical_json({"judge": judge, "verdict": self.answer.verdict}))
        card = "its card passes" if self.card else "its version has no passing judge card"
        return Opinion(self.answer, "sha256:" + "0" * 64, "told", False, self.card, card, kept)

    def may_block(self, judge: str) -> bool:
        return self.card and bool(judge)
