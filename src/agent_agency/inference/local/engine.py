"""An engine on this machine: a model file in a process of its own, behind the protocol of engines.

The process is started by the first question, or by `LocalEngine.warm`. When it is lost, a question of which nothing was
handed on yet is asked once more of a new one, within its deadline: an answer draws on nothing but the question.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent_agency.errors import AgencyError, EngineError, MissingExtraError
from agent_agency.inference.labels import LabelReply, LabelRequest, check_labels
from agent_agency.inference.local import questions
from agent_agency.inference.local.answers import Counted, PieceText, Pong
from agent_agency.inference.local.asking import Asking
from agent_agency.inference.local.backend import BackendFacts, Generated, Labelled
from agent_agency.inference.local.kept_process import KeptProcess, ModelState
from agent_agency.inference.local.local_model import DISTRIBUTIONS, RUNTIMES, LocalModel
from agent_agency.inference.local.model_process import ModelProcess
from agent_agency.inference.local.process_start import starting
from agent_agency.inference.local.pulse import Patience
from agent_agency.inference.local.readings import capabilities_of, label_reply_of, reply_of, unexpected
from agent_agency.inference.local.restarts import RestartPolicy
from agent_agency.inference.local.waiting import waiting
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Capabilities, Health, Message, Piece, Reply, Request
from agent_agency.inference.request_check import check_request

if TYPE_CHECKING:
    from agent_agency.inference.local.process_ends import Lost
    from agent_agency.inference.local.questions import Question

T = TypeVar("T")
PRIME_S = 600.0
"""Seconds that priming a prefix may take, loading the model among them."""
_ASK_S = 60.0
_HEALTH_S = 5.0
_DRAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class LocalCounts:
    """What one engine's process went through: starts, unwanted ends, and questions asked once more."""

    starts: int
    lost: int
    again: int


