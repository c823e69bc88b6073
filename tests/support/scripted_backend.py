"""A double of a model's backend that does as the last message says; loaded inside a real model process by tests.

``say TEXT``, ``slow SECONDS``, ``until FILE`` (until it is there), ``pieces COUNT``, ``flood COUNT``, ``die SIGNAL``,
``die_once FILE``, ``exit CODE``, ``eat MIB``, ``write LINE``, ``write_bytes HEX``, ``long MIB``, ``twice NUMBER``,
``nan``, ``raise``, ``no_memory``, ``deaf`` (ends nothing), ``mute`` (lets nobody else run).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelScore
from agent_agency.inference.local.backend import (
    BackendFacts,
    Failed,
    Generated,
    GenerateJob,
    Job,
    LabelJob,
    Labelled,
    LoadOptions,
    PrimeJob,
)
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message, TokenChoice

_CANCELLED = Failed("engine.cancelled", "The call was cancelled", "Ask again.")


def load(options: LoadOptions) -> ScriptedBackend:
    """Load nothing, or do as ``extra["load"]`` says."""
    how = str(options.extra.get("load", ""))
    Path(tempfile.gettempdir(), "left").touch()
    sys.stdout.write("libraries print to standard output\n")
    sys.stdout.flush()
    if how == "refuse":
        raise EngineError("The file is no model", fix="Give a model.", code="engine.model_unreadable")
    if how == "die":
        _say("the loader met its end")
        os.kill(os.getpid(), signal.SIGSEGV)
    if how.startswith("slow "):
        time.sleep(float(how.removeprefix("slow ")))
    if how.startswith("until "):
        _wait_for(how.removeprefix("until "), threading.Event())
    return ScriptedBackend(options)


class ScriptedBackend:
    """A model that is none."""

    def __init__(self, options: LoadOptions) -> None:
        self._options = options
        self._eaten: list[bytearray] = []

    @property
    def facts(self) -> BackendFacts:
        return BackendFacts(
            engine="scripted",
            version="1",
            precision=self._options.precision,
            context_tokens=self._options.context_tokens or 1000,
            width=self._options.width,
            schema=True,
            logprobs=int(self._options.extra.get("logprobs", 2)),
            labels=bool(self._options.extra.get("labels", True)),
            seed=True,
            notes=("It is a double.",),
        )

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        return sum(len(one.content.split()) for one in messages) + 3 * len(messages)

    def close(self) -> None:
        _say("closed")

    def submit(self, job: Job) -> Callable[[], None]:
        word, _, rest = job.messages[-1].content.partition(" ")
        if word == "raise":
            raise RuntimeError("a library's own words")
        if word == "no_memory":
            raise MemoryError
        running = _Running(self, job, word, rest)
        running.thread.start()
        return running.cancel

    def eat(self, mib: int) -> None:
        self._eaten.append(bytearray(os.urandom(1) * (mib << 20)))


class _Running:
    def __init__(self, backend: ScriptedBackend, job: Job, word: str, rest: str) -> None:
        self._backend, self._job, self._word, self._rest = backend, job, word, rest
        self._cancelled = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def cancel(self) -> None:
        if self._word != "deaf":
            self._cancelled.set()

    def _run(self) -> None:
        act = getattr(self, f"_{self._word}", None)
        self._finish() if act is None else act()

    def _finish(self, text: str = "") -> None:
        job, prompt = self._job, self._backend.count_tokens(self._job.messages)
        if self._cancelled.is_set():
            job.ended(_CANCELLED)
        elif isinstance(job, PrimeJob):
            job.ended(Primed(prompt, prompt))
        elif isinstance(job, LabelJob):
            scores = tuple(LabelScore(one, -float(len(one)), 1) for one in job.labels)
            job.ended(Labelled(scores, prompt, len(scores), min(job.shared, prompt)))
        else:
            said = text or self._rest or "well"
            chosen = (TokenChoice(said, -0.5, (("other", -1.5),)),) if job.parameters.top_logprobs else ()
            finish = "length" if job.parameters.max_tokens == 1 else "stop"
            job.ended(Generated(said, finish, prompt, min(1 + len(said) // 8, job.parameters.max_tokens), 0, chosen))

    def _slow(self) -> None:
        self._cancelled.wait(float(self._rest))
        self._finish("slowly")

    def _until(self) -> None:
        _wait_for(self._rest, self._cancelled)
        self._finish("at last")

    def _pieces(self) -> None:
        for number in range(int(self._rest)):
            self._piece(f"{number} ")
            if self._cancelled.wait(0.01):
                break
        self._finish("".join(f"{number} " for number in range(int(self._rest))))

    def _flood(self) -> None:
        for _ in range(int(self._rest)):
            _say("x" * 1000)
            self._piece("y" * 100)
        self._finish("y")

    def _pieces_die(self) -> None:
        self._piece("begun")
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)

    def _die(self) -> None:
        _say("last words of the engine")
        os.kill(os.getpid(), int(self._rest))

    def _die_once(self) -> None:
        path = Path(self._rest)
        if path.exists():
            self._finish("back")
        else:
            path.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def _exit(self) -> None:
        os._exit(int(self._rest))

    def _eat(self) -> None:
        self._backend.eat(int(self._rest))
        self._cancelled.wait(60)
        self._finish("full")

    def _write(self) -> None:
        os.write(_answers(), self._rest.encode() + b"\n")

    def _write_bytes(self) -> None:
        os.write(_answers(), bytes.fromhex(self._rest) + b"\n")

    def _long(self) -> None:
        block = b"z" * (1 << 20)
        for _ in range(int(self._rest)):
            os.write(_answers(), block)

    def _twice(self) -> None:
        self._finish("once")
        time.sleep(0.05)
        number = int(self._rest)
        document = {"id": number, "is": "counted", "tokens": 3}
        os.write(_answers(), json.dumps(document).encode() + b"\n")

    def _nan(self) -> None:
        if isinstance(self._job, LabelJob):
            scores = tuple(LabelScore(one, float("nan"), 1) for one in self._job.labels)
            self._job.ended(Labelled(scores, 3, len(scores), 0))

    def _deaf(self) -> None:
        time.sleep(3600)

    def _mute(self) -> None:
        """Hold the interpreter, so that not even pings are answered."""
        ctypes.PyDLL(None).sleep(3600)

    def _piece(self, text: str) -> None:
        if isinstance(self._job, GenerateJob) and self._job.piece is not None:
            self._job.piece(text)


def _wait_for(path: str, cancelled: threading.Event) -> None:
    while not Path(path).exists() and not cancelled.wait(0.005):
        pass


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _answers() -> int:
    """The private descriptor that answers go to: the one pipe beyond the standard streams that is for writing."""
    for one in range(3, 32):
        try:
            mode = os.fstat(one).st_mode
        except OSError:
            continue
        if stat.S_ISFIFO(mode) and fcntl.fcntl(one, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
            return one
    raise OSError("there is no such pipe")
