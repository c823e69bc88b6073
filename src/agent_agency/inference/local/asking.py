"""Asking a model's process, and asking a new one once more where the first was lost before anything was handed on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.local.answers import Answer, PieceText
from agent_agency.inference.local.backend import Failed
from agent_agency.inference.local.process_ends import Lost

if TYPE_CHECKING:
    from agent_agency.inference.local.kept_process import KeptProcess
    from agent_agency.inference.local.model_process import ModelProcess
    from agent_agency.inference.local.questions import Question
    from agent_agency.inference.local.waiting import Wait


class Asking:
    """Questions to whichever process is there.

    Args:
        kept: starts it.
    """

    def __init__(self, kept: KeptProcess) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._again = 0

    @property
    def again(self) -> int:
        """How many questions were asked once more."""
        return self._again

    def end_of(self, question: Question, wait: Wait) -> Answer:
        """The answer as a whole.

        Raises:
            EngineError: as `answers`.
        """
        return next(one for one in self.answers(question, wait) if not isinstance(one, PieceText))

    def answers(self, question: Question, wait: Wait) -> Iterator[Answer]:
        """The pieces, where the question asks for them, and the end.

        Raises:
            EngineError: in time, cancelled, what the process says of this question, or how it was lost.
        """
        lost: Lost | None = None
        fresh = True
        while True:
            found: Answer | Lost | None = None
            for found in _from(self._process(wait, lost), question, wait):
                if isinstance(found, PieceText):
                    fresh = False
                    yield found
            if lost is not None or not (isinstance(found, Lost) and found.again and fresh):
                break
            lost = found
            with self._lock:
                self._again += 1
        yield _good(found)

    def _process(self, wait: Wait, lost: Lost | None) -> ModelProcess:
        """The process to ask; where there is none any more, how the question was lost is what matters to its asker."""
        try:
            return self._kept.running(wait)
        except EngineError as error:
            if lost is None or error.stable_code == "engine.cancelled":
                raise
            raise lost.error() from error


def _from(process: ModelProcess, question: Question, wait: Wait) -> Iterator[Answer | Lost]:
    """What one process says; it is told where nobody waits for the end."""
    number = process.ask(question, wait.box)
    ended = False
    try:
        while not ended:
            found = wait.answer(lambda: process.stage == "loading")
            ended = not isinstance(found, PieceText)
            yield found
    finally:
        if not ended:
            process.leave(number)


def _good(found: Answer | Lost | None) -> Answer:
    if isinstance(found, Lost):
        raise found.error()
    if isinstance(found, Failed):
        raise EngineError(found.message, fix=found.fix, code=found.code)
    if found is None:
        raise EngineError("The model said nothing", fix="Ask again.", code="engine.bad_answer")
    return found