class LocalEngine:
    """One model of this machine.

    Args:
        model: the file and how it is run.
        patience: how long its process is waited for.
        policy: how often a lost process is started again.
        timer: seconds that only go forward.
        backend: for tests: a double in place of the engine, as ``FILE:FUNCTION``.
    """

    def __init__(
        self,
        model: LocalModel,
        *,
        patience: Patience | None = None,
        policy: RestartPolicy | None = None,
        timer: Callable[[], float] = time.perf_counter,
        backend: str | None = None,
    ) -> None:
        self.model = model
        self._timer = timer
        self._double = backend
        self._patience = patience or Patience()
        self._kept = KeptProcess(self._made, policy or RestartPolicy(), timer)
        self._asking = Asking(self._kept)
        self._identity: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self.model.name

    @property
    def width(self) -> int:
        """How many requests are best in flight at once."""
        return self.model.requests_at_once

    @property
    def state(self) -> ModelState:
        """``cold``, ``loading``, ``warm``, ``draining`` or ``failed``."""
        return self._kept.state

    @property
    def counts(self) -> LocalCounts:
        """What its process went through so far."""
        return LocalCounts(self._kept.starts, self._kept.losses, self._asking.again)

    @property
    def memory_bytes(self) -> int:
        """What its process holds now; 0 where there is none, or nobody can tell."""
        process = self._kept.current
        return 0 if process is None else process.memory_bytes

    @property
    def process_id(self) -> int | None:
        """Its process's number, while there is one."""
        process = self._kept.current
        return None if process is None else process.pid

    @property
    def identity(self) -> Mapping[str, str]:
        """Backend and versions, model and digest, precision, quantisation; known without loading the model.

        Threads and width are no part of it: 1 or 2 threads and widths of 4 or 8 moved the log-probabilities of labels
        by less than 1e-6 with either engine in the precision ``exact``, and ``default`` promises less anyway.

        Raises:
            EngineError: there is no such engine.
            MissingExtraError: its library is not installed.
        """
        if self._identity is None:
            known = {
                "backend": self.model.engine,
                **({"backend_version": "double"} if self._double else _versions(self.model.engine)),
                "model": self.model.model or self.model.name,
                "model_digest": self.model.digest,
                "precision": self.model.precision,
            }
            self._identity = known | ({"quantisation": self.model.quantisation} if self.model.quantisation else {})
        return self._identity

    def warm(self, seconds: float | None = None, cancel: Cancel | None = None) -> BackendFacts:
        """Load the model now, a failed one among them.

        Args:
            seconds: it may take; ``None`` for as long as its patience is.
            cancel: ends the wait, not the loading.

        Raises:
            EngineError: it cannot be loaded, or not in time.
        """
        self._kept.forgive()
        return self._one(questions.facts(), BackendFacts, seconds or self._patience.load_s, cancel)

    def unload(self, drain_s: float = _DRAIN_S) -> None:
        """Let what runs end, for so many seconds at most, and give the memory back; the next question loads again."""
        self._kept.unload(drain_s)

    def close(self, drain_s: float = _DRAIN_S) -> None:
        """As `unload`, and for good: later questions are refused with ``engine.closed``."""
        self._kept.unload(drain_s, close=True)

    def capabilities(self) -> Capabilities:
        """What the loaded model can do; loads it.

        Raises:
            EngineError: it cannot be loaded.
        """
        return capabilities_of(self._one(questions.facts(), BackendFacts, self._patience.load_s, None))

    def health(self) -> Health:
        """Whether it answers now, or would after loading; never raises and never loads."""
        state = self.state
        if state == "failed":
            failed = self._kept.failure
            return Health(ready=False, detail=failed.message if failed else "the model failed")
        if state == "cold":
            return self._cold_health()
        if state != "warm":
            return Health(ready=False, detail=f"the model is {state}")
        try:
            self._one(questions.ping(), Pong, _HEALTH_S, None)
        except EngineError as error:
            return Health(ready=False, detail=error.message)
        return Health(ready=True, detail=f"{self.model.engine}, warm")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt by the model's own tokenizer; loads the model.

        Raises:
            EngineError: it cannot be loaded, or asked.
        """
        _check_messages(messages)
        return self._one(questions.count(messages), Counted, self._patience.load_s + _ASK_S, None).tokens

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            EngineError: in time, cancelled, refused by the engine, or lost with its process (see `process_ends`).
        """
        check_request(request)
        with waiting(request.deadline_s, cancel, self._timer) as wait:
            found = self._asking.end_of(questions.generate(request, streamed=False), wait)
            if not isinstance(found, Generated):
                raise unexpected(found)
            return reply_of(found, request, self.model, wait.elapsed)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; the last piece has no text and carries the reply.

        Raises:
            EngineError: as `generate`.
        """
        check_request(request)
        with waiting(request.deadline_s, cancel, self._timer) as wait:
            for found in self._asking.answers(questions.generate(request, streamed=True), wait):
                if isinstance(found, PieceText):
                    yield Piece(found.text)
                elif isinstance(found, Generated):
                    yield Piece("", reply_of(found, request, self.model, wait.elapsed))
                else:
                    raise unexpected(found)

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score the labels of one request.

        Raises:
            EngineError: as `generate`; also ``engine.no_labels``.
        """
        check_labels(request.labels)
        _check_messages(request.messages)
        with waiting(request.deadline_s, cancel, self._timer) as wait:
            found = self._asking.end_of(questions.labels(request), wait)
            if not isinstance(found, Labelled):
                raise unexpected(found)
            return label_reply_of(found, request, self.model, wait.elapsed)

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        """Compute a shared prefix.

        Raises:
            EngineError: as `generate`.
        """
        _check_messages(messages)
        return self._one(questions.prime(messages), Primed, PRIME_S, cancel)

    def _one(self, question: Question, kind: type[T], seconds: float, cancel: Cancel | None) -> T:
        with waiting(seconds, cancel, self._timer) as wait:
            found = self._asking.end_of(question, wait)
            if not isinstance(found, kind):
                raise unexpected(found)
            return found

    def _cold_health(self) -> Health:
        try:
            known = self.identity
        except AgencyError as error:
            return Health(ready=False, detail=error.message)
        if not Path(self.model.path).exists():
            return Health(ready=False, detail=f"{self.model.path} is not there")
        return Health(ready=True, detail=f"{known['backend']} {known['backend_version']}, loaded when first asked")

    def _made(self, over: Callable[[Lost], None]) -> ModelProcess:
        return ModelProcess(
            starting(self.model.engine, self._double, spin=self.model.spin),
            questions.load(self.model.engine, self.model.load_options()),
            over,
            self._timer,
            self._patience,
            self.model.memory_bytes,
        )


def _check_messages(messages: tuple[Message, ...]) -> None:
    if not messages:
        raise EngineError(
            "The question cannot be asked: there is no message", fix="Give at least one.", code="engine.bad_request"
        )


def _versions(engine: str) -> dict[str, str]:
    found = {"backend_version": _version(engine, DISTRIBUTIONS.get(engine))}
    runtime = RUNTIMES.get(engine)
    return found if runtime is None else found | {"runtime_version": _version(engine, runtime)}


def _version(engine: str, package: str | None) -> str:
    from importlib.metadata import PackageNotFoundError, version

    if package is None:
        names = " or ".join(repr(name) for name in DISTRIBUTIONS)
        raise EngineError(f"There is no engine {engine!r}", fix=f"Name {names}.", code="engine.bad_settings")
    try:
        return version(package)
    except PackageNotFoundError:
        raise MissingExtraError(
            f"This needs {package}, which is not installed", fix="Run pip install 'agent-agency[local]'."
        ) from None
