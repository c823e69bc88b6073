"""The backend over llama.cpp: jobs wait for one of as many threads as there are slots."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from agent_agency.errors import AgencyError
from agent_agency.inference.local.backend import BackendFacts, Failed, Generated, GenerateJob, Job, LabelJob, Labelled
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.desk import Desk
from agent_agency.inference.local.llama_cpp.generation import Generation
from agent_agency.inference.local.llama_cpp.label_scores import LabelScores
from agent_agency.inference.local.llama_cpp.server import Server
from agent_agency.inference.local.private_folder import PrivateFolder
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message


class LlamaCpp:
    """A model that llama.cpp runs.

    Args:
        facts: what it says of itself.
        server: that runs the model.
        folder: of its socket and kept prefixes.
        desk: what jobs share.
    """

    def __init__(self, facts: BackendFacts, server: Server, folder: PrivateFolder, desk: Desk) -> None:
        self._facts = facts
        self._server = server
        self._folder = folder
        self._desk = desk
        self._generation = Generation(desk)
        self._labels = LabelScores(desk)
        self._jobs: SimpleQueue[tuple[Job, Call] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open: set[Call] = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"slot-{n}", daemon=True) for n in range(facts.width)]
        for thread in self._threads:
            thread.start()

    @property
    def facts(self) -> BackendFacts:
        """What it says of itself."""
        return self._facts

    def submit(self, job: Job) -> Callable[[], None]:
        """Take a job; see `backend.Backend.submit`."""
        call = Call()
        with self._lock:
            if not self._closed:
                self._open.add(call)
                self._jobs.put((job, call))
                return call.cancel
        job.ended(Failed("engine.closed", "The model was let go", "Start it anew."))
        return call.cancel

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Tokens of a whole prompt."""
        call = Call()
        return len(self._desk.prompts.tokens(self._desk.prompts.text(messages, call), call))

    def close(self) -> None:
        """Let go of the model; jobs that run or wait end as cancelled. A second time does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for call in self._open:
                call.cancel()
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._server.stop()
        self._folder.remove()

    def _work(self) -> None:
        while (taken := self._jobs.get()) is not None:
            job, call = taken
            ended = self._end_of(job, call)
            with self._lock:
                self._open.discard(call)
            job.ended(ended)

    def _end_of(self, job: Job, call: Call) -> Generated | Labelled | Primed | Failed:
        try:
            call.check()
            if isinstance(job, GenerateJob):
                return self._generation.run(job, call)
            if isinstance(job, LabelJob):
                return self._labels.run(job, call)
            return self._prime(job.messages, call)
        except AgencyError as error:
            return Failed(error.stable_code, error.message, error.fix)
        except Exception as error:  # noqa: BLE001 - a defect ends its job, and no other
            said = " ".join(str(error).split())[:200]
            return Failed("engine.failed", f"llama.cpp's answer could not be used ({said})", "Report this.")

    def _prime(self, messages: tuple[Message, ...], call: Call) -> Primed:
        desk = self._desk
        tokens = desk.prompts.beginning(messages, call)
        desk.prompts.fit(len(tokens), 1)
        prefix = desk.prefix(messages, len(messages), tokens, call)
        if not prefix or desk.prefixes.kept(prefix):
            return Primed(len(prefix), 0)
        with desk.seat(prefix, prefix, call) as seat:
            computed = seat.computed
        return Primed(len(prefix) if desk.prefixes.kept(prefix) else 0, computed)
