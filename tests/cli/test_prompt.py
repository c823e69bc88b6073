"""``agency prompt`` as a person runs it: real processes, in an empty folder and in a repository."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.clock import SystemClock
from agent_agency.workflows.learning_store import open_learning_store
from agent_agency.workflows.prompt_versions import register
from support.command import Done
from support.git_repo import GitRepo
from support.prompts import artefact_of
from support.warm_command import agency


@pytest.fixture
def folder(git_repo: GitRepo) -> Path:
    """A repository with two registered prompts for safety."""
    database = open_learning_store(git_repo.path, {})
    for instructions, names in (("Look.", ("a", "b")), ("Look twice.", ("b", "c"))):
        register(database, SystemClock(), artefact_of("safety", instructions, *names), "by hand")
    return git_repo.path


def _prompt(folder: Path, *args: str) -> Done:
    done = agency("prompt", *args, cwd=folder)
    assert "Traceback" not in done.err
    return done


def test_in_an_empty_folder_the_shipped_prompts_are_active(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = _prompt(tmp_path / "empty", "list", "--json")
    assert (done.code, done.err, done.document["schema_version"]) == (0, "", 1)
    assert {(one["judge"], one["active"]) for one in done.document["judges"]} == {
        (judge, 0) for judge in ("relevance", "faithfulness", "minimality", "safety", "rubric")
    }
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_prompt_is_activated_and_rolled_back_on_somebodys_word(folder: Path) -> None:
    by = ("--who", "ada", "--reason", "better on dev")
    assert _prompt(folder, "activate", "safety", "1", *by).code == 0
    done = _prompt(folder, "activate", "safety", "2", *by, "--json")
    assert done.document["activation"]["version"] == 2
    assert "version 2, active" in _prompt(folder, "show", "safety").out
    back = _prompt(folder, "rollback", "safety", "--from", "2", "--who", "bob", "--reason", "worse")
    assert (back.code, "version 1 now" in back.out) == (0, True)
    again = _prompt(folder, "rollback", "safety", "--from", "2", "--who", "eve", "--reason", "worse", "--json")
    assert (again.code, again.document["error"]["code"]) == (2, "prompt.moved")
    told = _prompt(folder, "list", "safety").out
    for expected in ("activate to version 2 by ada: better on dev", "rollback to version 1 by bob: worse", "by hand"):
        assert expected in told
    (listed,) = _prompt(folder, "list", "safety", "--json").document["judges"]
    assert (listed["active"], len(listed["history"])) == (1, 3)


def test_a_difference_is_told_with_exit_1(folder: Path) -> None:
    done = _prompt(folder, "diff", "safety", "1", "2")
    assert done.code == 1
    for line in ("-Look.", "+Look twice.", "+ demonstration c: pass 1.00", "- demonstration a: pass 1.00"):
        assert line in done.out.splitlines()
    same = _prompt(folder, "diff", "safety", "2", "v2", "--json")
    assert (same.code, same.document["diff"]["same_prompt"]) == (0, True)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("show", "safty"), "Did you mean safety?"),
        (("show", "safety", "7"), "Take one of 0 (shipped) to 2"),
        (("activate", "safety", "9", "--who", "ada", "--reason", "why"), "no version 9"),
        (("activate", "safety", "1", "--who", "ada"), "--reason"),
        (("rollback", "safety", "--who", "ada", "--reason", "why"), "No other version"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_2(folder: Path, args: tuple[str, ...], told: str) -> None:
    done = _prompt(folder, *args)
    assert (done.code, done.out, told in done.err, done.err.count("\n")) == (2, "", True, 1)


def test_two_processes_that_activate_at_once_are_both_on_record(folder: Path) -> None:
    command = [sys.executable, "-m", "agent_agency", "prompt", "activate", "safety"]
    processes = [
        subprocess.Popen(
            [*command, version, "--who", f"person {version}", "--reason", "why", "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        for version in ("1", "2")
    ]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert [answer["activation"]["version"] for answer in answers] == [1, 2]
    (listed,) = _prompt(folder, "list", "safety", "--json").document["judges"]
    assert {act["who"] for act in listed["history"]} == {"person 1", "person 2"}
    assert listed["active"] == listed["history"][-1]["version"]
