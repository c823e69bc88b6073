"""The engine of a role that a new engine is taking over: who answers follows from the stage and the request.

No request is lost to the new engine: where it fails, within the half of the deadline that it is given, the old one
answers. Copies are answered in the background, are never the answer, and are what the rollout is decided by.

Put caches and schedulers around the two engines, not around this one: an answer that was kept under the name of one of
them must not be given for the other's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from agent_agency.canonical_json import digest_json
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import AgencyError, AllowanceUsedUpError, EngineError, LedgerError
from agent_agency.inference.labels import LabelEngine, LabelReply, LabelRequest, label_engine
from agent_agency.inference.pool.agreement import Answer, same_verdict
from agent_agency.inference.pool.assignment import Assigned, assigned
from agent_agency.inference.pool.rollout_limits import OK
from agent_agency.inference.priming import Primed, PrimingEngine
from agent_agency.inference.protocol import Capabilities, Health, Message, Piece, Reply, Request
from agent_agency.store.rollouts import Pair

if TYPE_CHECKING:
    from agent_agency.inference.pool.copies import Copies
    from agent_agency.inference.pool.rollout_book import Rollout, RolloutBook
    from agent_agency.inference.pool.rollout_states import Stage
    from agent_agency.inference.protocol import Cancel, Engine

_LOOK_S = 1.0
_NEW_PART = 0.5
"""Of the deadline: what the new engine is given, so that the old one has time when it fails."""
_LEAST_S = 0.001
_MICRO = 1_000_000
A = TypeVar("A", Reply, LabelReply)
Q = TypeVar("Q", Request, LabelRequest)


@dataclass(frozen=True, slots=True)
class RollServices:
    """What a rolled engine draws on.

    Args:
        book: keeps and decides.
        copies: answers copies.
        clock: says when a pair was made.
        timer: seconds that only go forward.
        agree: whether two answers to one request say the same.
        pinned: its identity was taken down, as for a judge's version: an engine that was opened in the stage
            ``shadow`` then leaves all answers to the old one for as long as it is used.
    """

    book: RolloutBook
    copies: Copies
    clock: Clock
    timer: Callable[[], float] = time.monotonic
    agree: Callable[[Answer, Answer], bool] = same_verdict
    pinned: bool = True


@dataclass(frozen=True, slots=True)
class _Asking(Generic[Q, A]):
    """One request and how an engine is asked it."""

    request: Q
    ask: Callable[[Engine, Q, Cancel | None], A]
    key: str


@dataclass(frozen=True, slots=True)
class _Ended(Generic[A]):
    """How one engine's try ended, and after how many seconds."""

    reply: A | None
    error: Exception | None
    seconds: float

    @property
    def outcome(self) -> str:
        """``ok``, the error's stable code, or ``defect`` for one that has none."""
        if self.error is None:
            return OK
        return self.error.stable_code if isinstance(self.error, AgencyError) else "defect"

    @property
    def micros(self) -> int:
        """Microseconds, at least one; 0 for an answer from a cache, which says nothing of an engine's time."""
        if self.reply is not None and self.reply.cache_hit:
            return 0
        seconds = self.reply.latency_s if self.reply is not None else self.seconds
        return max(1, round(seconds * _MICRO))


