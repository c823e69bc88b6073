"""Judge records per second on recorded answers, and what a cold command line costs while judges are there.

The rival of a judged record is the replay engine asked alone, with the very same requests: what is left is laying out,
reading and checking. A cold ``agency --help`` must load neither DSPy nor numpy.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent_agency.inference.around import AroundEngine
from agent_agency.inference.offline.engine import OfflineEngine
from agent_agency.inference.protocol import Cancel, Piece, Reply, Request
from agent_agency.inference.replay import Recorder, ReplayEngine
from agent_agency.judging.fence import fence_for
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset import load
from agent_agency.workflows.active_prompt import prompt_as_shipped
from benchmarks.figures import Figure, figure_of
from benchmarks.processes import AGENCY, cold_runs

JUDGE = "relevance"
RECORDS = 240
RUNS = 5
_SECRET = b"a secret of this benchmark"
_ALONE = "replay alone, answers"
_PYTHON = "bare python"


class Heard(AroundEngine):
    """An engine that keeps what it was asked, so that the same may be asked of the recording alone."""

    def __init__(self, engine: OfflineEngine) -> None:
        super().__init__(engine)
        self.requests: list[Request] = []

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        self.requests.append(request)
        return self._engine.generate(request, cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        yield from self._engine.stream(request, cancel)


def measure() -> Iterator[Figure]:
    """Record once, then judge and replay again and again; cold starts at the end."""
    subjects = [one.subject for one in load(JUDGE, "train")][:RECORDS]
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.jsonl"
        requests = _record(recording, subjects)
        engine = ReplayEngine(recording)
        judged = [_per_second(len(subjects), lambda: _judge(engine, subjects)) for _ in range(RUNS)]
        alone = [_per_second(len(requests), lambda: _ask(engine, requests)) for _ in range(RUNS)]
    yield figure_of("judge records on replay", "per s", judged, better="higher", rival=_ALONE)
    yield figure_of(_ALONE, "per s", alone, better="higher")
    yield from _cold()


def _record(path: Path, subjects: Sequence[Subject]) -> list[Request]:
    heard = Heard(OfflineEngine())
    with Recorder(heard, path) as recorder:
        for subject in subjects:
            _made(recorder).assess(subject)
    return heard.requests


def _made(engine: ReplayEngine | Recorder) -> Judge:
    prompt = prompt_as_shipped(JUDGE)
    return Judge(prompt, engine, Layout(shipped_rubric(JUDGE), fence_for(_SECRET, prompt.digest)))


def _judge(engine: ReplayEngine, subjects: Sequence[Subject]) -> None:
    judge = _made(engine)
    if any(judge.assess(subject).answer.abstained_because for subject in subjects):
        raise RuntimeError("a recorded answer was not found or not read")


def _ask(engine: ReplayEngine, requests: Sequence[Request]) -> None:
    for request in requests:
        engine.generate(request)


def _per_second(count: int, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def _cold() -> Iterator[Figure]:
    here = Path.cwd()
    help_runs = cold_runs([AGENCY, "--help"], here, repeat=20)
    bare = cold_runs([sys.executable, "-c", "pass"], here, repeat=20)
    yield figure_of("agency --help, cold", "ms", [run.milliseconds for run in help_runs], rival=_PYTHON)
    yield figure_of(_PYTHON, "ms", [run.milliseconds for run in bare])
    loaded = _loaded_by_help()
    yield figure_of(
        "heavy libraries that agency --help loads", "", [float(len(loaded))], budget=0, note=", ".join(loaded)
    )


def _loaded_by_help() -> list[str]:
    code = (
        "import sys, contextlib, io\n"
        "from agent_agency.cli.main import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    cli(['--help'])\n"
        "print(*[name for name in ('dspy', 'numpy', 'scipy', 'sqlalchemy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()
