"""An assessment in the making: what is known so far, whichever way it ends."""

from __future__ import annotations

from typing import Protocol

from agent_agency.inference.protocol import Usage
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_form import Mode
from agent_agency.judging.assessment import Assessment, CallRecord, Scored
from agent_agency.judging.laid_out import LaidOut
from agent_agency.judging.subject import Subject


class Answered(Protocol):
    """What is recorded of an engine's reply; those to prompts and to labels both have it."""

    @property
    def usage(self) -> Usage:
        """Tokens."""
        ...

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def model_digest(self) -> str:
        """Of its weights."""
        ...

    @property
    def latency_s(self) -> float:
        """Seconds."""
        ...

    @property
    def cache_hit(self) -> bool:
        """Whether a cache answered."""
        ...


class Working:
    """What is known so far of one assessment.

    Args:
        subject: what is judged.
        version: of the judge.
        mode: in which it is asked.
    """

    def __init__(self, subject: Subject, version: str, mode: Mode) -> None:
        self._subject = subject
        self._version = version
        self._mode = mode
        self._calls: list[CallRecord] = []
        self.laid_out: LaidOut | None = None
        self.scored: Scored | None = None

    def called(self, prompt_digest: str, reply: Answered) -> None:
        """Note a call."""
        made = (reply.model, reply.model_digest, reply.usage, reply.latency_s, reply.cache_hit)
        self._calls.append(CallRecord(prompt_digest, *made))

    def done(self, answer: Answer, *, repaired: bool = False) -> Assessment:
        """It ends with an answer."""
        return self._assessment(answer, repaired=repaired, problem="")

    def abstention(self, reason: str, problem: str) -> Assessment:
        """It ends without one."""
        answer = Answer("abstain", None, None, abstained_because=reason)
        return self._assessment(answer, repaired=False, problem=problem)

    def _assessment(self, answer: Answer, *, repaired: bool, problem: str) -> Assessment:
        laid_out = self.laid_out
        digest = laid_out.digest if laid_out else self._subject.digest
        counted = laid_out.counted if laid_out else ()
        made = Assessment(digest, self._version, answer, counted, tuple(self._calls), repaired, problem)
        return made.asked_in(self._mode, self.scored)
