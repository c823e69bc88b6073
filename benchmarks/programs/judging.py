"""Has the real ``agency review`` judge every change of the corpus, and compares with what each change is in truth."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.programs.corpus import Kind, Program, Variant
from benchmarks.programs.repositories import SPEC_ID, make_base, make_change, write_files

LONGEST_S = 300
TESTS_FAILED = 1
"""What pytest exits with when tests were run and some failed."""
WITHHELD_RULE = "withheld_test_failed"


@dataclass(frozen=True, slots=True)
class Judged:
    """One change and its ruling.

    ``decided_by`` names the gates that kept it from approval. ``only_withheld``: nothing but the withheld tests did.
    ``own_tests_pass``: whether the head's own tests pass, which is all that a bare test run sees.
    """

    program: str
    variant: str
    kind: Kind
    verdict: str
    decided_by: tuple[str, ...]
    rules: tuple[str, ...]
    only_withheld: bool
    own_tests_pass: bool
    reason: str

    @property
    def name(self) -> str:
        """The change's name in reports."""
        return f"{self.program}/{self.variant}"

    @property
    def falsely_approved(self) -> bool:
        """Whether a bad change was let through."""
        return not self.kind.good and self.verdict == "approved"

    @property
    def falsely_rejected(self) -> bool:
        """Whether a good change was kept from approval."""
        return self.kind.good and self.verdict != "approved"

    def as_dict(self) -> dict[str, Any]:
        """The change as it stands in the results."""
        expected = "approved" if self.kind.good else "not approved"
        return {
            "program": self.program,
            "variant": self.variant,
            "kind": str(self.kind),
            "expected": expected,
            "verdict": self.verdict,
            "right": not (self.falsely_approved or self.falsely_rejected),
            "decided_by": list(self.decided_by),
            "rules": list(self.rules),
            "only_withheld": self.only_withheld,
            "own_tests_pass": self.own_tests_pass,
        }


def require_failing_bases(programs: Sequence[Program]) -> None:
    """Hold that each program's own tests show its bug, and that its withheld tests do.

    Raises:
        RuntimeError: naming the programs whose tests all pass, or cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="programs-") as folder:
        sound = []
        for program in programs:
            base = Path(folder, program.name)
            own = _exit_code(base / "own", program.files)
            withheld = _exit_code(base / "withheld", {**_without_tests(program), **program.withheld})
            sound.append(own == withheld == TESTS_FAILED)
    if not all(sound):
        wrong = [program.name for program, shows in zip(programs, sound, strict=True) if not shows]
        raise RuntimeError(f"their tests do not show the bug: {', '.join(wrong)}")


def _without_tests(program: Program) -> dict[str, str]:
    return {path: text for path, text in program.files.items() if not Path(path).name.startswith("test_")}


def _exit_code(folder: Path, files: Mapping[str, str]) -> int:
    write_files(folder, files)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=LONGEST_S, check=False).returncode


def judge_all(programs: Sequence[Program], workers: int | None = None) -> Iterator[Judged]:
    """Judge every change in a repository of its own, side by side; in the corpus's order."""
    folder = Path(tempfile.mkdtemp(prefix="programs-"))
    try:
        bases = {program.name: make_base(program, folder / program.name / "base") for program in programs}
        work = [(program, variant) for program in programs for variant in program.variants]
        with ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
            yield from pool.map(lambda pair: judge(bases[pair[0].name], pair[0], pair[1], folder), work)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judge(base: Path, program: Program, variant: Variant, folder: Path) -> Judged:
    """Judge one change.

    Raises:
        RuntimeError: when the review gave no ruling.
    """
    repo = make_change(base, program, variant, folder / program.name / variant.name)
    document = _review(repo)
    shutil.rmtree(repo)
    return _judged(program, variant, document)


def _review(repo: Path) -> dict[str, Any]:
    command = ["-m", "agent_agency", "review", "--base", "main", "--head", "work", "--spec", SPEC_ID, "--json"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [sys.executable, *command],
        cwd=repo,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    try:
        document = json.loads(done.stdout)
    except json.JSONDecodeError:
        document = {}
    if "verdict" not in document:
        raise RuntimeError(f"no ruling on {repo.name}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return dict(document)


def _judged(program: Program, variant: Variant, document: dict[str, Any]) -> Judged:
    gates = document["gates"]
    against = [gate for gate in gates if gate["applicable"] and gate["status"] != "pass" and gate["mode"] == "block"]
    findings = [finding for finding in document["findings"] if finding["severity"] not in {"advice", "minor"}]
    rules = tuple(sorted({finding["rule"] for finding in findings}))
    tests: dict[str, Any] = next((gate for gate in gates if gate["name"] == "tests"), {})
    figures = tests.get("facts", {}).get("figures", {})
    withheld = any(rule.endswith(WITHHELD_RULE) for rule in rules)
    return Judged(
        program.name,
        variant.name,
        variant.kind,
        document["verdict"],
        tuple(gate["name"] for gate in against),
        rules,
        withheld and {gate["name"] for gate in against} == {"tests"} and len(rules) == 1,
        figures.get("failed") == 0 and figures.get("passed", 0) > 0,
        "; ".join(f"{gate['name']}: {gate['reason']}" for gate in against),
    )
