"""The backend: each job becomes tokens, and goes to the lane that does its kind of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.inference.labels import check_labels
from agent_agency.inference.local.backend import BackendFacts, GenerateJob, Job, LabelJob, PrimeJob
from agent_agency.inference.local.openvino.faults import CLOSED, prompt_too_long
from agent_agency.inference.local.openvino.label_plan import LabelWork
from agent_agency.inference.local.schema_grammar import grammar_of
from agent_agency.inference.priming import Primed

if TYPE_CHECKING:
    from agent_agency.inference.local.openvino.label_lane import LabelLane
    from agent_agency.inference.local.openvino.loop import Loop
    from agent_agency.inference.local.openvino.prompts import Prompts
    from agent_agency.inference.local.openvino.text_lane import TextLane
    from agent_agency.inference.protocol import Message


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where work is done, and the thread that does it."""

    text: TextLane
    labels: LabelLane
    loop: Loop


class OpenVinoBackend:
    """A model loaded with OpenVINO; see `agent_agency.inference.local.backend.Backend`.

    Args:
        facts: what it says of itself.
        prompts: how messages become tokens.
        lanes: where work is done.
        let_go: called when it is closed.
        reuse: whether anything that was computed is used again.
    """

    def __init__(
        self, facts: BackendFacts, prompts: Prompts, lanes: Lanes, let_go: Callable[[], None], *, reuse: bool = True
    ) -> None:
        self._facts = facts
        self._prompts = prompts
        self._lanes = lanes
        self._let_go = let_go
        self._reuse = reuse

    @property
    def facts(self) -> BackendFacts:
        """What it says of itself."""
        return self._facts

    def submit(self, job: Job) -> Callable[[], None]:
        """Take a job; see `Backend.submit`.

        Raises:
            EngineError: the prompt leaves no room for an answer (``engine.prompt_too_long``), the schema cannot be
                kept to (``engine.schema_unsupported``), or the labels are none (``engine.bad_request``).
        """
        if self._lanes.loop.closed:
            job.ended(CLOSED)
            return _nothing
        if isinstance(job, GenerateJob):
            return self._generate(job)
        if isinstance(job, LabelJob):
            return self._score(job)
        return self._prime(job)

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Tokens of a whole prompt.

        Raises:
            EngineError: as `submit`; a prompt beyond the window is not counted to its end.
        """
        return len(self._prompts.whole(messages, 0).ids)

    def close(self) -> None:
        """Let go of the model."""
        self._lanes.loop.close(CLOSED)
        self._let_go()

    def _generate(self, job: GenerateJob) -> Callable[[], None]:
        prompt = self._prompts.whole(job.messages, job.shared if self._reuse else 0)
        room = self._room(prompt.ids, 1)
        grammar = grammar_of(job.schema) if job.schema is not None else None
        return self._lanes.text.submit(job, prompt, min(job.parameters.max_tokens, room), grammar)

    def _score(self, job: LabelJob) -> Callable[[], None]:
        check_labels(job.labels)
        prompt = self._prompts.whole(job.messages, job.shared if self._reuse else 0)
        labels = tuple((label, self._prompts.label(job.messages, label)) for label in job.labels)
        self._room(prompt.ids, max(len(ids) for _, ids in labels))
        return self._lanes.labels.submit(LabelWork(prompt.ids, prompt.shared, labels), job.ended)

    def _prime(self, job: PrimeJob) -> Callable[[], None]:
        """Prime where the prefix is likely to be needed: for labels if these are all that was asked for so far.

        Before anything was asked for nothing is computed, as it would be for nothing in one lane of the two: either
        lane primes by itself what it finds not primed, before the first that needs it.
        """
        ids = self._prompts.leading(job.messages)
        self._room(ids, 1)
        text, labels = self._lanes.text, self._lanes.labels
        if not self._reuse or not (text.used or labels.used):
            job.ended(Primed(0, 0))
            return _nothing
        return text.prime(ids, job.ended) if text.used else labels.prime(ids, job.ended)

    def _room(self, ids: tuple[int, ...], least: int) -> int:
        room = self._facts.context_tokens - len(ids)
        if room < least:
            raise prompt_too_long(len(ids), self._facts.context_tokens)
        return room


def _nothing() -> None:
    """Cancel what has ended."""
