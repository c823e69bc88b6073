"""The jobs of a model's process: handed to the backend in the order in which they were asked, and ended once each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError, EngineError
from agent_agency.inference.local import questions
from agent_agency.inference.local.answers import Answer, Counted, PieceText
from agent_agency.inference.local.backend import Backend, Failed, GenerateJob, Job, LabelJob, PrimeJob
from agent_agency.inference.protocol import Parameters

if TYPE_CHECKING:
    from agent_agency.inference.local.questions import Question

CANCELLED = Failed("engine.cancelled", "The call was cancelled", "Ask again.")
Tell = Callable[[int, Answer], None]


class _Running:
    """A job from when its question is read until it ends."""

    __slots__ = ("cancel", "cancelled")

    def __init__(self) -> None:
        self.cancel: Callable[[], None] | None = None
        self.cancelled = False


class Tasks:
    """What runs.

    Args:
        tell: takes the answer to a question, from any thread.
        give_up: ends the process, called in place of telling a failure by which the backend is broken: who asked may
            then ask a new process.
    """

    def __init__(self, tell: Tell, give_up: Callable[[Failed], object]) -> None:
        self._tell = tell
        self._give_up = give_up
        self._lock = threading.Lock()
        self._running: dict[int, _Running] = {}

    def expect(self, number: int) -> None:
        """A question was read, and may be cancelled from now on."""
        with self._lock:
            self._running[number] = _Running()

    def cancel(self, number: int) -> None:
        """End a job early; one that has ended stays so."""
        with self._lock:
            running = self._running.get(number)
            if running is None:
                return
            running.cancelled = True
            call = running.cancel
        if call is not None:
            call()

    def begin(self, backend: Backend, question: Question) -> None:
        """Have the backend work on a question; whatever is wrong with it ends it with `Failed`."""
        number: int = question["id"]
        with self._lock:
            running = self._running[number]
        if running.cancelled:
            self.end(number, CANCELLED)
            return
        try:
            self._begin(backend, question, running)
        except Exception as error:  # noqa: BLE001 - a job's defect ends the job, not the process
            self.end(number, failure(error))

    def end(self, number: int, answer: Answer) -> None:
        """Tell a job's end; a second one is not told."""
        if isinstance(answer, Failed) and answer.broken:
            self._give_up(answer)
        with self._lock:
            there = self._running.pop(number, None)
        if there is not None:
            self._tell(number, answer)

    def _begin(self, backend: Backend, question: Question, running: _Running) -> None:
        number: int = question["id"]
        if question["op"] == "facts":
            self.end(number, backend.facts)
        elif question["op"] == "count":
            self.end(number, Counted(backend.count_tokens(questions.read_messages(question))))
        else:
            cancel = backend.submit(self._job(backend, question))
            with self._lock:
                running.cancel = cancel
                late = running.cancelled
            if late:
                cancel()

    def _job(self, backend: Backend, question: Question) -> Job:
        number: int = question["id"]
        messages = questions.read_messages(question)

        def ended(answer: Answer) -> None:
            self.end(number, answer)

        if question["op"] == "prime":
            return PrimeJob(messages, ended)
        if question["op"] == "labels":
            if not backend.facts.labels:
                raise _no_labels(backend)
            return LabelJob(messages, question["shared"], tuple(question["labels"]), ended)
        parameters = _fitting(backend, questions.read_parameters(question), question)
        piece = (lambda text: self._tell(number, PieceText(text))) if question["streamed"] else None
        return GenerateJob(messages, question["shared"], parameters, question["schema"], ended, piece)


def failure(error: BaseException) -> Failed:
    """What an exception means to who asked."""
    if isinstance(error, AgencyError):
        at = f" ({error.path})" if error.path and error.path not in error.message else ""
        return Failed(error.stable_code, error.message + at, error.fix)
    if isinstance(error, MemoryError):
        return Failed(
            "engine.out_of_memory",
            "The model's process has no memory left",
            "Take a smaller model, a smaller context or a smaller width, or give it more memory_gb.",
        )
    said = " ".join(str(error).split())[:300]
    return Failed(
        "engine.failed",
        f"The model's engine gave up ({type(error).__name__}: {said})",
        "Try the other engine, and report it if this goes on.",
    )


def _no_labels(backend: Backend) -> EngineError:
    return EngineError(
        f"{backend.facts.engine} gives no log-probabilities of labels for this model",
        fix="Use the mode 'short' or 'full' with it.",
        code="engine.no_labels",
    )


def _fitting(backend: Backend, how: Parameters, question: Question) -> Parameters:
    """Parameters that this backend can keep to.

    Raises:
        EngineError: it cannot: ``engine.bad_request``, ``engine.no_logprobs``, ``engine.prompt_too_long``.
    """
    facts = backend.facts
    if how.top_logprobs > (max(1, facts.logprobs) if facts.logprobs >= 0 else 0):
        raise EngineError(
            f"{how.top_logprobs} alternatives a token are asked for, and {facts.engine} tells {max(0, facts.logprobs)}",
            fix="Ask for fewer, or use the other engine.",
            code="engine.no_logprobs",
        )
    if how.context is None or how.context == facts.context_tokens:
        return how
    if how.context > facts.context_tokens:
        raise EngineError(
            f"A context of {how.context:,} tokens is asked for, and the model is loaded with {facts.context_tokens:,}",
            fix=f"Ask for at most {facts.context_tokens:,}, or set 'context' of the engine.",
            code="engine.bad_request",
        )
    return _within(backend, how, how.context, question)


def _within(backend: Backend, how: Parameters, context: int, question: Question) -> Parameters:
    """The answer cut to a window that is smaller than the one the model was loaded with."""
    prompt = backend.count_tokens(questions.read_messages(question))
    if prompt >= context:
        raise EngineError(
            f"The prompt has {prompt:,} tokens, and the engine's window is {context:,}",
            fix="Shorten the prompt, or give the engine a larger 'context'.",
            code="engine.prompt_too_long",
        )
    return replace(how, max_tokens=min(how.max_tokens, context - prompt))
