"""One request on its way through a scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Cancel, Message
from agent_agency.inference.scheduling.queued import Queued
from agent_agency.inference.scheduling.ticket import Ticket


@dataclass(slots=True, eq=False, kw_only=True)
class Job(Queued):
    """A request with how it is answered and who waits for it.

    Args:
        kind: what service times and latencies are compared within.
        messages: of the shared prefix; the job's group.
        run: asks the engine, given the seconds left and the off switch; raises as the engine does.
        deadline_s: seconds that the asker gave.
        ticket: who waits.
        cancel: the off switch of the call in flight.
    """

    kind: str
    messages: tuple[Message, ...] | None
    run: Callable[[float, Cancel], Any]
    deadline_s: float
    ticket: Ticket[Any] = field(init=False)
    cancel: Cancel = field(default_factory=Cancel)
    since: float = 0.0
    """When it came in."""
    sent: float | None = None
    """When it went to the engine last; ``None`` while it waits."""
    tries: int = 0
    final: bool = False
    """Part of its answer was given away, so that it must not be asked again."""
    unwanted: bool = False
    """It was cancelled before it was queued."""


@dataclass(slots=True, eq=False)
class PrimeJob:
    """A shared prefix to compute ahead, on behalf of the request that came first to need it."""

    messages: tuple[Message, ...]
    deadline: float
    cancel: Cancel = field(default_factory=Cancel)


def busy(waiting: int, wait_s: float) -> EngineError:
    """Too many wait already."""
    return EngineError(
        f"{waiting:,} requests wait for the engine already",
        fix=f"Ask again in about {wait_s:.1f} seconds, or ask fewer questions at once.",
        code="engine.busy",
        retry_after_s=wait_s,
    )


def left_alone(why: str, wait_s: float) -> EngineError:
    """The breaker is open."""
    return EngineError(
        f"The engine failed again and again and is left alone for now; it last said: {why}",
        fix=f"See to the engine; it is tried again in {wait_s:.1f} seconds.",
        code="engine.breaker_open",
        retry_after_s=wait_s,
    )


def told_to_wait(wait_s: float) -> EngineError:
    """The engine named a time before which it is not to be asked, and the request cannot wait for so long."""
    return EngineError(
        f"The engine is busy and asks for {wait_s:.1f} seconds without requests, which is beyond the deadline",
        fix=f"Ask again in about {wait_s:.1f} seconds, or give the call more time.",
        code="engine.busy",
        retry_after_s=wait_s,
    )


def late_in_queue(seconds: float) -> EngineError:
    """Its turn did not come in time."""
    return EngineError(
        f"The request's turn did not come within {seconds:g} seconds, so it was not sent",
        fix="Give the call more time, ask fewer questions at once, or give it a higher priority.",
        code="engine.timeout",
    )


def overran(seconds: float) -> EngineError:
    """The engine neither answered nor gave up in time."""
    return EngineError(
        f"The engine gave no answer within {seconds:g} seconds",
        fix="Give the call more time, ask for fewer tokens, or see why the engine is slow.",
        code="engine.timeout",
    )


def cancelled() -> EngineError:
    """Nobody wants it any more."""
    return EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")


def closed() -> EngineError:
    """The scheduler takes no more."""
    return EngineError("The engine is being closed", fix="Ask again once it is open.", code="engine.closed")
