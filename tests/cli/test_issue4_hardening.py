"""Law, cases, waivers, appeals, precedents, keys and record, as people and machines that err use them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency


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


_GROUPS = ("rules", "cases", "waiver", "appeal", "precedent", "identity", "ledger")


@pytest.mark.parametrize("group", _GROUPS)
def test_the_help_of_a_group_says_of_each_command_what_it_is_for(group: str, tmp_path: Path) -> None:
    told = agency(group, "--help", cwd=tmp_path)
    assert told.code == 0
    assert "..." not in told.out.partition("Commands:")[2]


@pytest.mark.parametrize("group", _GROUPS)
def test_where_a_repository_is_looked_for_is_told_with_its_default(group: str) -> None:
    commands = getattr(import_module(f"agent_agency.cli.{group}"), group).commands.values()
    options = [one for command in commands for one in command.params if one.name == "repo"]
    assert options
    assert all("Default: here" in (one.help or "") for one in options)


def test_a_file_that_is_no_export_is_told_on_one_screen(still: GitRepo, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\xff\n" * 5000)
    for command in (("verify", "--file"), ("import",)):
        told = agency("ledger", *command, str(tmp_path / "picture"), cwd=still.path)
        assert told.code == 1
        assert len((told.out + told.err).splitlines()) < 25
        assert "more" in told.out + told.err


def test_a_device_is_no_export_and_nobody_is_told_to_move_it(still: GitRepo) -> None:
    told = one_sentence(agency("ledger", "import", "/dev/zero", cwd=still.path))
    assert "Name a file" in told


def test_a_fact_that_is_nested_without_end_is_no_fact(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.commit("Add", **{"src/frozen/new.py": "x = 1\n"})
    ruling = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path).document["ruling_id"]
    fact = f"spec.rollback={'[' * 5000}"
    options = ("--ground", "new_evidence", "--fact", fact, "--evidence", "src/frozen/new.py", "--reason", "r")
    told = one_sentence(agency("appeal", "file", ruling, *options, cwd=repo.path))
    assert "Write it like spec.rollback=true" in told
