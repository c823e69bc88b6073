"""One model of the pool as an engine: each question takes a lease, which loads the model where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from agent_agency.inference.labels import LabelEngine, LabelReply, LabelRequest, label_engine
from agent_agency.inference.priming import Primed, PrimingEngine
from agent_agency.inference.protocol import Capabilities, Health, Message, Piece, Reply, Request, Usage

if TYPE_CHECKING:
    from agent_agency.inference.pool.pool import ModelPool
    from agent_agency.inference.pool.pooled import PooledEngine
    from agent_agency.inference.protocol import Cancel

Counted: TypeAlias = Callable[[str, float, Usage | None], None]
_LOAD_S = 600.0
_LEAST_S = 0.001


class PoolModel:
    """A model of a pool.

    Args:
        pool: that has it.
        engine: the same engine that the pool has, for what is known without loading.
        timer: seconds that only go forward.
        counted: is told of every call: whose, after how many seconds it ended, and what it used if it was answered.
    """

    def __init__(
        self, pool: ModelPool, engine: PooledEngine, timer: Callable[[], float], counted: Counted | None = None
    ) -> None:
        self._pool = pool
        self._engine = engine
        self._timer = timer
        self._counted = counted
        self._capabilities: Capabilities | None = None

    @property
    def name(self) -> str:
        """The model's."""
        return self._engine.name

    @property
    def identity(self) -> Mapping[str, str]:
        """As the engine tells, which needs no loading."""
        return self._engine.identity

    def capabilities(self) -> Capabilities:
        """What the loaded model can do; loads it the first time.

        Raises:
            EngineError: it cannot be loaded.
        """
        if self._capabilities is None:
            with self._pool.lease(self.name, _LOAD_S) as engine:
                self._capabilities = engine.capabilities()
        return self._capabilities

    def health(self) -> Health:
        """Whether it answers now, or would after loading; loads nothing."""
        standing = next(one for one in self._pool.standings() if one.name == self.name)
        if standing.state == "failed":
            return Health(ready=False, detail=standing.problem)
        return self._engine.health()

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of a prompt.

        Raises:
            EngineError: it cannot be loaded.
        """
        with self._pool.lease(self.name, _LOAD_S) as engine:
            return engine.count_tokens(messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer; the time that loading takes counts for the request's deadline.

        Raises:
            EngineError: as the engine, and as `ModelPool.lease`.
        """
        started = self._timer()
        with self._counting(started) as use, self._pool.lease(self.name, request.deadline_s, cancel) as engine:
            reply = engine.generate(replace(request, deadline_s=self._left(started, request.deadline_s)), cancel)
            use.append(reply.usage)
            return reply

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; the model stays loaded while the stream is read.

        Raises:
            EngineError: as `generate`.
        """
        started = self._timer()
        with self._counting(started) as use, self._pool.lease(self.name, request.deadline_s, cancel) as engine:
            left = self._left(started, request.deadline_s)
            for piece in engine.stream(replace(request, deadline_s=left), cancel):
                if piece.reply is not None:
                    use.append(piece.reply.usage)
                yield piece

    @contextmanager
    def _counting(self, started: float) -> Iterator[list[Usage]]:
        use: list[Usage] = []
        try:
            yield use
        finally:
            if self._counted is not None:
                self._counted(self.name, self._timer() - started, use[-1] if use else None)

    def _left(self, started: float, deadline_s: float) -> float:
        return max(_LEAST_S, deadline_s - (self._timer() - started))


class PoolLabelModel(PoolModel):
    """A model of a pool that scores labels and keeps prefixes."""

    @property
    def width(self) -> int:
        """How many requests are best in flight at once."""
        return self._engine.width if isinstance(self._engine, PrimingEngine) else 1

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels; the time that loading takes counts for the request's deadline.

        Raises:
            EngineError: as the engine, and as `ModelPool.lease`.
        """
        started = self._timer()
        with self._counting(started) as use, self._pool.lease(self.name, request.deadline_s, cancel) as engine:
            left = self._left(started, request.deadline_s)
            reply = label_engine(engine).score_labels(replace(request, deadline_s=left), cancel)
            use.append(reply.usage)
            return reply

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        """Compute a shared prefix, where the engine keeps any.

        Raises:
            EngineError: as the engine, and as `ModelPool.lease`.
        """
        with self._pool.lease(self.name, _LOAD_S, cancel) as engine:
            return engine.prime(messages, cancel) if isinstance(engine, PrimingEngine) else Primed(0, 0)


def pool_model(
    pool: ModelPool, engine: PooledEngine, timer: Callable[[], float], counted: Counted | None = None
) -> PoolModel:
    """A model of a pool as an engine that can what its own engine can."""
    return (PoolLabelModel if isinstance(engine, LabelEngine) else PoolModel)(pool, engine, timer, counted)
