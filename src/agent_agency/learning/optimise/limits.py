"""What a run may cost, and the engine that counts while it is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from agent_agency.errors import EngineError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.protocol import Cancel, Engine, Piece, Reply, Request

Why = Literal["calls", "tokens", "seconds", "engine", "failure"]
TIMEOUTS_IN_A_ROW = 5
"""An engine that times out so often, one call after another, is taken to be down."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a run may spend on calls that no cache answers; ``None`` sets no limit.

    ``tokens`` are those of prompts and answers together, as the engine counts them; ``seconds`` are of wall clock.
    """

    calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent so far. Tokens that an engine does not tell are counted as none."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Halt(BaseException):
    """The signal that ends an optimiser from within.

    DSPy scores an item 0 when an ``Exception`` comes out of it, and goes on. A limit that is reached, or a server that
    has died, must not become a score, so this is none; `search.run` catches it at the rim.
    """

    def __init__(self, why: Why, detail: str, error: Exception | None = None) -> None:
        super().__init__(detail)
        self.why: Why = why
        self.detail = detail
        self.error = error


class CountedEngine(AroundEngine):
    """An engine that counts what it is asked, and halts the run when an allowance is used up or the engine fails.

    A single call that times out is the judge's to answer for (it abstains); see `TIMEOUTS_IN_A_ROW`.

    Args:
        engine: what answers. A cache belongs above this, so that what it answers costs nothing.
        limits: what may be spent.
        monotonic: seconds that never go back.
    """

    def __init__(self, engine: Engine, limits: Limits, monotonic: Callable[[], float]) -> None:
        super().__init__(engine)
        self._limits = limits
        self._monotonic = monotonic
        self._start = monotonic()
        self._lock = threading.Lock()
        self._spent = Spent()
        self._timeouts = 0

    @property
    def spent(self) -> Spent:
        """What was spent so far."""
        with self._lock:
            return replace(self._spent, seconds=self._monotonic() - self._start)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request, within the limits.

        Raises:
            EngineError: this one call timed out.
            Halt: a limit is reached, or the engine fails.
        """
        self.check()
        try:
            reply = self._engine.generate(request, cancel)
        except EngineError as error:
            self._failed(error)
            raise
        with self._lock:
            used = (reply.usage.prompt or 0) + (reply.usage.completion or 0)
            self._spent = replace(self._spent, calls=self._spent.calls + 1, tokens=self._spent.tokens + used)
            self._timeouts = 0
        return reply

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer in one piece; an optimiser has no use for smaller ones.

        Raises:
            EngineError: as `generate`.
        """
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)

    def check(self) -> None:
        """Halt where a limit is reached.

        Raises:
            Halt: it is.
        """
        spent = self.spent
        for why, used, most in (
            ("calls", spent.calls, self._limits.calls),
            ("tokens", spent.tokens, self._limits.tokens),
            ("seconds", spent.seconds, self._limits.seconds),
        ):
            if most is not None and used >= most:
                raise Halt(why, f"the {most:g} {why} that were allowed are used up")  # type: ignore[arg-type]

    def _failed(self, error: EngineError) -> None:
        with self._lock:
            self._spent = replace(self._spent, calls=self._spent.calls + 1)
            self._timeouts = self._timeouts + 1 if error.stable_code == "engine.timeout" else TIMEOUTS_IN_A_ROW
            down = self._timeouts >= TIMEOUTS_IN_A_ROW
        if down:
            raise Halt("engine", error.message, error) from error
