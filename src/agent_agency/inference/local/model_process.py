"""One life of a model's process, as its parent sees it: questions out, answers in, one typed end for what is left.

One thread starts the process, reads from it and watches it, for as long as it lives: on Linux the kernel ends a child
with the *thread* that started it, so no thread of a caller's may do that.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent_agency.errors import EngineError
from agent_agency.inference.local import process_ends as ends
from agent_agency.inference.local.answers import PieceText, Pong
from agent_agency.inference.local.backend import BackendFacts, Failed
from agent_agency.inference.local.child_pipes import ChildPipes
from agent_agency.inference.local.open_questions import Box, OpenQuestions
from agent_agency.inference.local.parentage import memory_of, processor_ticks_of
from agent_agency.inference.local.pulse import Finding, Patience, Pulse
from agent_agency.inference.local.wire import WireError, decode, encode

if TYPE_CHECKING:
    from agent_agency.inference.local.process_ends import Lost
    from agent_agency.inference.local.process_start import Start
    from agent_agency.inference.local.questions import Question

Stage: TypeAlias = Literal["loading", "warm", "over"]
_REAP_S = 1.0


class ModelProcess:
    """One process with one model; `begin` it once.

    Args:
        start: starts it.
        load: the question that loads the model; others may be asked at once, and wait for it in the process.
        over: called once, by this object's thread, when the process is gone and before anybody else is told.
        timer: seconds that only go forward.
        patience: how long it is waited for.
        memory_bytes: that it may hold; ``None`` for no bound.
    """

    def __init__(
        self,
        start: Start,
        load: Question,
        over: Callable[[Lost], None],
        timer: Callable[[], float],
        patience: Patience,
        memory_bytes: int | None = None,
    ) -> None:
        self._start = start
        self._over = over
        self._timer = timer
        self._patience = patience
        self._most_memory = memory_bytes
        self._questions = OpenQuestions()
        self._pulse = Pulse(patience)
        self._lock = threading.Lock()
        self._early: list[bytes] = []
        self._pipes: ChildPipes | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._clean: Callable[[], object] | None = None
        self._stopping = False
        self._gone = threading.Event()
        self._memory = 0
        self._ticks: int | None = None
        self._pinged = False
        self._next_beat: float | None = None
        self.stage: Stage = "loading"
        self.facts: BackendFacts | None = None
        self._ask(load, None)

    def begin(self) -> None:
        """Start the process; what it comes to is told later."""
        threading.Thread(target=self._live, name="model process", daemon=True).start()

    def ask(self, question: Question, box: Box) -> int:
        """Ask; the answer, or why there is none, goes into the box. The number is for `leave`.

        Raises:
            EngineError: ``engine.bad_request``: JSON has no form for the question; ``engine.busy``: the process reads
                nothing, and far too much waits for it.
        """
        return self._ask(question, box, streamed=bool(question.get("streamed")))

    def leave(self, number: int) -> None:
        """Nobody waits for this answer any more: have the process end the job, where it runs."""
        if self._questions.leave(number):
            self._send(encode({"op": "cancel", "id": number}))

    def stop(self, drain_s: float) -> None:
        """Wait until what runs has ended, for so many seconds at most, and end the process."""
        self._stopping = True
        self._questions.wait_until_none(drain_s)
        self._send(encode({"op": "stop"}))
        if not self._gone.wait(self._patience.stop_s):
            self.kill()
            self._gone.wait(self._patience.stop_s)

    def kill(self) -> None:
        """End the process at once."""
        process = self._process
        if process is not None:
            process.kill()

    @property
    def memory_bytes(self) -> int:
        """What the process holds now; 0 where nobody can tell."""
        process = self._process
        if process is None or self.stage == "over":
            return 0
        return memory_of(process.pid) or self._memory

    @property
    def pid(self) -> int | None:
        """The process's number; ``None`` before it has one."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> str:
        """The end of what it printed."""
        return "" if self._pipes is None else self._pipes.log

    def _ask(self, question: Question, box: Box | None, *, streamed: bool = False) -> int:
        number, first = self._questions.add(question["op"], box, streamed=streamed)
        try:
            line = encode({**question, "id": number})
        except (ValueError, TypeError) as error:
            self._questions.drop(number)
            raise _no_json(error) from error
        if not self._send(line):
            self._questions.drop(number)
            raise EngineError(
                "The model's process takes no more questions", fix="Ask fewer at once.", code="engine.busy"
            )
        if first and self._pipes is not None:
            self._pipes.wake()  # it has work again, so it is watched again
        return number

    def _send(self, line: bytes) -> bool:
        with self._lock:
            if self._pipes is None:
                self._early.append(line)
                return True
        return self._pipes.send(line)

    def _live(self) -> None:
        try:
            lost = self._watched()
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was
            lost = ends.defect(error)
        self._finish(ends.stopped() if self._stopping else lost)

    def _watched(self) -> Lost:
        """Work with the process until it is gone or must go; why."""
        try:
            pipes = self._started()
        except (OSError, ValueError) as error:
            return ends.not_started(error)
        started = self._timer()
        while True:
            try:
                heard = pipes.listen(self._until_beat())
                lost = self._taken(heard.lines)
            except WireError as error:
                return ends.nonsense(error)
            lost = lost or (self._died(pipes) if heard.ended else self._looked(started, pipes))
            if lost is not None:
                return lost

    def _started(self) -> ChildPipes:
        started = self._start()
        self._process, self._clean = started.process, started.clean
        pipes = ChildPipes(started.process)
        with self._lock:
            pipes.send(b"".join(self._early))
            self._early.clear()
            self._pipes = pipes
        return pipes

    def _taken(self, lines: Sequence[bytes]) -> Lost | None:
        for line in lines:
            op, answer = self._questions.take(decode(line))
            self._pulse.heard(ended=not isinstance(answer, (Pong, PieceText)))
            if isinstance(answer, Pong):
                self._pinged, self._memory = False, answer.memory_bytes
            elif op == "load" and isinstance(answer, Failed):
                return ends.not_loaded(answer)
            elif op == "load" and isinstance(answer, BackendFacts):
                self.facts, self.stage = answer, "warm"
        return None

    def _until_beat(self) -> float | None:
        """Seconds until the next beat; ``None`` where the process has no work, so that nothing is looked at."""
        if not self._questions.any:
            self._next_beat = None
            self._pulse.rest()
            return None
        if self._next_beat is None:
            self._next_beat = self._timer() + self._patience.beat_s
        return max(0.0, self._next_beat - self._timer())

    def _looked(self, started: float, pipes: ChildPipes) -> Lost | None:
        """Once a beat: its memory, and its signs of life."""
        if self._next_beat is None or self._timer() < self._next_beat:
            return None
        self._next_beat = self._timer() + self._patience.beat_s
        used = self.memory_bytes
        if self._most_memory is not None and used > self._most_memory:
            return ends.over_memory(used, self._most_memory)
        if self.stage == "loading":
            if self._timer() - started > self._patience.load_s:
                return ends.late_loading(self._patience.load_s, pipes.last_words())
            self._watch_loading()
        could_end = self.stage != "loading"
        found = self._pulse.beat(overdue=could_end and self._questions.any_left)
        if found is Finding.QUIET and not self._pinged:
            self._pinged = True
            self._ask({"op": "ping"}, None)
        return {
            Finding.HUNG: ends.hung(self._patience.hung_s),
            Finding.STUCK: ends.stuck(self._patience.stuck_s),
        }.get(found)

    def _watch_loading(self) -> None:
        """Whoever loads may be too busy to answer a ping; the processor's time that it uses is as good a sign."""
        pid = self.pid
        ticks = None if pid is None else processor_ticks_of(pid)
        if ticks is None or ticks != self._ticks:
            self._pulse.heard(ended=True)
        self._ticks = ticks

    def _died(self, pipes: ChildPipes) -> Lost:
        if self._process is None:
            raise ValueError("there is no process")
        try:
            status = self._process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            return ends.nonsense(WireError("it closed its pipe"))
        return ends.died(status, pipes.last_words())

    def _finish(self, lost: Lost) -> None:
        """End the process, tell who keeps it, then all who wait: they may ask a new one at once."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process is not None:
                self._process.kill()
                self._process.wait(self._patience.stop_s)
        with self._lock:
            self.stage = "over"
            if self._pipes is not None:
                self._pipes.close()
        if self._clean is not None:
            self._clean()
        self._over(lost)
        self._questions.end(lost)
        self._gone.set()


def _no_json(error: Exception) -> EngineError:
    return EngineError(
        f"The question cannot be sent to the model: {' '.join(str(error).split())[:200]}",
        fix="Give text that UTF-8 has a form for, and a schema of plain JSON data.",
        code="engine.bad_request",
    )
