"""What is recorded of each call of an engine: who was asked, how, at what cost, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from agent_agency.canonical_json import digest_json
from agent_agency.clock import Clock
from agent_agency.errors import EngineError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.keys import prompt_digest_of
from agent_agency.inference.labels import LabelReply, LabelRequest, label_engine
from agent_agency.inference.protocol import (
    Cancel,
    Engine,
    Parameters,
    Piece,
    Reply,
    Request,
    Usage,
)

OK = "ok"
CUT_SHORT = "length"
INTERRUPTED = "interrupted"
NO_DRAWING = Parameters(max_tokens=1)
"""Stands in the record of a call that scores labels: nothing is drawn."""
ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of an engine.

    ``outcome`` is ``ok``, ``length`` for an answer that was cut off, the stable code of the ``EngineError`` that it
    ended with, ``interrupted`` where the caller was stopped, or ``abandoned`` where a stream was not read to its end.
    ``latency_s`` is what the caller waited, which for a cache hit is the time of the look-up. ``at`` is when it began,
    in UTC. ``model_digest`` is empty where no answer came and the engine has not told one.
    """

    engine: str
    identity: Mapping[str, str]
    model: str
    model_digest: str
    parameters: Parameters
    prompt_digest: str
    rollout: int
    usage: Usage
    latency_s: float
    cache_hit: bool
    outcome: str
    at: datetime

    @property
    def identity_digest(self) -> str:
        """``sha256:…`` over the engine's identity."""
        return digest_json(dict(self.identity))


class CallSink(Protocol):
    """Takes records of calls; used from several threads at once."""

    def add(self, record: CallRecord) -> None:
        """Keep one record.

        Raises:
            AgencyError: it cannot be kept; the caller of the engine meets it, so that no call goes unrecorded.
        """
        ...


@dataclass(slots=True)
class CallList:
    """Keeps records in memory, for a command that sums them up at its end."""

    records: list[CallRecord] = field(default_factory=list)

    def add(self, record: CallRecord) -> None:
        """Keep one record."""
        self.records.append(record)


@dataclass(frozen=True, slots=True)
class _Begun:
    parameters: Parameters
    rollout: int
    prompt_digest: str
    at: datetime
    started: float


class Metered(AroundEngine):
    """An engine whose every call is recorded, whatever it comes to.

    Args:
        engine: what answers; put a cache inside, so that its hits are recorded as such.
        sink: takes the records.
        clock: tells when a call began.
        timer: seconds that only go forward, for latencies.
    """

    def __init__(
        self, engine: Engine, sink: CallSink, clock: Clock, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(engine)
        self._sink = sink
        self._clock = clock
        self._timer = timer
        self._known: Mapping[str, str] = MappingProxyType({})

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer and record.

        Raises:
            EngineError: as the inner engine.
            AgencyError: the record cannot be kept.
        """
        begun = self._begun(request)
        try:
            reply = self._engine.generate(request, cancel)
        except BaseException as error:
            self._failed(begun, error)
            raise
        self._answered(begun, reply)
        return reply

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece and record at the end, or where the reader stops.

        Raises:
            EngineError: as the inner engine.
            AgencyError: the record cannot be kept.
        """
        begun = self._begun(request)
        reply: Reply | None = None
        try:
            for piece in self._engine.stream(request, cancel):
                reply = piece.reply or reply
                if reply is not None:
                    self._answered(begun, reply)
                yield piece
        except BaseException as error:
            if reply is None:
                self._failed(begun, error)
            raise

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels and record the call.

        Raises:
            EngineError: as the inner engine; ``engine.no_labels`` where it scores none.
            AgencyError: the record cannot be kept.
        """
        inner = label_engine(self._engine)
        begun = _Begun(NO_DRAWING, request.rollout, prompt_digest_of(request), self._clock.now(), self._timer())
        try:
            reply = inner.score_labels(request, cancel)
        except BaseException as error:
            self._failed(begun, error)
            raise
        self._ended(begun, reply, OK)
        return reply

    def _begun(self, request: Request) -> _Begun:
        """What is known before asking; what has no digest is refused here, and so never goes unrecorded."""
        digest = prompt_digest_of(request)
        return _Begun(request.parameters, request.rollout, digest, self._clock.now(), self._timer())

    def _answered(self, begun: _Begun, reply: Reply) -> None:
        self._ended(begun, reply, OK if reply.finish == "stop" else CUT_SHORT)

    def _ended(self, begun: _Begun, reply: Reply | LabelReply, outcome: str) -> None:
        self._known = self._engine.identity  # known by now: nothing is asked for it
        self._sink.add(self._record(begun, reply, outcome))

    def _failed(self, begun: _Begun, error: BaseException) -> None:
        if isinstance(error, EngineError):
            outcome = error.stable_code
        else:
            outcome = ABANDONED if isinstance(error, GeneratorExit) else INTERRUPTED
        self._sink.add(self._record(begun, None, outcome))

    def _record(self, begun: _Begun, reply: Reply | LabelReply | None, outcome: str) -> CallRecord:
        identity = self._known
        return CallRecord(
            engine=self._engine.name,
            identity=identity,
            model=reply.model if reply else identity.get("model", ""),
            model_digest=reply.model_digest if reply else identity.get("model_digest", ""),
            parameters=begun.parameters,
            prompt_digest=begun.prompt_digest,
            rollout=begun.rollout,
            usage=reply.usage if reply else Usage(None, None),
            latency_s=self._timer() - begun.started,
            cache_hit=reply.cache_hit if reply else False,
            outcome=outcome,
            at=begun.at,
        )
