"""A gate is measured again only when something that its result depends on has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli.test_configured_gates import TESTS, repo_with
from support.git_repo import GitRepo
from support.warm_command import agency

FIXED = "def total(lines):\n    return sum(lines, 0)\n"


def gate_of(repo: GitRepo, *options: str, **env: str) -> dict[str, Any]:
    done = agency("review", "--base", "main", "--head", "work", "--json", *options, cwd=repo.path, env=env)
    (found,) = [gate for gate in done.document["gates"] if gate["name"] == "tests"]
    return dict(found)


def changed_repo(tmp_path: Path, config: str = TESTS) -> GitRepo:
    repo = repo_with(tmp_path, config)
    repo.commit("Change", **{"src/totals.py": FIXED})
    return repo


def test_the_same_change_is_not_measured_twice(tmp_path: Path) -> None:
    repo = changed_repo(tmp_path)
    first, second = gate_of(repo), gate_of(repo)
    assert (first["status"], first["reused"]) == ("pass", False)
    assert (second["status"], second["reused"]) == ("pass", True)
    assert second["figures"] == first["figures"]
    assert second["evidence"] == first["evidence"]


def test_no_cache_measures_again(tmp_path: Path) -> None:
    repo = changed_repo(tmp_path)
    gate_of(repo)
    assert gate_of(repo, "--no-cache")["reused"] is False


def test_a_failure_is_reused_as_the_failure_that_it_is(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.commit("Break", **{"src/totals.py": "def total(lines):\n    return 0\n"})
    gate_of(repo)
    found = gate_of(repo)
    assert (found["status"], found["reused"]) == ("fail", True)


def test_another_head_another_definition_and_another_path_are_measured_anew(tmp_path: Path) -> None:
    repo = changed_repo(tmp_path)
    gate_of(repo)
    repo.commit("Change again", **{"src/totals.py": FIXED.replace(", 0", "")})
    assert gate_of(repo)["reused"] is False
    assert gate_of(repo)["reused"] is True
    repo.checkout("main")
    repo.commit("Give more time", **{"agency.toml": TESTS.replace("120", "121")})
    repo.checkout("work")
    assert gate_of(repo)["reused"] is False


def test_a_gate_with_the_network_is_never_reused(tmp_path: Path) -> None:
    repo = changed_repo(tmp_path, TESTS + "network = true\n")
    gate_of(repo)
    assert gate_of(repo)["reused"] is False


def test_what_did_not_run_is_not_kept(tmp_path: Path) -> None:
    repo = changed_repo(tmp_path, TESTS.replace('"-q"', '"-q", "-k", "nothing"'))
    gate_of(repo)
    assert gate_of(repo)["reused"] is False


def test_a_kept_result_that_was_edited_is_not_believed(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.commit("Break", **{"src/totals.py": "def total(lines):\n    return 0\n"})
    gate_of(repo)
    (kept,) = (repo.path / ".git/agency/results").glob("*.json")
    kept.write_bytes(kept.read_bytes().replace(b"fail", b"pass"))
    found = gate_of(repo)
    assert (found["status"], found["reused"]) == ("fail", False)
