"""A test double for a model and a judge: numbers are judged by the nearest demonstration's number.

It is no learner of anything real. A better set of demonstrations really scores better with it, and its calls can be
counted, stopped and made to fail, which is all that tests of an optimiser need.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import (
    Cancel,
    Capabilities,
    Engine,
    Health,
    Message,
    Piece,
    Reply,
    Request,
    Usage,
)
from agent_agency.judging.answer import Answer, Verdict
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.subject import Subject
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.task import Task

ASKED = "Which verdict has the nearest number?"


@dataclass
class NumberEngine:
    """Answers with the verdict of the nearest number; instructions that it is asked to word are a running number.

    ``fails_after`` calls it is down; ``stops_after`` calls somebody presses Ctrl-C.
    """

    language: bool = False
    fails_after: int | None = None
    stops_after: int | None = None
    calls: int = 0
    name: str = "test-double"
    identity: Mapping[str, str] = field(default_factory=lambda: {"backend": "test-double", "model_digest": "sha256:0"})

    def capabilities(self) -> Capabilities:
        return Capabilities(
            schema=False,
            stream=False,
            logprobs=False,
            token_counts=True,
            seed=True,
            context_tokens=None,
            language_model=self.language,
        )

    def health(self) -> Health:
        return Health(ready=True, detail="")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return sum(len(one.content) for one in messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        del cancel
        if self.fails_after is not None and self.calls >= self.fails_after:
            raise EngineError("the test double is down", fix="None.", code="engine.unreachable")
        if self.stops_after is not None and self.calls >= self.stops_after:
            raise KeyboardInterrupt
        self.calls += 1
        text = _nearest(request.messages) if request.messages[0].content == ASKED else self._worded(request)
        return Reply(text, "stop", Usage(10, 1), "test-double", "sha256:0", 0.0)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)

    def _worded(self, request: Request) -> str:
        return f"Judge with care, wording {request.rollout}."


def number_judge(engine: Engine, prompt: JudgePrompt, subject: Subject) -> Answer:
    turns = [Message("system", ASKED)]
    for one in prompt.demonstrations:
        turns += [Message("user", one.subject.output), Message("assistant", one.answer.verdict)]
    verdict = engine.generate(Request((*turns, Message("user", subject.output)))).text
    return right_answer(cast("Verdict", verdict))


def right_answer(verdict: Verdict) -> Answer:
    score = {"pass": 1.0, "partial": 0.5, "fail": 0.0, "abstain": None}[verdict]
    return Answer(verdict, score, None if score is None else 0.9, "The nearest one is so.")


def number_example(name: str, number: float, group: str) -> Example:
    verdict: Verdict = "pass" if 0.3 < number < 0.5 or number > 0.8 else "fail"
    return Example(name, Subject(name, "text", "Be a good number.", f"{number:.6f}"), right_answer(verdict), group)


def number_task(engine: Engine, *, reflector: Engine | None = None, seed: int = 1, dev: int = 30) -> Task:
    """A task whose baseline holds four demonstrations that happened to come first."""
    chance = random.Random(seed)
    train = tuple(number_example(f"t{at}", chance.random(), f"train {at % 10}") for at in range(60))
    held = tuple(number_example(f"d{at}", chance.random(), f"dev {at % 6}") for at in range(dev))
    baseline = JudgePrompt("relevance", "sha256:0", "Judge it.", tuple(one.demonstration for one in train[:4]))
    return Task(baseline, train, held, number_judge, engine, reflector or engine)


def _nearest(messages: tuple[Message, ...]) -> str:
    asked = float(messages[-1].content)
    shown = zip(messages[1:-1:2], messages[2:-1:2], strict=True)
    return min(shown, key=lambda pair: abs(float(pair[0].content) - asked), default=(None, Message("user", "pass")))[
        1
    ].content
