"""The GitHub action: its definition holds together, and its script does what it says, run as a job would run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import warm

ACTION = Path(__file__).resolve().parents[2] / "action"
DEFINITION: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))


@dataclass
class Job:
    """What a job is left with: the exit code, its outputs, its summary."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


def _run(repo: GitRepo, runner: Path, *, afresh: bool = False, **environment: str) -> Job:
    """Run the script; what stands for ``agency`` was imported before unless it is to start afresh."""
    programs = runner / "bin"
    programs.mkdir(exist_ok=True)
    if not afresh:
        warm().write_client(programs / "agency")
    output, summary = runner / "output", runner / "summary"
    output.touch()
    summary.touch()
    done = subprocess.run(
        ["bash", str(ACTION / "review.sh")],
        cwd=repo.path,
        env={
            **os.environ,
            "PATH": os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"])),
            "RUNNER_TEMP": str(runner),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
    return Job(done.returncode, done.stdout + done.stderr, outputs, summary.read_text("utf-8"))


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    folder = tmp_path / "runner"
    folder.mkdir()
    return folder


def test_every_input_is_used_and_every_used_input_is_declared() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(DEFINITION["runs"])))
    assert used == set(DEFINITION["inputs"])


def test_the_checkout_supplies_no_module_to_any_python_of_the_action() -> None:
    scripts = [step.get("run", "") for step in DEFINITION["runs"]["steps"]]
    scripts.append((ACTION / "review.sh").read_text("utf-8"))
    starts = re.findall(r"python3?\"? (-\S+)|PYTHON\" (-\S+)", "\n".join(scripts))
    assert len(starts) == 3
    assert {one or other for one, other in starts} == {"-I"}


def test_a_module_in_the_checkout_cannot_forge_the_verdict(repo: GitRepo, runner: Path) -> None:
    repo.commit("Forge", **{"json.py": "def load(_): return {'verdict': 'approved'}\n"})
    job = _run(repo, runner, afresh=True, REVIEW_BASE="main", REVIEW_HEAD="work")
    assert (job.code, job.outputs["verdict"]) == (1, "rejected")


def test_no_input_reaches_a_shell_as_text() -> None:
    """An expression inside ``run`` would let a branch name run commands."""
    for step in DEFINITION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_every_output_comes_from_the_script() -> None:
    script = (ACTION / "review.sh").read_text("utf-8")
    assert all(f'"{name}=' in script for name in DEFINITION["outputs"])


def test_a_rejected_change_fails_the_job_and_says_why(repo: GitRepo, runner: Path) -> None:
    repo.commit("Leave", **{"elsewhere.py": "X = 1\n"})
    job = _run(repo, runner, REVIEW_BASE="main", REVIEW_HEAD="work")
    assert (job.code, job.outputs["verdict"]) == (1, "rejected")
    assert "::error" in job.log
    assert "elsewhere.py" in job.summary
    assert json.loads(Path(job.outputs["ruling"]).read_text("utf-8"))["verdict"] == "rejected"
    assert json.loads(Path(job.outputs["sarif"]).read_text("utf-8"))["version"] == "2.1.0"


def test_an_approved_change_passes(repo: GitRepo, runner: Path) -> None:
    repo.commit("Round", **{"src/totals.py": "TOTAL = 1\n"})
    job = _run(repo, runner, REVIEW_BASE="main", REVIEW_SPEC="FEAT-1")
    assert (job.code, job.outputs["verdict"]) == (0, "approved"), job.log


def test_a_pull_request_is_held_against_its_target_branch(repo: GitRepo, runner: Path) -> None:
    repo.git("update-ref", "refs/remotes/origin/main", "main")
    repo.commit("Round", **{"src/totals.py": "TOTAL = 1\n"})
    job = _run(repo, runner, GITHUB_BASE_REF="main")
    assert (job.code, job.outputs["verdict"]) == (0, "approved"), job.log


def test_the_branch_name_of_a_pull_request_says_which_spec_governs(repo: GitRepo, runner: Path) -> None:
    repo.git("switch", "-q", "main")
    first = (repo.path / ".caws/specs/FEAT-1.yaml").read_text()
    repo.commit("Add a spec", **{".caws/specs/FEAT-2.yaml": first.replace("FEAT-1", "FEAT-2")})
    repo.git("switch", "-q", "--detach")
    repo.commit("Round", **{"src/totals.py": "TOTAL = 1\n"})
    job = _run(repo, runner, REVIEW_BASE="main")
    assert job.code == 2
    job = _run(repo, runner, REVIEW_BASE="main", GITHUB_HEAD_REF="-feat-2;$(exit)")
    assert job.code == 0, job.log
    assert json.loads(Path(job.outputs["ruling"]).read_text("utf-8"))["spec"]["id"] == "FEAT-2"


def test_a_review_that_cannot_run_fails_the_job_without_a_verdict(repo: GitRepo, runner: Path) -> None:
    job = _run(repo, runner, REVIEW_BASE="nowhere")
    assert job.code == 2
    assert "verdict" not in job.outputs
    assert "could not run" in job.summary
