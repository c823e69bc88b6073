"""Rulings explained, evidence verified and pruned, as a person does it after real reviews."""

from __future__ import annotations

import json
import shutil
import string
import sys
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.ledgers import make_ledger, replace_line
from support.plain_pytest import PLAIN
from support.recorded import Recorded
from support.warm_command import agency

TESTS = f"""\
[[gate]]
name = "tests"
kind = "tests"
argv = ["{sys.executable}", "-m", "pytest", "-q", {PLAIN}, "--junitxml=report.xml"]
report = "report.xml"
format = "junit"
environment = ["SERVICE_PLACE"]
"""
TOKEN = "ghp_" + (string.ascii_lowercase + string.digits)[-36:]
OF_THE_ARBITER = "correct-horse-battery-staple"
LEAKY = f"""\
import base64
import os

from src.totals import total


def test_total():
    token = "gh" + "p_" + "{TOKEN[4:20]}" + "{TOKEN[20:]}"
    own = os.environ["SERVICE_PLACE"]
    print("the token is", token)
    print("the own one is", own, base64.b64encode(own.encode()).decode())
    assert total([1, 2]) == 3, f"with {{token}} and {{own}}"
"""


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo", config="")
    repo.checkout("main")
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    return repo


def review(repo: GitRepo, *more: str, **env: str) -> Done:
    return agency("review", "--base", "main", "--head", "work", "--json", *more, cwd=repo.path, env=env)


def run(repo: GitRepo, *args: str) -> Done:
    done = agency(*args, cwd=repo.path)
    assert "Traceback" not in done.err
    return done


def stored(repo: GitRepo) -> list[Path]:
    folder = repo.path / ".git" / "agency" / "evidence"
    return sorted(path for path in folder.rglob("*") if path.is_file())


def repo_with_tests(tmp_path: Path, test: str) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo", config=TESTS)
    repo.checkout("main")
    repo.write("src/totals.py", "def total(lines):\n    return sum(lines)\n")
    repo.write("tests/test_totals.py", test)
    repo.commit("Test totals")
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    return repo


def test_a_ruling_is_explained_and_executed_again_in_a_clone_without_anything_else(
    repo: GitRepo, tmp_path: Path
) -> None:
    repo.commit("Leave the scope", **{"elsewhere/a.py": "A = 1\n"})
    ruling = review(repo).document
    done = run(repo, "explain")
    assert done.code == 0, done.out + done.err
    assert done.out.startswith("rejected (")
    assert "scope_boundary: FAIL (blocks)" in done.out
    assert "elsewhere/a.py" in done.out
    assert "re-executed: same bytes, sha256:" in done.out
    other = GitRepo.create(tmp_path / "elsewhere")
    shutil.copytree(repo.path / ".git" / "agency", other.path / ".git" / "agency")
    for reference in (
        ruling["ruling_id"],
        ruling["ruling_id"][:9],
        str(ruling["ledger"]["seq"]),
        ruling["ledger"]["hash"],
    ):
        again = run(other, "explain", reference, "--json")
        assert (again.code, again.document["reexecution"]["same_bytes"]) == (0, True)
    assert again.document["ruling"]["reasons"] == ruling["reasons"]


def test_tampered_evidence_is_named_by_both_commands_with_exit_1(repo: GitRepo) -> None:
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    review(repo)
    assert run(repo, "ledger", "verify", "--evidence").code == 0
    for path in stored(repo):
        whole = path.read_bytes()
        digest = f"sha256:{path.parent.name}{path.name}"
        path.write_bytes(whole.replace(b"approved", b"rejected") + b" ")
        explained, verified = run(repo, "explain"), run(repo, "ledger", "verify", "--evidence")
        assert (explained.code, verified.code) == (1, 1)
        assert f"CHANGED, {digest}" in explained.out
        assert f"is changed: {digest}" in verified.out
        path.unlink()
        explained, verified = run(repo, "explain"), run(repo, "ledger", "verify", "--evidence", "--json")
        assert (explained.code, verified.code) == (1, 1)
        assert verified.document["files"][0]["evidence"]["missing"] == 1
        path.write_bytes(whole)
    assert run(repo, "explain").code == 0


def test_a_tampered_ledger_is_not_explained(repo: GitRepo) -> None:
    review(repo)
    ledger = make_ledger(repo.path / ".git" / "agency")
    replace_line(ledger, 2, b'"approved"', b'"rejected"')
    done = run(repo, "explain")
    assert (done.code, done.out) == (1, "")
    assert "does not verify" in done.err
    assert run(repo, "explain", "--json").document["holds"] is False


