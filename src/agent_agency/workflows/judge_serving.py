"""How every question of a judge comes to an engine: kept answers, like questions in the air, the queue, the engine.

In front of a server the queue finds by trying how many requests it takes at a time, and leaves it alone while it fails;
in front of a model on this machine each shared prefix is computed once, before the requests that begin with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.priming import PrimingEngine
from agent_agency.inference.scheduling.served import Tokens as Prefill
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.inference.scheduling.width import AimdSettings
from agent_agency.judging.batch import WORKERS

if TYPE_CHECKING:
    from agent_agency.inference.call_cache import CallCache
    from agent_agency.inference.protocol import Cancel, Engine
    from agent_agency.judging.assessment import Assessment
    from agent_agency.judging.batch import Assessor
    from agent_agency.judging.subject import Subject

NOTHING = Prefill()


class Served:
    """An engine as the judges of one command ask it.

    Args:
        engine: to be asked in the place of the user's own.
        serving: what stands in front; ``None`` for an engine that is asked as it is.
        task: whose share of the engine is taken.
    """

    def __init__(self, engine: Engine, serving: Serving | None, task: str = "") -> None:
        self.engine = engine
        self._serving = serving
        self._task = task

    @property
    def prefill(self) -> Prefill:
        """The tokens of prompts so far, as the queue counted them: kept answers and shared calls cost none."""
        return NOTHING if self._serving is None else self._serving.served().tokens

    @contextmanager
    def room(self, cancel: Cancel | None = None) -> Iterator[None]:
        """Wait until the engine has room for one more question; for who asks many, before each of them.

        A question that was asked has its deadline from then on: of many at once the last would be late before it is
        sent, where a server answers slowly.

        Raises:
            EngineError: ``engine.cancelled``, while it waits.
        """
        if self._serving is None:
            yield
            return
        with self._serving.room(self._task, cancel=cancel):
            yield

    def in_turn(self, judge: Assessor) -> Assessor:
        """A judge that is asked about the next subject when there is room for it."""
        return _InTurn(judge, self)

    def close(self, *, drain: bool = True) -> None:
        """Take no more, and wait for what is under way, or end it."""
        if self._serving is not None:
            self._serving.close(drain=drain)


def serve(engine: Engine, task: str, cache: CallCache | None = None, *, measuring: bool = False) -> Served:
    """Put everything in front of an engine.

    One that is no language model is asked as it is: it answers at once from what it holds in memory.

    Args:
        engine: the user's.
        task: whose share of the engine is taken.
        cache: the kept answers; ``None`` to ask anew.
        measuring: each request is a call of its own: of what is measured, nothing may come from an earlier call.

    Raises:
        EngineError: it cannot be asked what it is.
    """
    if not engine.capabilities().language_model:
        return Served(engine, None)
    serving = Serving(engine, cache=cache)
    return Served(serving.for_task(task, measuring=measuring), serving, task)


class _InTurn:
    """A judge before which a loop waits for room."""

    def __init__(self, judge: Assessor, asked: Served) -> None:
        self._judge = judge
        self._asked = asked

    @property
    def version(self) -> str:
        return self._judge.version

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        try:
            with self._asked.room(cancel):
                return self._judge.assess(subject, rollout=rollout, cancel=cancel)
        except EngineError:
            if cancel is None or not cancel.cancelled:
                raise
            return self._judge.assess(subject, rollout=rollout, cancel=cancel)  # says in its own way that it was


@contextmanager
def served(engine: Engine, task: str, cache: CallCache | None = None, *, measuring: bool = False) -> Iterator[Served]:
    """As `serve`, closed at the end of the block.

    Raises:
        EngineError: it cannot be asked what it is.
    """
    made = serve(engine, task, cache, measuring=measuring)
    try:
        yield made
    except BaseException:
        made.close(drain=False)
        raise
    made.close()


def best_width(engine: Engine) -> int:
    """How many questions are best asked at once.

    What a model on this machine says, else for a server as many as the queue may find that it takes: they wait there
    for their turn. For an engine that is no language model it is `batch.WORKERS`.

    Raises:
        EngineError: it cannot be asked what it is.
    """
    if isinstance(engine, PrimingEngine):
        return max(1, engine.width)
    return AimdSettings().most if engine.capabilities().language_model else WORKERS
