"""Run the tests of many states of a program, each once, in one bounded process."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent_agency.canonical_json import digest_json
from agent_agency.errors import DatasetError
from agent_agency.sandbox.model import MEBIBYTE, Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run

_LIMITS = Limits(wall_s=300, memory_bytes=2048 * MEBIBYTE, processes=64, written_bytes=256 * MEBIBYTE)
_JOBS_AT_ONCE = 1500

SuiteResult = Mapping[str, str]
"""How each test of a suite ended, by its name: ``passed``, ``failed`` or ``skipped``."""


@dataclass(frozen=True, slots=True)
class Job:
    """A program's files and the suites to run against them, by name."""

    files: Mapping[str, str]
    suites: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Equal for equal content."""
        return digest_json({"files": dict(self.files), "suites": dict(self.suites)})


class SuiteRunner(Protocol):
    """Runs jobs."""

    def __call__(self, jobs: Sequence[Job]) -> Sequence[Mapping[str, SuiteResult]]:
        """What came of each job, suite by suite, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class SandboxedRunner:
    """Runs jobs in one process, kept apart as well as the level given can; equal jobs run once."""

    isolation: Isolation

    def __call__(self, jobs: Sequence[Job]) -> Sequence[Mapping[str, SuiteResult]]:
        """What came of each job, in their order.

        Raises:
            DatasetError: the process did not end by itself within its limits.
        """
        keys = [job.digest for job in jobs]
        different = dict(zip(keys, jobs, strict=True))
        results: dict[str, Mapping[str, SuiteResult]] = {}
        waiting = list(different)
        while waiting:
            part, waiting = waiting[:_JOBS_AT_ONCE], waiting[_JOBS_AT_ONCE:]
            results.update(zip(part, self._run([different[key] for key in part]), strict=True))
        return [results[key] for key in keys]

    def _run(self, jobs: Sequence[Job]) -> Sequence[Mapping[str, SuiteResult]]:
        with tempfile.TemporaryDirectory(prefix="agency-dataset-") as place:
            folder = Path(place).resolve()
            work, results = folder / "jobs.json", folder / "results.json"
            work.write_text(json.dumps([{"files": dict(j.files), "suites": dict(j.suites)} for j in jobs]), "utf-8")
            child = Path(__file__).with_name("run_tests_child.py").read_text("utf-8")
            argv = (sys.executable, "-I", "-S", "-c", child, str(work), str(results))
            environment = {"HOME": place, "TMPDIR": place, "PYTHONHASHSEED": "0"}
            outcome = run(Command(argv, folder, environment, (folder,), limits=_LIMITS), self.isolation)
            if outcome.ended is not Ended.EXITED or outcome.exit_code != 0 or not results.is_file():
                why = outcome.detail or outcome.output_tail[-300:].decode("utf-8", "replace").strip()
                raise DatasetError(
                    f"The tests of the training set's programs could not be run ({outcome.ended}: {why})",
                    fix="Run 'agency doctor' to see what this machine can keep apart, then try again.",
                )
            answer: Sequence[Mapping[str, SuiteResult]] = json.loads(results.read_text("utf-8"))
            return answer
