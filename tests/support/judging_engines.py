"""Engines that are doubles for a model: one that knows a rule, and one that an injection steers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent_agency.inference.protocol import Cancel, Capabilities, Health, Message, Piece, Reply, Request, Usage

MODEL = "a test's double of a model"


@dataclass
class RuleEngine:
    """Fails what holds ``eval(`` and passes the rest; ``steered_by`` is a text that makes it pass everything."""

    steered_by: str = ""
    fickle: bool = False
    calls: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return "a rule"

    @property
    def identity(self) -> Mapping[str, str]:
        return {"backend": "test double", "model": MODEL, "steered_by": self.steered_by}

    def capabilities(self) -> Capabilities:
        return Capabilities(True, False, False, False, True, None, language_model=True)

    def health(self) -> Health:
        return Health(True, "it is a double")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return len(messages) and None

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        del cancel
        with self._lock:
            self.calls.append(request)
        judged = request.messages[-1].content
        fails = "eval(" in judged and not (self.steered_by and self.steered_by in judged)
        fails ^= self.fickle and request.rollout == 1
        quote = next(
            line
            for line in judged.split("\n")
            if line.startswith("+") and not line.startswith("+++") and len(line) > len("+x = 1234")
        )
        answer = {
            "evidence": [quote[1:].strip()],
            "reasoning": "By the rule.",
            "verdict": "fail" if fails else "pass",
            "score": 0.1 if fails else 0.9,
            "confidence": 0.99,
            "suggestions": [],
        }
        text = json.dumps(answer)
        return Reply(text, "stop", Usage(None, None), MODEL, "sha256:" + "0" * 64, 0.0)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)