def test_pruning_frees_old_evidence_and_nothing_else_and_the_record_still_verifies(repo: GitRepo) -> None:
    for number in range(3):
        repo.commit(f"Change {number}", **{f"src/part_{number}.py": f"PART = {number}\n"})
        last = review(repo).document
    before = stored(repo)
    would = run(repo, "evidence", "prune", "--keep-rulings", "1", "--dry-run", "--json")
    assert (would.code, would.document["pruned"], stored(repo)) == (0, 4, before)  # all three share their rules
    done = run(repo, "evidence", "prune", "--keep-rulings", "1")
    assert (done.code, done.err) == (0, "")
    assert "4 files of old rulings' evidence deleted" in done.out
    assert len(stored(repo)) == 3
    verified = run(repo, "ledger", "verify", "--evidence", "--json").document
    evidence = verified["files"][0]["evidence"]
    assert (verified["verified"], evidence["ok"], evidence["pruned"], evidence["missing"]) == (True, 3, 4, 0)
    assert run(repo, "explain", last["ruling_id"]).code == 0
    old = run(repo, "explain", "2")
    assert old.code == 1
    assert "PRUNED" in old.out
    assert "evidence_pruned" in run(repo, "ledger", "list").out
    assert run(repo, "evidence", "prune").out.startswith("0 files")


def test_both_ways_to_say_what_is_kept_contradict_each_other(repo: GitRepo) -> None:
    review(repo)
    done = run(repo, "evidence", "prune", "--keep-days", "1", "--keep-rulings", "1")
    assert done.code == 2
    assert "Give one of them" in done.err


def test_before_the_first_ruling_there_is_nothing_to_explain_or_prune(repo: GitRepo) -> None:
    assert run(repo, "explain").code == 2
    assert run(repo, "evidence", "prune").code == 0
    assert not (repo.path / ".git" / "agency").exists()


def test_an_imported_chain_tells_what_of_its_evidence_is_not_here(repo: GitRepo, tmp_path: Path) -> None:
    ruling = review(repo).document
    out = tmp_path / "out.jsonl"
    assert run(repo, "ledger", "export", "--out", str(out)).code == 0
    other = GitRepo.create(tmp_path / "other")
    assert run(other, "ledger", "import", str(out)).code == 0
    verified = run(other, "ledger", "verify", "--evidence")
    assert verified.code == 0
    assert "0 ok, 3 not here" in verified.out
    assert "copy .git/agency/evidence" in verified.out
    chain = ruling["ledger"]["chain"]
    assert run(other, "explain", "--chain", chain).code == 1
    shutil.copytree(repo.path / ".git" / "agency" / "evidence", other.path / ".git" / "agency" / "evidence")
    assert run(other, "explain", "--chain", chain).code == 0
    assert "3 ok" in run(other, "ledger", "verify", "--evidence").out


def test_a_gate_names_its_evidence_and_the_tools_words_can_be_read_again(tmp_path: Path) -> None:
    repo = repo_with_tests(
        tmp_path, "from src.totals import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
    )
    repo.commit("Break", **{"src/totals.py": "def total(lines):\n    return 4\n"})
    ruling = review(repo, "--spec", "FEAT-1").document
    (gate,) = [gate for gate in ruling["gates"] if gate["name"] == "tests"]
    assert (gate["status"], gate["reused"]) == ("fail", False)
    kinds = {(kept["kind"], kept["part"]) for kept in gate["evidence"]}
    assert {("report", "head"), ("output", "head")} <= kinds
    by_kind = {kept["kind"]: kept for kept in gate["evidence"] if kept["part"] == "head"}
    path = {f"sha256:{file.parent.name}{file.name}": file for file in stored(repo)}
    assert b"<testcase" in path[by_kind["report"]["digest"]].read_bytes()
    assert b"1 failed" in path[by_kind["output"]["digest"]].read_bytes()
    done = run(repo, "explain")
    assert done.code == 0, done.out
    for told in (
        "tests: FAIL",
        "figures: failed 1, flaky 0",
        "isolation: ",
        "report of head: ok",
        "test_total",
    ):
        assert told in done.out
    assert run(repo, "ledger", "verify", "--evidence").code == 0


