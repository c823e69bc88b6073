"""A test double for an engine that scores labels: by a rule on the subject, and it also writes answers by a rule."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent_agency.inference.labels import LabelReply, LabelRequest, LabelScore, check_labels
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Capabilities, Message, Reply, Request, Usage
from support.counting_engine import CountingEngine

DIGEST = "sha256:" + "1" * 64


def by_marks(text: str) -> Mapping[str, float]:
    """The default rule: the more often ``good`` stands in a text, the likelier ``pass`` is."""
    good = text.count("good") - text.count("bad")
    return {"fail": -1.0 - good, "partial": -3.0, "pass": -1.0 + good}


def written_by_marks(request: Request) -> str:
    """An answer by the same rule: whole where the schema asks for reasons, short else."""
    text = subject_of(request.messages)
    verdict = "pass" if text.count("good") > text.count("bad") else "fail"
    score = 0.9 if verdict == "pass" else 0.1
    if "reasoning" not in (request.schema or {}).get("properties", {}):
        return json.dumps({"verdict": f"{verdict} {score}"})
    quote = max(text.split("\n"), key=len)
    told = {"evidence": [quote], "reasoning": "By the rule.", "verdict": verdict, "score": score}
    return json.dumps({**told, "confidence": 0.9, "suggestions": []})


def subject_of(messages: Sequence[Message]) -> str:
    """What is judged: the text between the fences of the last message, or of the one that came first."""
    for one in reversed(messages):
        for name in ("<<output", "<<change"):
            if name in one.content:
                return one.content.partition(name)[2].partition(">>\n")[2].partition("\n<<end")[0]
    return ""


@dataclass
class LabelRuleEngine(CountingEngine):
    """Scores labels and writes answers; ``labels`` are the label requests and ``asks`` the others, as they came."""

    answer: Callable[[Request], str] = written_by_marks
    rule: Callable[[str], Mapping[str, float]] = by_marks
    tokens: Mapping[str, int] = field(default_factory=dict)
    labels: list[LabelRequest] = field(default_factory=list)
    asks: list[Request] = field(default_factory=list)
    width: int = 3
    most_at_once: int = 0
    at_once: int = 0
    gate: threading.Event | None = None

    def capabilities(self) -> Capabilities:
        return Capabilities(True, True, False, True, True, None, language_model=True, labels=True)

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        del cancel
        return Primed(self.count_tokens(messages) or 0, 0)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        with self.lock:
            self.asks.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                self.gate.wait(0.05)
            return super().generate(request, cancel)
        finally:
            with self.lock:
                self.at_once -= 1

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        del cancel
        check_labels(request.labels)
        with self.lock:
            self.labels.append(request)
        told = self.rule(subject_of(request.messages))
        by_label = dict(zip(("C", "B", "A"), (told["fail"], told["partial"], told["pass"]), strict=True)) | dict(told)
        scores = tuple(LabelScore(one, by_label[one], self.tokens.get(one, 1)) for one in request.labels)
        return LabelReply(scores, Usage(self.count_tokens(request.messages), 3, 0), "double", DIGEST, 0.01)