class RolledEngine:
    """Two engines that answer for one role.

    Args:
        old: has the role.
        new: is to take it.
        rollout: under way when this was made.
        services: see `RollServices`.
    """

    def __init__(self, old: Engine, new: Engine, rollout: Rollout, services: RollServices) -> None:
        self._old = old
        self._new = new
        self._rollout = rollout
        self._services = services
        self._stage: Stage = rollout.stage
        self._looked = services.timer()
        self._only_old = services.pinned and rollout.stage == "shadow"

    @property
    def name(self) -> str:
        """The name of the engine that answers, or both where either may."""
        front = self._front()
        return f"{self._old.name}|{self._new.name}" if front is None else front.name

    @property
    def may_change(self) -> str:
        """Why no answer may be kept under its name: the other engine may have given it."""
        return f"rollout {self._rollout.number} is under way"

    @property
    def identity(self) -> Mapping[str, str]:
        """The identity of the engine that answers; where either may, one of its own that says so.

        Raises:
            EngineError: as the engines.
        """
        front = self._front()
        if front is not None:
            return front.identity
        both = {what: digest_json(dict(one.identity)) for what, one in (("old", self._old), ("new", self._new))}
        return {"backend": "rollout", "rollout": str(self._rollout.number), **both}

    def capabilities(self) -> Capabilities:
        """What the engine that answers can do; where either may, what both can.

        Raises:
            EngineError: as the engines.
        """
        front = self._front()
        if front is not None:
            return front.capabilities()
        return _both(self._old.capabilities(), self._new.capabilities())

    def health(self) -> Health:
        """Whether the old engine answers: where it does, every request is answered."""
        return self._old.health()

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt by the engine that answers; where either may, the more of the two.

        Raises:
            EngineError: as the engines.
        """
        front = self._front()
        if front is not None:
            return front.count_tokens(messages)
        counts = [one.count_tokens(messages) for one in (self._old, self._new)]
        return None if None in counts else max(one for one in counts if one is not None)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            AgencyError: as the old engine.
        """
        key = digest_json([request.prompt_digest, request.rollout])
        return self._answered(_Asking(request, _generate, key), cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; the old engine takes over from a new one that fails before its first piece.

        Raises:
            AgencyError: as the engine that answers.
        """
        asking = _Asking(request, _generate, digest_json([request.prompt_digest, request.rollout]))
        how = self._assigned(asking.key)
        started = self._services.timer()
        failed: _Ended[Reply] | None = None
        if how.new_answers:
            failed = yield from self._streamed_by_new(asking, how, cancel, started)
            if failed is None:
                return
            request = self._rest(request, started)
        pieces = self._old.stream(request, cancel)
        reply = yield from _last_of(pieces)
        if reply is not None:
            ended = _Ended(reply, None, self._services.timer() - started)
            if failed is None:
                self._copy(asking, how, ended)
            else:
                self._services.copies.add(lambda _: self._record(asking, how, ended, failed), always=True)

    def close(self) -> None:
        """End the copies that are still being answered; the engines stay open."""
        self._services.copies.close()

    def _streamed_by_new(
        self, asking: _Asking[Request, Reply], how: Assigned, cancel: Cancel | None, started: float
    ) -> Generator[Piece, None, _Ended[Reply] | None]:
        """Hand on the new engine's pieces; answer how it failed where the old one is to begin anew."""
        begun = False
        reply: Reply | None = None
        try:
            for piece in self._new.stream(self._for_new(asking.request), cancel):
                begun, reply = True, piece.reply or reply
                yield piece
        except Exception as error:
            if begun or _is_cancelled(error):
                raise
            return _Ended(None, error, self._services.timer() - started)
        self._copy(asking, how, _Ended(reply, None, self._services.timer() - started))
        return None

    def _answered(self, asking: _Asking[Q, A], cancel: Cancel | None) -> A:
        how = self._assigned(asking.key)
        started = self._services.timer()
        if not how.new_answers:
            ended = self._tried(asking, self._old, asking.request, cancel)
            self._copy(asking, how, ended)
            return _reply_of(ended)
        ended = self._tried(asking, self._new, self._for_new(asking.request), cancel)
        if ended.error is None or _is_cancelled(ended.error):
            self._copy(asking, how, ended)
            return _reply_of(ended)
        instead = self._tried(asking, self._old, self._rest(asking.request, started), cancel)
        self._services.copies.add(lambda _: self._record(asking, how, instead, ended), always=True)
        return _reply_of(instead)

    def _tried(self, asking: _Asking[Q, A], engine: Engine, request: Q, cancel: Cancel | None) -> _Ended[A]:
        started = self._services.timer()
        try:
            reply = asking.ask(engine, request, cancel)
        except Exception as error:  # noqa: BLE001 - what is wrong with the new engine may cost no request
            return _Ended(None, error, self._services.timer() - started)
        return _Ended(reply, None, self._services.timer() - started)

    def _copy(self, asking: _Asking[Q, A], how: Assigned, ended: _Ended[A]) -> None:
        """Have the other engine answer a copy, where the request was drawn for that and there is something to learn."""
        if not how.copied or ended.error is not None:
            return
        other = self._old if how.new_answers else self._new

        def answer(cancel: Cancel) -> None:
            copied = self._tried(asking, other, asking.request, cancel)
            if copied.error is not None and (
                _is_cancelled(copied.error) or isinstance(copied.error, AllowanceUsedUpError)
            ):
                return
            pair = (copied, ended) if how.new_answers else (ended, copied)
            self._record(asking, how, *pair)

        self._services.copies.add(answer)

    def _record(self, asking: _Asking[Q, A], how: Assigned, old: _Ended[A], new: _Ended[A]) -> None:
        """Keep a pair; a store that refuses costs the pair and nothing else."""
        agreed = None
        if old.reply is not None:
            agreed = new.reply is not None and self._services.agree(old.reply, new.reply)
        at = rfc3339(self._services.clock.now())
        pair = Pair(how.stage, asking.key, at, old.outcome, new.outcome, agreed, old.micros, new.micros)
        try:
            stage = self._services.book.add_pair(self._rollout.number, pair)
        except LedgerError:
            return
        self._stage, self._looked = stage, self._services.timer()

    def _assigned(self, key: str) -> Assigned:
        how = assigned(self._now(), self._rollout.limits, self._rollout.number, key)
        return replace(how, new_answers=False) if self._only_old else how

    def _now(self) -> Stage:
        """The stage; another process or a person may have moved it, so that it is looked up once a second."""
        timer = self._services.timer()
        if timer - self._looked >= _LOOK_S and self._stage not in {"finished", "returned"}:
            self._looked = timer
            try:
                self._stage = self._services.book.stage_of(self._rollout.number)
            except LedgerError:
                return "returned"  # what cannot be known to go well is left to the old engine
        return self._stage

    def _front(self) -> Engine | None:
        """The engine that answers every request; ``None`` where either may."""
        stage = self._now()
        if self._only_old or stage in {"shadow", "returned"}:
            return self._old
        return self._new if stage == "finished" else None

    def _for_new(self, request: Q) -> Q:
        if self._now() == "finished":
            return request
        return replace(request, deadline_s=request.deadline_s * _NEW_PART)

    def _rest(self, request: Q, started: float) -> Q:
        return replace(request, deadline_s=max(_LEAST_S, request.deadline_s - (self._services.timer() - started)))


class RolledLabels(RolledEngine):
    """Two engines that both score labels."""

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels.

        Raises:
            AgencyError: as the old engine.
        """
        key = digest_json([request.prompt_digest, request.rollout])
        return self._answered(_Asking(request, _score, key), cancel)


class RolledPriming(RolledLabels):
    """Two engines that both score labels, the old one of which keeps prefixes."""

    @property
    def width(self) -> int:
        """How many requests are best in flight at once: the fewer of the two, where the new one knows of any."""
        return min(one.width for one in (self._old, self._new) if isinstance(one, PrimingEngine))

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        """Compute a shared prefix on the engine that answers; where either may, on both.

        Raises:
            EngineError: as the old engine; a new one that cannot is only slower.
        """
        front = self._front()
        primed = _primed(self._old if front is None else front, messages, cancel)
        if front is None:
            try:
                _primed(self._new, messages, cancel)
            except EngineError as error:
                if _is_cancelled(error):
                    raise
        return primed


def rolled_engine(old: Engine, new: Engine, rollout: Rollout, services: RollServices) -> RolledEngine:
    """The engine of a role under a rollout; it scores labels where both can, and keeps prefixes where the old one does.

    A server behind an address knows no best width; whoever asks two of them finds it out by trying.
    """
    if not (isinstance(old, LabelEngine) and isinstance(new, LabelEngine)):
        return RolledEngine(old, new, rollout, services)
    return (RolledPriming if isinstance(old, PrimingEngine) else RolledLabels)(old, new, rollout, services)


def _last_of(pieces: Iterator[Piece]) -> Generator[Piece, None, Reply | None]:
    """Hand on pieces; answer the reply that the last one carries."""
    reply: Reply | None = None
    for piece in pieces:
        reply = piece.reply or reply
        yield piece
    return reply


def _generate(engine: Engine, request: Request, cancel: Cancel | None) -> Reply:
    return engine.generate(request, cancel)


def _score(engine: Engine, request: LabelRequest, cancel: Cancel | None) -> LabelReply:
    return label_engine(engine).score_labels(request, cancel)


def _primed(engine: Engine, messages: tuple[Message, ...], cancel: Cancel | None) -> Primed:
    return engine.prime(messages, cancel) if isinstance(engine, PrimingEngine) else Primed(0, 0)


def _reply_of(ended: _Ended[A]) -> A:
    if ended.error is not None:
        raise ended.error
    if ended.reply is None:
        raise AssertionError("an engine ended without answer and error")
    return ended.reply


def _is_cancelled(error: Exception) -> bool:
    return isinstance(error, AgencyError) and error.stable_code == "engine.cancelled"


def _both(old: Capabilities, new: Capabilities) -> Capabilities:
    windows = [one.context_tokens for one in (old, new) if one.context_tokens is not None]
    return Capabilities(
        schema=old.schema and new.schema,
        stream=old.stream and new.stream,
        logprobs=old.logprobs and new.logprobs,
        token_counts=old.token_counts and new.token_counts,
        seed=old.seed and new.seed,
        context_tokens=min(windows, default=None),
        language_model=old.language_model and new.language_model,
        labels=old.labels and new.labels,
        notes=(*old.notes, *new.notes),
    )