def test_what_gates_that_run_no_tool_leave_is_an_empty_list(repo: GitRepo) -> None:
    gates: list[dict[str, Any]] = review(repo).document["gates"]
    assert all(gate["evidence"] == [] and gate["reused"] is False for gate in gates)


def test_credentials_that_a_tool_prints_are_nowhere_in_what_the_arbiter_keeps_or_tells(tmp_path: Path) -> None:
    repo = repo_with_tests(tmp_path, LEAKY)
    repo.commit("Break", **{"src/totals.py": "def total(lines):\n    return 4\n"})
    done = review(
        repo, "--also", f"html={tmp_path / 'r.html'}", SERVICE_TOKEN=OF_THE_ARBITER, SERVICE_PLACE=OF_THE_ARBITER
    )
    (gate,) = [gate for gate in done.document["gates"] if gate["name"] == "tests"]
    assert gate["status"] == "fail"
    assert sum(kept["redacted"] for kept in gate["evidence"]) >= 4
    kept = [path for path in (repo.path / ".git" / "agency").rglob("*") if path.is_file()]
    assert len(kept) > 5
    texts = {str(path): path.read_bytes() for path in [*kept, tmp_path / "r.html"]}
    texts["standard output"] = done.out.encode()
    texts["explanation"] = run(repo, "explain").out.encode()
    for secret in (TOKEN, OF_THE_ARBITER, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ"):
        assert [name for name, text in texts.items() if secret.encode() in text] == []
    assert "[redacted]" in json.dumps(done.document["findings"])


def test_a_result_is_used_again_only_while_its_evidence_is_there(tmp_path: Path) -> None:
    repo = repo_with_tests(
        tmp_path, "from src.totals import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
    )
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})

    def gate_of_review() -> dict[str, Any]:
        (gate,) = [gate for gate in review(repo).document["gates"] if gate["name"] == "tests"]
        assert gate["status"] == "pass"
        return dict(gate)

    first, second = gate_of_review(), gate_of_review()
    assert (first["reused"], second["reused"]) == (False, True)
    assert [kept["digest"] for kept in second["evidence"]] == [kept["digest"] for kept in first["evidence"]]
    assert "reused: an earlier" not in run(repo, "explain").out  # the ruling stands as it was recorded first
    assert run(repo, "evidence", "prune", "--keep-rulings", "1").code == 0
    assert run(repo, "explain").code == 0
    assert run(repo, "evidence", "prune", "--keep-rulings", "0").code == 0
    assert stored(repo) == []
    assert gate_of_review()["reused"] is False
    assert run(repo, "explain").code == 0
    assert run(repo, "ledger", "verify", "--evidence").code == 0


def test_the_list_of_entries_tells_of_stopped_reviews_and_prunings(repo: GitRepo) -> None:
    review(repo)
    recorded = Recorded.in_folder(repo.path / ".git" / "agency")
    recorded.record.append_stopped({"gates": {"tests": "stopped", "lint": "not_begun"}})
    run(repo, "evidence", "prune", "--keep-rulings", "0")
    out = run(repo, "ledger", "list").out
    assert "review_stopped                lint not begun, tests stopped" in out
    assert "evidence_pruned               3 files" in out
    assert run(repo, "ledger", "show", "3", "--json").document["entry"]["body"]["gates"]["tests"] == "stopped"
    done = run(repo, "explain", "3")
    assert done.code == 2
    assert "records no ruling but 'review_stopped'" in done.err


def test_a_credential_that_a_finding_quotes_from_the_change_is_not_told(repo: GitRepo) -> None:
    repo.checkout("main")
    test = f'from src.totals import total\n\n\ndef test_total():\n    assert total("{TOKEN}") == 3\n'
    repo.commit("Test", **{"tests/test_totals.py": test})
    repo.checkout("work")
    repo.git("reset", "-q", "--hard", "main")
    special = f'def total(lines):\n    if lines == "{TOKEN}":\n        return 3\n    return sum(lines)\n'
    repo.commit("Special-case", **{"src/totals.py": special})
    done = review(repo)
    assert "tampering.special_case" in {finding["rule"] for finding in done.document["findings"]}
    assert "secrets.github_token" in {finding["rule"] for finding in done.document["findings"]}
    kept = [path.read_bytes() for path in (repo.path / ".git" / "agency").rglob("*") if path.is_file()]
    assert [text for text in (*kept, done.out.encode()) if TOKEN.encode() in text] == []
    assert run(repo, "explain").code == 0
