"""A test double of an engine that answers when it is let: each call waits at a gate, and can be cancelled there."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelReply, LabelRequest, LabelScore, check_labels
from agent_agency.inference.protocol import (
    Cancel,
    Capabilities,
    Health,
    Message,
    Piece,
    Reply,
    Request,
    TokenChoice,
    Usage,
)


class GatedEngine:
    """Answers with the last message, word by word; ``gate`` is open unless it is cleared."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self.cancelled = threading.Semaphore(0)
        self.asked: list[Request | LabelRequest] = []
        self.error: EngineError | None = None

    name = "gated"

    @property
    def identity(self) -> Mapping[str, str]:
        return {"backend": "double", "model_digest": "sha256:0"}

    def capabilities(self) -> Capabilities:
        return Capabilities(True, True, True, True, True, 4096, True, labels=True)

    def health(self) -> Health:
        return Health(ready=True, detail="a double")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return sum(len(one.content.split()) for one in messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        return next(piece.reply for piece in self.stream(request, cancel) if piece.reply is not None)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        self._wait(request, cancel)
        words = [f"{word} " for word in request.messages[-1].content.split()]
        chosen = tuple(TokenChoice(word, -0.5, ((word, -0.5), ("x", -1.5))) for word in words)
        for word in words:
            yield Piece(word)
            self._pass(cancel)
        usage = Usage(self.count_tokens(request.messages), len(words), 1)
        yield Piece("", Reply("".join(words), "stop", usage, "double", "sha256:0", 0.0, chosen))

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        check_labels(request.labels)
        self._wait(request, cancel)
        scores = tuple(LabelScore(label, -float(at + 1), 1) for at, label in enumerate(request.labels))
        return LabelReply(scores, Usage(3, len(scores)), "double", "sha256:0", 0.0)

    def _wait(self, request: Request | LabelRequest, cancel: Cancel | None) -> None:
        self.asked.append(request)
        self.arrived.release()
        self._pass(cancel)
        if self.error is not None:
            raise self.error

    def _pass(self, cancel: Cancel | None) -> None:
        while not self.gate.wait(0.005):
            if cancel is not None and cancel.cancelled:
                self.cancelled.release()
                raise EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")
