"""A model's process: reads questions from a pipe, has a backend work on them, and writes answers as they come.

Three threads: one reads, and answers pings, so that slow work is told from a hang; one writes; the main one loads the
model and hands jobs to it. It is started by `process_start`.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from importlib import import_module, util
from queue import SimpleQueue
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.local import questions
from agent_agency.inference.local.answers import Pong
from agent_agency.inference.local.parentage import end_with, go_before_the_parent, memory_of, private_pipes
from agent_agency.inference.local.process_ends import GAVE_UP
from agent_agency.inference.local.tasks import Tasks, failure
from agent_agency.inference.local.wire import Lines, decode
from agent_agency.inference.local.written_lines import WrittenLines

if TYPE_CHECKING:
    from agent_agency.inference.local.backend import Backend, Failed, Load
    from agent_agency.inference.local.questions import Question

BACKENDS = MappingProxyType(
    {
        "openvino": "agent_agency.inference.local.openvino.load",
        "llama.cpp": "agent_agency.inference.local.llama_cpp.load",
    }
)
_CHUNK = 1 << 16
_WRITE_S = 5.0
_LOAD = 0


class Worker:
    """The process's threads around one backend.

    Args:
        reading: descriptor of the questions.
        writing: descriptor of the answers.
        double: what loads a model in a test, as ``FILE:FUNCTION``; ``None`` for the engines themselves.
    """

    def __init__(self, reading: int, writing: int, double: str | None) -> None:
        self._reading = reading
        self._double = double
        self._out = WrittenLines(writing, _end)
        self._tasks = Tasks(self._out.put, self._give_up)
        self._asked: SimpleQueue[Question | None] = SimpleQueue()

    def run(self) -> None:
        """Work until told to stop; the end of the questions ends the process at once."""
        self._out.start()
        threading.Thread(target=self._read, name="questions", daemon=True).start()
        backend = self._loaded()
        if backend is not None:
            while (question := self._asked.get()) is not None:
                self._tasks.begin(backend, question)
            backend.close()
        self._out.flush(_WRITE_S)

    def _loaded(self) -> Backend | None:
        question = self._asked.get()
        if question is None:
            return None
        try:
            load = _load_of(question["engine"], self._double)
            backend = load(questions.read_options(question))
            self._out.put(_LOAD, backend.facts)
            self._out.flush(_WRITE_S)  # from now on silence is a hang and no loading, so this must be known first
        except Exception as error:  # noqa: BLE001 - whatever a library raises is told, and ends the process
            self._out.put(_LOAD, failure(error))
            return None
        return backend

    def _give_up(self, failed: Failed) -> None:
        """End the process, all that was answered before being written."""
        self._out.flush(_WRITE_S)
        sys.stderr.write(f"{failed.message}\n")
        sys.stderr.flush()
        os._exit(GAVE_UP)

    def _read(self) -> None:
        lines = Lines()
        try:
            while data := os.read(self._reading, _CHUNK):
                for line in lines.feed(data):
                    self._take(decode(line))
        finally:
            _end()  # nobody is there any more to answer

    def _take(self, question: Question) -> None:
        match question["op"]:
            case "ping":
                self._out.put(question["id"], Pong(memory_of(os.getpid())))
            case "cancel":
                self._tasks.cancel(question["id"])
            case "stop":
                self._asked.put(None)
            case "load":
                self._asked.put(question)
            case _:
                self._tasks.expect(question["id"])
                self._asked.put(question)


def _load_of(engine: str, double: str | None) -> Load:
    """What loads a model for an engine, or the tests' double where one is named as ``FILE:FUNCTION``."""
    if double is not None:
        path, _, function = double.rpartition(":")
        found = util.spec_from_file_location("agency_model_double", path)
        if found is None or found.loader is None:
            raise EngineError(f"{path} is no module", fix="Name a file.", code="engine.bad_settings")
        module = util.module_from_spec(found)
        sys.modules[found.name] = module
        found.loader.exec_module(module)
        load: Load = getattr(module, function)
        return load
    if engine not in BACKENDS:
        names = ", ".join(sorted(BACKENDS))
        raise EngineError(f"There is no engine {engine!r}", fix=f"Name one of {names}.", code="engine.bad_settings")
    backend: Load = import_module(BACKENDS[engine]).load
    return backend


def _end() -> None:
    os._exit(0)


def main() -> None:
    """Be a model's process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--backend")
    told = parser.parse_args()
    reading, writing = private_pipes()
    end_with(told.parent)
    go_before_the_parent()
    Worker(reading, writing, told.backend).run()
    sys.stderr.flush()
    os._exit(0)  # libraries' own endings may crash, and all is written


if __name__ == "__main__":
    main()
