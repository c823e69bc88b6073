"""``agency cases``, as a user runs it."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.cli.main import main
from agent_agency.cli.services import machine_services
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.opening import open_ledger
from agent_agency.report.json_document import to_document
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import make_principal, principals_toml
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


def cases(repo: GitRepo, *args: str) -> Done:
    """Run the command in this process, as its entry point does."""
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors), pytest.raises(SystemExit) as ended:
        main(["cases", *args, "--repo", str(repo.path)])
    return Done(int(ended.value.code or 0), out.getvalue(), errors.getvalue())


def rule(repo: GitRepo, branch: str, **files: str) -> dict[str, Any]:
    """Make or extend a branch and review it."""
    known = repo.git("branch", "--list", branch)
    repo.git("checkout", "-q", *([branch] if known else ["-b", branch, "main"]))
    repo.commit(branch, **files)
    ruling = review(ReviewRequest(repo.path, base="main", head=branch), machine_services())
    return to_document(ruling)


def listed(repo: GitRepo, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cases(repo, "list", "--json", *args).document["cases"]
    return found


def test_a_case_is_followed_from_a_rejection_to_an_approval(repo: GitRepo) -> None:
    assert cases(repo, "list").out == "No case is open.\n"
    assert agency("cases", "list", "--all", cwd=repo.path).out == "There is no case.\n"
    ruling = rule(repo, "feat", **{"outside.txt": "x\n"})
    (case,) = listed(repo)
    assert (case["id"], case["state"]) == (ruling["case"]["id"], "open")
    line = cases(repo, "list").out
    assert line.startswith(f"{case['id']}  open  branch feat, spec FEAT-1  1 condition open  lapses within 30 days")
    shown = cases(repo, "show", case["id"][:8])
    assert (shown.code, "scope.boundary" in shown.out) == (0, True)
    repo.git("rm", "-q", "outside.txt")
    rule(repo, "feat", **{"src/new.py": "x = 1\n"})
    assert listed(repo) == []
    (ended,) = listed(repo, "--all")
    assert (ended["state"], ended["conditions"][0]["state"]) == ("approved", "met")
    assert agency("ledger", "verify", cwd=repo.path).code == 0


def test_ticking_an_empty_record_lapses_nothing_and_makes_nothing(repo: GitRepo) -> None:
    done = cases(repo, "tick", "--json")
    assert (done.code, done.document) == (0, {"schema_version": 1, "lapsed": [], "appeals": []})
    assert not (repo.path / ".git" / "agency" / "agency.db").exists()


def test_competing_patches_are_opened_settled_and_shown(repo: GitRepo) -> None:
    small = rule(repo, "one", **{"src/a.py": "x = 1\n"})["ruling_id"]
    large = rule(repo, "two", **{"src/b.py": "x = 1\ny = 2\n"})["ruling_id"]
    opened = cases(repo, "open", "--competing", small, large, "--json")
    assert opened.code == 0
    case = opened.document["case"]
    assert (case["state"], case["ranking"]) == ("comparing", [small, large])
    done = cases(repo, "settle", case["id"], "--json")
    assert (done.code, done.document["ending"]["by"], done.document["ending"]["ruling_id"]) == (0, "facts", small)
    assert f"facts chose {small}" in cases(repo, "show", case["id"]).out
    assert cases(repo, "settle", case["id"]).code == 2


def test_tied_patches_are_left_to_a_person(repo: GitRepo) -> None:
    first = rule(repo, "one", **{"src/a.py": "x = 1\n"})["ruling_id"]
    second = rule(repo, "two", **{"src/b.py": "x = 1\n"})["ruling_id"]
    case = cases(repo, "open", "--competing", first, second, "--json").document["case"]["id"]
    done = cases(repo, "settle", case)
    assert (done.code, "a reviewer has to choose" in done.out) == (4, True)
    assert cases(repo, "settle", case, "--json").document["tied"] == sorted([first, second])


def test_no_lawful_patch_leaves_the_comparison_open(repo: GitRepo) -> None:
    first = rule(repo, "one", **{"one.txt": "x\n"})["ruling_id"]
    second = rule(repo, "two", **{"two.txt": "x\n"})["ruling_id"]
    case = cases(repo, "open", "--competing", first, second, "--json").document["case"]["id"]
    assert cases(repo, "settle", case).code == 1
    assert [one["id"] for one in listed(repo) if one["state"] == "comparing"] == [case]


def test_withdrawing_records_who_git_says_it_was(repo: GitRepo) -> None:
    case = rule(repo, "feat", **{"outside.txt": "x\n"})["case"]["id"]
    done = cases(repo, "withdraw", case, "--reason", "not \u001b[2Jworth it")
    assert done.code == 0
    assert "\u001b" not in done.out
    assert "a statement, not signed" in done.out
    assert cases(repo, "withdraw", case, "--reason", "again").code == 2


def test_a_comparison_is_withdrawn_by_a_signature_where_reviewers_are_listed(repo: GitRepo) -> None:
    repo.checkout("main")
    repo.commit("List", **{PRINCIPALS_PATH: principals_toml([make_principal("judge", ["reviewer"])])})
    first = rule(repo, "one", **{"src/a.py": "x = 1\n"})["ruling_id"]
    second = rule(repo, "two", **{"src/b.py": "x = 1\n"})["ruling_id"]
    case = cases(repo, "open", "--competing", first, second, "--json").document["case"]["id"]
    done = cases(repo, "withdraw", case, "--reason", "no", "--json")
    assert (done.code, done.document["error"]["code"]) == (2, "case.signature_needed")
    assert listed(repo)[0]["state"] == "comparing"


@pytest.mark.parametrize(
    "args",
    [
        ["show", "C-nothing"],
        ["show", ""],
        ["settle", "C-nothing"],
        ["withdraw", "C-nothing", "--reason", "x"],
        ["open", "--competing", "R-1", "R-2"],
        ["open", "R-1", "R-2"],
        ["list", "--open", "--all"],
        ["settle", "C-1", "--choose", "R-1"],
        ["settle", "C-1", "--reason", "x"],
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(repo: GitRepo, args: list[str]) -> None:
    done = cases(repo, *args)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("agency: ")
    assert done.err.count("\n") == 1
    told = cases(repo, *args, "--json")
    assert json.loads(told.out)["error"]["fix"]


def test_a_case_that_contradicts_itself_is_told_and_believed_in_nothing(repo: GitRepo) -> None:
    case = rule(repo, "feat", **{"outside.txt": "x\n"})["case"]["id"]
    ledger = open_ledger(repo.path / ".git" / "agency", SystemClock(), random_id, {})
    ledger.append("case_closed", {"subject": f"case:{case}", "event": "review_approved", "from": "x", "to": "approved"})
    done = cases(repo, "list", "--all")
    assert (done.code, done.out.startswith(f"unreadable  {case}")) == (1, True)
    assert cases(repo, "list", "--json").document["cases"] == []
    assert cases(repo, "show", case).code == 2
    assert rule(repo, "feat", **{"other.txt": "x\n"})["case"]["id"] != case


def test_a_name_from_the_repository_cannot_forge_output(repo: GitRepo) -> None:
    rule(repo, "feat", **{"src/frozen/a\u202eb\u001b[31m.py": "x\n"})
    out = cases(repo, "list").out + cases(repo, "show", listed(repo)[0]["id"]).out
    assert "\u001b" not in out
    assert "\u202e" not in out
