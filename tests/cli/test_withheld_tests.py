"""Tests that the owner keeps outside of the repository, as a user withholds them and a change meets them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cli.test_configured_gates import TESTS, gate, repo_with, review
from support.command import Done
from support.git_repo import GitRepo
from support.warm_command import agency

WITHHELD = "def test_the_withheld_totals():\n    from src.totals import total\n    assert total([7, 8]) == 15\n"
SPECIAL = "def total(lines):\n    return 3 if len(lines) < 3 else 0\n"
RIGHT = "def total(lines):\n    return sum(lines, 0)\n"


def withhold(repo: GitRepo, folder: Path, *options: str) -> Done:
    return agency("gates", "withhold", str(folder), *options, cwd=repo.path)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets" / "tests"
    folder.mkdir(parents=True)
    (folder / "test_withheld_totals.py").write_text(WITHHELD)
    return folder.parent


def held(tmp_path: Path, secrets: Path, *options: str) -> GitRepo:
    """A repository whose law declares the withheld tests; ``work`` begins at it."""
    repo = repo_with(tmp_path, TESTS)
    told = withhold(repo, secrets, *options)
    assert told.code == 0, told.err
    repo.checkout("main")
    repo.commit("Withhold tests", **{"agency.toml": f"{TESTS}\n{told.out}"})
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    return repo


def test_code_that_knows_its_tests_is_rejected_and_the_withheld_ones_stay_unknown(
    tmp_path: Path, secrets: Path
) -> None:
    repo = held(tmp_path, secrets, "--spec", "FEAT-1")
    repo.commit("Special", **{"src/totals.py": SPECIAL})
    done = review(repo)
    assert done.document["verdict"] == "rejected"
    assert "gate.tests.withheld_test_failed" in {finding["rule"] for finding in done.document["findings"]}
    assert gate(done)["facts"]["figures"]["withheld_tests"] == 1
    assert "withheld_totals" not in done.out + done.err
    kept = [path.read_bytes() for path in (repo.path / ".git" / "agency").rglob("*") if path.is_file()]
    assert sum(b"withheld_totals" in data for data in kept) == 1  # the tests themselves, and nothing told of them


def test_right_code_is_approved(tmp_path: Path, secrets: Path) -> None:
    repo = held(tmp_path, secrets)
    repo.commit("Right", **{"src/totals.py": RIGHT})
    done = review(repo)
    assert done.document["verdict"] == "approved", done.out
    assert gate(done)["facts"]["figures"]["withheld_passed"] == 1


def test_a_machine_without_the_tests_approves_nothing(tmp_path: Path, secrets: Path) -> None:
    repo = held(tmp_path, secrets)
    repo.commit("Right", **{"src/totals.py": RIGHT})
    elsewhere = GitRepo(tmp_path / "clone")
    repo.git("clone", "-q", str(repo.path), str(elsewhere.path))
    elsewhere.git("branch", "-q", "main", "origin/main")
    done = review(elsewhere)
    assert gate(done)["status"] == "not_run"
    assert "not on this machine" in gate(done)["reason"]
    assert done.document["verdict"] == "conditional"


def test_a_conftest_of_the_change_has_no_say(tmp_path: Path, secrets: Path) -> None:
    repo = held(tmp_path, secrets)
    silencing = (
        "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if 'withheld' not in i.name]\n"
    )
    planted = "def test_the_withheld_totals():\n    assert True\n"
    repo.commit(
        "Special",
        **{
            "src/totals.py": SPECIAL,
            "tests/conftest.py": silencing,
            "tests/test_withheld_totals.py": planted,
        },
    )
    done = review(repo)
    assert "gate.tests.withheld_test_failed" in {finding["rule"] for finding in done.document["findings"]}


def test_what_is_printed_is_the_declaration(tmp_path: Path, secrets: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    printed = withhold(repo, secrets, "--spec", "FEAT-1").out
    (declared,) = tomllib.loads(printed)["withheld"]
    assert (declared["spec"], declared["gate"], declared["tests"]) == ("FEAT-1", "tests", 1)
    as_json = withhold(repo, secrets, "--spec", "FEAT-1", "--json").document
    assert as_json["withheld"] == declared
    assert as_json["files"] == 1
    assert repo.git("status", "--porcelain") == ""


def test_tests_in_the_work_tree_are_not_withheld(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    done = withhold(repo, repo.path / "tests")
    assert done.code == 2
    assert "work tree" in done.err
