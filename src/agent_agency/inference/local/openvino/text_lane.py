"""Text: requests enter OpenVINO GenAI's continuous batching, and are read after each of its steps.

The library (2026.4.1) takes the blocks of a prompt into its prefix cache when the prompt is let in, and they stay there
when it is let go of before they were computed: whoever asks the same beginning later is answered from memory that was
never written. So a prompt whose computing has begun is computed to its end, though nobody may wait for it any more;
and a pipeline that fails in the midst of a step is not used again, as nobody knows which blocks were written.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.extras import require
from agent_agency.inference.local.backend import Ended, Failed, GenerateJob
from agent_agency.inference.local.openvino.answer_text import AnswerText
from agent_agency.inference.local.openvino.block_room import BlockRoom
from agent_agency.inference.local.openvino.bounds import keeps_bounds
from agent_agency.inference.local.openvino.extension_guard import Admitted, ExtensionGuard, whole_blocks
from agent_agency.inference.local.openvino.faults import CACHE_FULL, CANCELLED, failed, gave_up
from agent_agency.inference.local.openvino.sampling import generation_config
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent_agency.inference.local.openvino.prompts import Prompt
    from agent_agency.inference.local.openvino.token_text import TokenBytes

Tokens = tuple[int, ...]
_PRIMED = 256
"""Prefixes remembered as primed; the pipeline itself forgets by memory, and then a prompt computes its own."""
_GREEDY = Parameters()
_FINISHES = MappingProxyType({"STOP": "stop", "LENGTH": "length"})


@dataclass(slots=True, eq=False)
class TextTask:
    """A request for text, from when it is handed in until it ends."""

    prompt: Prompt
    parameters: Parameters
    max_tokens: int
    schema: Mapping[str, Any] | None
    grammar: str | None
    answer: AnswerText
    ended: Ended
    cancelled: bool = False
    cached: int = 0
    pays: bool = False
    """Whether the shared prefix was computed for it, and so was not saved."""
    handle: Any = None
    admitted: Admitted | None = None
    begun: bool = False
    """Something of the answer was written, and so the whole prompt is computed."""

    @property
    def tokens(self) -> int:
        """Of the prompt and the longest answer."""
        return len(self.prompt.ids) + self.max_tokens


@dataclass(slots=True, eq=False)
class Asker:
    """Who waits for a prefix, unless it was cancelled."""

    ended: Ended
    cancelled: bool = False


@dataclass(slots=True, eq=False)
class PrimeTask:
    """A prefix to be computed, for whoever waits for it."""

    ids: Tokens
    askers: list[Asker] = field(default_factory=list)
    handle: Any = None

    def drop_cancelled(self) -> None:
        """Tell those who wait no more."""
        gone = [one for one in self.askers if one.cancelled]
        self.askers = [one for one in self.askers if one not in gone]
        for one in gone:
            one.ended(CANCELLED)


class TextLane:
    """The pipeline and what runs in it.

    Args:
        pipeline: an ``openvino_genai.ContinuousBatchingPipeline``.
        tokens: what its tokens stand for.
        width: requests in flight at most.
        guard: keeps apart what may not run together.
        room: how many fit into memory together.
        wake: wakes the loop.
    """

    def __init__(
        self,
        pipeline: Any,
        tokens: TokenBytes,
        width: int,
        guard: ExtensionGuard,
        room: BlockRoom,
        wake: Callable[[], None],
    ) -> None:
        self._pipeline = pipeline
        self._defaults = pipeline.get_config()
        self._tensor = require("openvino", extra="local").Tensor
        self._tokens = tokens
        self._width = width
        self._guard = guard
        self._room = room
        self._full = False
        self._broken: Failed | None = None
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[TextTask | PrimeTask] = deque()
        self._running: dict[int, TextTask] = {}
        self._priming: dict[int, PrimeTask] = {}
        self._leaving: dict[int, TextTask] = {}
        self._primed: OrderedDict[Tokens, None] = OrderedDict()
        self._numbers = count(1)
        self.used = False
        """Whether an answer was asked for."""

    def submit(self, job: GenerateJob, prompt: Prompt, max_tokens: int, grammar: str | None) -> Callable[[], None]:
        """Take a request; what is returned cancels it."""
        self.used = True
        answer = AnswerText(self._tokens, job.parameters.stop, job.piece)
        task = TextTask(prompt, job.parameters, max_tokens, job.schema, grammar, answer, job.ended)
        self._put(task)
        return lambda: self._cancel(task)

    def prime(self, ids: Tokens, ended: Ended) -> Callable[[], None]:
        """Compute a prefix, in whole blocks only."""
        asker = Asker(ended)
        self._put(PrimeTask(whole_blocks(ids), [asker]))
        return lambda: self._cancel(asker)

    def busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._waiting or self._running or self._priming or self._leaving)

    def step(self) -> None:
        """Let requests in, compute one step of all of them, and hand on what was written.

        What the library raises in the midst of it breaks the lane: all who wait, and who come later, are told so.
        """
        try:
            self._drop_cancelled()
            self._admit()
            if self._running or self._priming or self._leaving:
                self._pipeline.step()
                self._read()
        except Exception as error:  # noqa: BLE001 - whatever the library raises is told to all who wait
            with self._lock:
                self._broken = broken = gave_up(error)
            self.end_all(broken)

    def end_all(self, failed: Failed) -> None:
        """End everything."""
        with self._lock:
            waiting = [*self._waiting]
            self._waiting.clear()
        tasks = [*waiting, *self._running.values(), *self._priming.values()]
        for task in [*tasks, *self._leaving.values()]:
            if task.handle is not None:
                with suppress(Exception):  # a library that is broken must not keep the others from being told
                    task.handle.cancel()
        for under_way in (self._running, self._priming, self._leaving):
            under_way.clear()
        for task in tasks:
            _end(task, failed)

    def _put(self, task: TextTask | PrimeTask) -> None:
        with self._lock:
            broken = self._broken
            if broken is None:
                self._waiting.append(task)
        if broken is not None:
            _end(task, broken)
        self._wake()

    def _cancel(self, one: TextTask | Asker) -> None:
        one.cancelled = True
        self._wake()

    def _drop_cancelled(self) -> None:
        for prime in self._priming.values():
            prime.drop_cancelled()
        for number, task in [*self._running.items()]:
            if task.cancelled:
                del self._running[number]
                if task.begun:
                    task.handle.cancel()
                else:
                    self._leaving[number] = task
                task.ended(CANCELLED)

    def _admit(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
        self._full = False
        left: list[TextTask | PrimeTask] = []
        try:
            while waiting:
                if not self._tried(waiting[0]):
                    left.append(waiting[0])
                waiting.popleft()
        finally:  # whatever happened, nobody who waits is forgotten
            with self._lock:
                self._waiting.extendleft(reversed([*left, *waiting]))

    def _tried(self, task: TextTask | PrimeTask) -> bool:
        """As `_begin`; what the library refuses is told to its asker alone, unless it has no memory left."""
        try:
            return self._begin(task)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library has against it
            _end(task, failed(error))
            return True

    def _begin(self, task: TextTask | PrimeTask) -> bool:
        """Whether it needs to wait no longer."""
        if isinstance(task, PrimeTask):
            task.drop_cancelled()
            return not task.askers or self._begin_priming(task)
        if task.cancelled:
            task.ended(CANCELLED)
            return True
        prefix = whole_blocks(task.prompt.ids[: task.prompt.shared])
        if prefix and not self._is_primed(prefix):
            by_another = self._is_being_primed(prefix) is not None
            begun = self._begin_priming(PrimeTask(prefix))
            task.pays = task.pays or (begun and not by_another)
            return False
        if len(self._running) >= self._width or not self._has_room(task.tokens):
            return False
        at_work = [*self._running.values(), *self._leaving.values()]
        running = (one.admitted for one in at_work if one.admitted is not None)
        task.admitted = self._guard.admit(task.prompt.ids, running)
        if task.admitted is None:
            return False
        self._start(task, len(prefix))
        return True

    def _has_room(self, tokens: int) -> bool:
        """Whether so many tokens fit beside all that runs; where they do not, nobody behind them goes first."""
        texts = [one.tokens for one in (*self._running.values(), *self._leaving.values())]
        primes = [len(one.ids) + 1 for one in self._priming.values()]
        self._full = self._full or not self._room.holds(tokens, (*texts, *primes))
        return not self._full

    def _start(self, task: TextTask, cached: int) -> None:
        number = next(self._numbers)
        task.cached = 0 if task.pays else cached
        config = generation_config(self._defaults, task.parameters, task.max_tokens, task.grammar, number)
        task.handle = self._pipeline.add_request(number, self._as_tensor(task.prompt.ids), config)
        self._running[number] = task

    def _begin_priming(self, task: PrimeTask) -> bool:
        if not task.ids or self._is_primed(task.ids):
            _end(task, Primed(len(task.ids), 0))
            return True
        if (other := self._is_being_primed(task.ids)) is not None:
            other.askers.extend(task.askers)
            return True
        if not self._has_room(len(task.ids) + 1):
            return False
        number = next(self._numbers)
        config = generation_config(self._defaults, _GREEDY, 1, None, number)
        task.handle = self._pipeline.add_request(number, self._as_tensor(task.ids), config)
        self._priming[number] = task
        return True

    def _is_being_primed(self, ids: Tokens) -> PrimeTask | None:
        return next((one for one in self._priming.values() if one.ids == ids), None)

    def _is_primed(self, ids: Tokens) -> bool:
        known = ids in self._primed
        if known:
            self._primed.move_to_end(ids)
        return known

    def _as_tensor(self, ids: Tokens) -> Any:
        numpy = require("numpy", extra="local")
        return self._tensor(numpy.array([ids], numpy.int64))

    def _read(self) -> None:
        finished = require("openvino_genai", extra="local").GenerationStatus
        for number, task in [*self._running.items()]:
            if _has_ended(task, finished.RUNNING):
                del self._running[number]
        for number, prime in [*self._priming.items()]:
            if prime.handle.get_status() != finished.RUNNING:
                del self._priming[number]
                self._has_primed(prime)
        for number, task in [*self._leaving.items()]:
            if task.handle.can_read() or task.handle.get_status() != finished.RUNNING:
                task.handle.cancel()
                del self._leaving[number]

    def _has_primed(self, task: PrimeTask) -> None:
        self._primed[task.ids] = None
        while len(self._primed) > _PRIMED:
            self._primed.popitem(last=False)
        _end(task, Primed(len(task.ids), len(task.ids)))


def _has_ended(task: TextTask, running: Any) -> bool:
    """Hand on what a request wrote, and its end; what is wrong with its text is told to its asker alone."""
    try:
        finish = _take(task)
        if task.answer.stopped:
            task.handle.stop()
        if not task.answer.stopped and task.handle.get_status() == running:
            return False
        _tell(task, finish)
    except Exception as error:
        if not task.begun:
            raise
        task.handle.cancel()
        task.ended(failed(error))
    return True


def _take(task: TextTask) -> str | None:
    """Hand on what was written since the last step; why the answer ended, if it did."""
    finish = None
    while task.handle.can_read():
        task.begun = True
        for output in task.handle.read().values():
            task.answer.add(output.generated_ids, output.generated_log_probs)
            finish = _FINISHES.get(output.finish_reason.name)
    return finish


def _tell(task: TextTask, finish: str | None) -> None:
    if finish is None and not task.answer.stopped:
        task.ended(CACHE_FULL)
        return
    logprobs = task.parameters.top_logprobs > 0
    answer = task.answer.done(finish or "stop", len(task.prompt.ids), task.cached, logprobs=logprobs)
    if task.schema is not None and answer.finish == "stop" and not keeps_bounds(task.schema, answer.text):
        answer = replace(answer, finish="length")
    task.ended(answer)


def _askers(task: TextTask | PrimeTask) -> list[Ended]:
    return [one.ended for one in task.askers] if isinstance(task, PrimeTask) else [task.ended]


def _end(task: TextTask | PrimeTask, result: Primed | Failed) -> None:
    for ended in _askers(task):
        ended(result)
