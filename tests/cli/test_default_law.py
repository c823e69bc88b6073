"""The default rules over real changes in real repositories, and how the command shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import POLICY, WAIVER, lawful_repo, spec
from support.warm_command import agency

TESTS = """\
[[gate]]
name = "tests"
kind = "tests"
argv = ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"]
report = "report.xml"
format = "junit"
"""
GOOD = "def total(lines):\n    return round(sum(lines), 2)\n"
DISABLE = '[[disable]]\nrule = "quality.deferred_work"\nreason = "notes of that kind are fine here"\n'


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


def _review(repo: GitRepo, *more: str) -> Done:
    return agency("review", "--base", "main", "--head", "work", *more, cwd=repo.path)


def _rules(document: dict[str, Any], *statuses: str) -> set[str]:
    wanted = statuses or ("violated", "unknown")
    return {rule["id"] for rule in document["rules"] if rule["status"] in wanted and rule["severity"] != "advice"}


def test_an_ordinary_repository_with_a_gate_of_tests_gets_a_good_change_approved(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config=TESTS)
    repo.write("src/totals.py", GOOD)
    repo.commit("Round totals")
    document = _review(repo, "--json").document
    assert document["verdict"] == "approved"
    assert _rules(document) == set()
    assert "gates.tests" in _rules(document, "satisfied")
    assert [rule["id"] for rule in document["rules"] if rule["status"] in {"violated", "unknown"}] == []


def test_a_change_that_migrates_data_says_how_it_is_rolled_back(repo: GitRepo) -> None:
    repo.write("src/app/migrations/0002_totals.py", "operations = []\n")
    repo.commit("Add a migration")
    done = _review(repo)
    assert done.code == 1
    text = " ".join(done.out.split())
    assert "VIOLATED migrations.rollback major, waivable The change migrates data" in text
    assert "fix: Write the way back into 'rollback'" in text
    assert "advice migrations.declared" in text


def test_a_spec_that_declares_a_migration_and_its_way_back_satisfies(repo: GitRepo) -> None:
    repo.checkout("main")
    declared = spec().replace("  modules: [billing]", "  modules: [billing]\n  data_migration: true")
    repo.write(".caws/specs/FEAT-1.yaml", declared + "rollback: [undo migration 0002]\n")
    repo.commit("Declare the migration")
    repo.branch("again")
    repo.write("src/app/migrations/0002_totals.py", "operations = []\n")
    repo.commit("Add a migration")
    document = agency("review", "--base", "main", "--head", "again", "--json", cwd=repo.path).document
    assert document["verdict"] == "approved"
    assert {"migrations.rollback"} <= _rules(document, "satisfied")
    assert not [
        rule for rule in document["rules"] if rule["id"] == "migrations.declared" and rule["status"] != "satisfied"
    ]


def test_a_ruling_that_this_record_does_not_hold_is_told_and_proves_nothing(repo: GitRepo) -> None:
    repo.write("src/totals.py", GOOD)
    repo.commit("Round totals\n\nCAWS-VERDICT-ID: R-0000000000000000000f")
    document = _review(repo, "--json").document
    assert document["verdict"] == "approved"  # another clone may have made it
    told = {rule["id"]: rule["status"] for rule in document["rules"]}
    assert told["claims.verdict_elsewhere"] == "violated"
    assert told["claims.verdict"] == "not_applicable"


def test_a_ruling_that_rejected_may_not_be_named_as_if_it_approved(repo: GitRepo) -> None:
    repo.write("elsewhere.py", "X = 1\n")
    repo.commit("Leave the scope")
    rejected = _review(repo, "--json").document
    assert rejected["verdict"] == "rejected"
    repo.git("rm", "-q", "elsewhere.py")
    repo.write("src/totals.py", GOOD)
    repo.commit(f"Round totals\n\nCAWS-VERDICT-ID: {rejected['ruling_id']}")
    document = _review(repo, "--json").document
    assert document["verdict"] == "rejected"
    assert _rules(document) == {"claims.verdict"}


def test_a_ruling_that_stands_in_the_record_may_be_named(repo: GitRepo) -> None:
    repo.write("src/totals.py", GOOD)
    repo.commit("Round totals")
    first = _review(repo, "--json").document
    repo.git("commit", "-q", "--amend", "-m", f"Round totals\n\nCAWS-VERDICT-ID: {first['ruling_id']}")
    document = _review(repo, "--json").document
    assert document["verdict"] == "approved"
    assert "claims.verdict" in _rules(document, "satisfied")


def test_a_waiver_by_statement_is_told_as_such_and_the_rule_as_waived(repo: GitRepo) -> None:
    repo.checkout("main")
    now = datetime.now(UTC)
    known = {"id": "WV-0001", "gate": "scope_boundary", "approver": "lead@example.org", "spec": "FEAT-1"}
    text = WAIVER.format(**known, expires=f"{now + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}")
    begins = f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    repo.write(".caws/waivers/WV-0001.yaml", text.replace("2026-01-01T00:00:00Z", begins))
    repo.commit("Grant a waiver")
    repo.branch("again")
    repo.write("lib/new.py", "A = 1\n")
    repo.commit("Leave the scope")
    done = agency("review", "--base", "main", "--head", "again", cwd=repo.path)
    text = " ".join(done.out.split())
    assert done.code == 0, done.out
    assert "waived scope.boundary major, waived by WV-0001" in text
    assert "advice waivers.statements" in text
    assert "(a statement, not signed)" in text


def test_a_weakened_rule_lets_a_change_pass_and_shows_in_every_form_of_the_ruling(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config='[law]\nweaken = ["quality.deferred_work"]\n')
    repo.checkout("main")
    policy = POLICY.replace(
        "todo_detection: { enabled: true, mode: warn }", "todo_detection: { enabled: true, mode: block }"
    )
    repo.write(".caws/policy.yaml", policy)
    repo.write(".agency/rules/house.toml", DISABLE)
    repo.commit("Weaken a rule")
    repo.branch("again")
    repo.write("src/totals.py", f"# {'TO'}DO: cents\n{GOOD}")
    repo.commit("Round totals")
    for form in ("text", "json", "markdown", "html", "sarif", "junit", "github"):
        done = agency("review", "--base", "main", "--head", "again", "--format", form, cwd=repo.path)
        assert done.code == 0, done.out
        assert "quality.deferred_work" in done.out.replace("&#95;", "_"), form
        if form == "text":
            assert "warns     todo_detection" in done.out
            assert "Why, and what mends it" not in done.out


def test_a_rule_that_is_weakened_without_leave_leaves_no_law_that_approves(repo: GitRepo) -> None:
    repo.checkout("main")
    repo.write(".agency/rules/house.toml", DISABLE)
    repo.commit("Weaken a rule")
    repo.branch("again")
    repo.write("src/totals.py", GOOD)
    repo.commit("Round totals")
    document = agency("review", "--base", "main", "--head", "again", "--json", cwd=repo.path).document
    assert document["verdict"] != "approved"
    assert "law.readable" in _rules(document)
