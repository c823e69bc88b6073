"""Law, cases, waivers, appeals, precedents, keys and record, as people and machines that err use them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.command import Done, agency
from support.git_repo import GitRepo
from support.law import lawful_repo


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """A repository that no test changes."""
    return lawful_repo(tmp_path_factory.mktemp("still") / "repo")


def one_sentence(done: Done) -> str:
    """What a command said that could not run: one line on standard error, and nothing else."""
    assert done.code == 2, done
    assert done.out == ""
    assert len(done.err.splitlines()) == 1, done.err
    assert "defect" not in done.err
    return done.err


@pytest.mark.parametrize("option", ["--condition", "--applies"])
def test_a_condition_that_cannot_be_read_forges_no_terminal_output(still: GitRepo, option: str) -> None:
    more = ("--condition", "true") if option == "--applies" else ()
    told = one_sentence(agency("rules", "playground", *more, option, "\x1b[31mred", cwd=still.path))
    assert told.strip().isprintable()
    assert "\\x1b" in told


@pytest.mark.parametrize("option", ["--condition", "--applies"])
def test_a_condition_of_raw_bytes_is_told_as_what_it_is(still: GitRepo, option: str) -> None:
    more = ("--condition", "true") if option == "--applies" else ()
    told = one_sentence(agency("rules", "playground", *more, option, os.fsdecode(b"\xff"), cwd=still.path))
    assert "UTF-8" in told


def test_a_long_argument_does_not_push_the_remedy_off_the_screen(still: GitRepo) -> None:
    told = one_sentence(agency("cases", "show", "é" * 20_000, cwd=still.path))
    assert len(told) < 2000
    assert "agency cases list" in told


@pytest.mark.parametrize("command", [("explain",), ("appeal", "list"), ("precedent", "list"), ("cases", "tick")])
def test_a_closed_standard_error_changes_no_answer(still: GitRepo, command: tuple[str, ...]) -> None:
    def answered(*, closed: bool) -> tuple[int, bytes]:
        shell = 'exec "$@" 2>&-' if closed else 'exec "$@"'
        run = ["sh", "-c", shell, "sh", sys.executable, "-m", "agent_agency", *command]
        done = subprocess.run(run, cwd=still.path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout

    assert answered(closed=True) == answered(closed=False)
