"""Asking for a waiver and deciding on one, as people do it: commands, keys, a terminal."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_agency.arbitration.waivers.model import ActKind
from agent_agency.cli.services import machine_services, throw_away_arbiter
from agent_agency.errors import UsageError
from agent_agency.git import Repository
from agent_agency.report.json_document import to_document
from agent_agency.spec.model import Budget
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from agent_agency.workflows.waiver_acts import sign_decision
from agent_agency.workflows.waiver_record import record_decision
from support.git_repo import GitRepo
from support.law import WAIVER, lawful_repo
from support.principals import make_principal, principals_toml
from support.terminal import agency_on_terminal
from support.waivers import REASON, Court
from support.warm_command import agency

PASS_PHRASE = "correct horse battery"  # noqa: S105 - of a key that the test makes
ASK = ("waiver", "request", "--gate", "scope_boundary", "--spec", "FEAT-1", "--reason", REASON)


def new_key(name: str, role: str, cwd: Path) -> str:
    """Make a key as a person does, and give its public line."""
    if role == "approver":
        answers = [(f"key {name}", PASS_PHRASE), ("again", PASS_PHRASE)]
        done = agency_on_terminal("identity", "new", name, "--role", role, cwd=cwd, answers=answers)
        assert done.code == 0, done
    else:
        plain = agency("identity", "new", name, "--role", role, cwd=cwd)
        assert plain.code == 0, plain.err
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "agency" / "keys"
    return (folder / f"{name}.pub").read_text().strip()


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A base that lists one approver and one requester, whose keys are in this user's folder."""
    repo = lawful_repo(tmp_path / "repo")
    tables = [
        f'[[principal]]\nname = "{name}"\naddress = "{name}@example.org"\nroles = ["{role}"]\n'
        f'keys = ["{new_key(name, role, repo.path)}"]\n'
        for name, role in (("ann", "approver"), ("rex", "requester"))
    ]
    repo.checkout("main")
    repo.commit("List", **{".agency/principals.toml": "\n".join(tables)})
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.commit("Note", **{"notes.txt": "x\n"})
    return repo


def reviewed(repo: GitRepo) -> Any:
    """The ruling of a review in this process, which is quicker than a command."""
    request = ReviewRequest(repo.path, base="main", head="work")
    return to_document(review(request, machine_services(arbiter=throw_away_arbiter)))


def test_from_a_request_to_a_waived_ruling_and_back(repo: GitRepo) -> None:
    asked = agency(*ASK, "--as", "rex", cwd=repo.path)
    assert asked.code == 0, asked.err
    assert "WV-1 PENDING" in asked.out
    assert reviewed(repo)["verdict"] == "rejected"
    assert agency("waiver", "show", "WV-1", cwd=repo.path).code == 4

    answers = [("Sign the approval of WV-1?", "y"), ("Pass phrase", PASS_PHRASE)]
    signed = agency_on_terminal("waiver", "approve", "WV-1", "--as", "ann", cwd=repo.path, answers=answers)
    assert signed.code == 0, signed
    assert "scope_boundary" in signed.out
    assert REASON in signed.out
    assert "WV-1 APPROVED" in signed.out
    assert agency("waiver", "show", "WV-1", cwd=repo.path).code == 0
    done = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)
    ruling = done.document
    assert (ruling["verdict"], done.code) == ("waived", 0)
    assert [(waiver["id"], waiver["signed"]) for waiver in ruling["waivers"]] == [("WV-1", True)]

    ended = agency("waiver", "revoke", "WV-1", "--reason", "no longer needed", "--as", "rex", "--yes", cwd=repo.path)
    assert ended.code == 0, ended.err
    assert "REVOKED" in ended.out
    assert reviewed(repo)["verdict"] == "rejected"
    assert agency("waiver", "show", "WV-1", cwd=repo.path).code == 1


def test_no_signs_nothing(repo: GitRepo) -> None:
    assert agency(*ASK, "--as", "rex", cwd=repo.path).code == 0
    no = agency_on_terminal("waiver", "approve", "WV-1", cwd=repo.path, answers=[("Sign the approval", "n")])
    assert no.code == 130
    assert agency("waiver", "show", "WV-1", "--json", cwd=repo.path).document["waiver"]["decisions"] == []


def test_without_a_terminal_an_approver_cannot_sign(repo: GitRepo) -> None:
    assert agency(*ASK, "--as", "rex", cwd=repo.path).code == 0
    for answer in ("", f"y\n{PASS_PHRASE}\n"):
        done = agency("waiver", "approve", "WV-1", "--as", "ann", cwd=repo.path, stdin=answer)
        assert done.code == 2
        assert "terminal" in done.err
    piped = agency("waiver", "approve", "WV-1", "--as", "ann", "--yes", cwd=repo.path, stdin=f"{PASS_PHRASE}\n")
    assert piped.code == 2
    assert "terminal" in piped.err
    assert reviewed(repo)["verdict"] == "rejected"


def test_a_denial_ends_it_and_is_recorded(repo: GitRepo) -> None:
    assert agency(*ASK, "--as", "rex", cwd=repo.path).code == 0
    answers = [("Sign the denial", "y"), ("Pass phrase", PASS_PHRASE)]
    asked = ("waiver", "deny", "WV-1", "--reason", "put it into the readme", "--as", "ann")
    done = agency_on_terminal(*asked, cwd=repo.path, answers=answers)
    assert done.code == 0, done
    shown = agency("waiver", "show", "WV-1", "--json", cwd=repo.path)
    assert shown.code == 1
    waiver = shown.document["waiver"]
    assert (waiver["state"], waiver["decisions"][0]["note"]) == ("denied", "put it into the readme")
    assert agency("waiver", "list", cwd=repo.path).out.startswith("No waiver")
    assert "WV-1" in agency("waiver", "list", "--all", cwd=repo.path).out
    assert reviewed(repo)["verdict"] == "rejected"


@pytest.fixture
def court(tmp_path: Path) -> Court:
    court = Court.open(tmp_path / "repo")
    court.repo.commit("Note", **{"notes.txt": "x\n"})
    return court


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--spec", "FEAT-1"], "names no gate"),
        (["--rule", "waivers.signed", "--spec", "FEAT-1"], "lets no waiver"),
        (["--gate", "scope_boundary", "--spec", "FEAT-9"], "FEAT-1"),
        (["--gate", "scope_boundary", "--spec", "FEAT-1", "--days", "91"], "--days 90"),
    ],
)
def test_what_the_law_does_not_let_be_asked_for_is_told_and_nothing_is_recorded(
    args: list[str], said: str, court: Court
) -> None:
    done = agency("waiver", "request", "--reason", REASON, *args, cwd=court.repo.path)
    assert done.code == 2, done.out
    assert said in done.err
    assert done.err.count("\n") == 1
    assert agency("waiver", "list", "--all", "--json", cwd=court.repo.path).document["waivers"] == []


@pytest.mark.parametrize(
    "args",
    [["--days", "1000000000"], ["--max-uses", str(2**60)], ["--reason", "\udcff no text at all"], ["--days", "x"]],
)
def test_what_cannot_be_written_is_told_in_one_sentence(args: list[str], court: Court) -> None:
    asked = ("waiver", "request", "--gate", "scope_boundary", "--spec", "FEAT-1", "--reason", REASON)
    assert agency("identity", "new", "rex", "--role", "requester", cwd=court.repo.path).code == 0
    key = (Path(os.environ["XDG_CONFIG_HOME"]) / "agency" / "keys" / "rex.pub").read_text().strip()
    listed = agency("identity", "trust", "rex", "--role", "requester", "--key", key, cwd=court.repo.path)
    assert listed.code == 0, listed.err
    court.repo.commit("List")
    done = agency(*asked, *args, "--as", "rex", "--base", "work", cwd=court.repo.path)
    assert done.code == 2
    assert "defect" not in done.err
    assert done.err.count("\n") == 1


def test_a_base_without_approvers_says_how_a_waiver_is_granted_there(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    done = agency(*ASK, cwd=repo.path)
    assert done.code == 2
    assert "agency waiver write" in done.err


def test_a_key_that_an_agent_makes_for_itself_asks_for_nothing(court: Court) -> None:
    assert agency("identity", "new", "mallory", "--role", "agent", cwd=court.repo.path).code == 0
    done = agency(*ASK, "--as", "mallory", cwd=court.repo.path)
    assert done.code == 2
    assert "counts for nothing" in done.err


def test_requests_at_once_each_get_an_id_of_their_own(repo: GitRepo) -> None:
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(agency, *ASK, "--as", "rex", "--json", cwd=repo.path) for _ in range(4)]
    assert [one.result().code for one in running] == [0] * 4, [one.result().err for one in running]
    listed = agency("waiver", "list", "--json", cwd=repo.path).document["waivers"]
    assert sorted(waiver["id"] for waiver in listed) == ["WV-1", "WV-2", "WV-3", "WV-4"]
    assert agency("ledger", "verify", cwd=repo.path).code == 0


def test_two_decisions_at_once_are_never_both_made_over_the_same_state(court: Court) -> None:
    court.request()
    with Repository.discover(court.repo.path) as repo:
        early = court.desk(repo)
        court.approve("ann")
        record = early.find("WV-1")
        bob, shelf = court.people["bob"], early.ledger.shelf()
        assert shelf is not None
        envelope = sign_decision(early, record, ActKind.APPROVAL, "", bob.signer, shelf.chain)
        with pytest.raises(UsageError, match="meanwhile"):
            record_decision(early, ActKind.APPROVAL, "WV-1", envelope, None)
    assert len(court.record().approvals) == 1


def test_a_case_that_somebody_spoilt_keeps_nobody_from_a_revocation(court: Court) -> None:
    court.request()
    court.approve("ann")
    with Repository.discover(court.repo.path) as repo:
        court.desk(repo).ledger.append("case_noted", {"subject": "case:C-none-1", "event": "withdrawn"})
    court.decide("bob", ActKind.REVOCATION)
    assert court.state() == "revoked"


def test_published_acts_count_in_another_clone(court: Court, tmp_path: Path) -> None:
    court.request()
    court.approve("ann")
    court.repo.checkout("main")
    done = agency("waiver", "publish", "WV-1", cwd=court.repo.path)
    assert done.code == 0, done.err
    court.repo.commit("Publish WV-1")
    court.repo.checkout("work")
    court.repo.git("rebase", "-q", "main")
    elsewhere = tmp_path / "clone"
    court.repo.git("clone", "-q", "--branch", "main", str(court.repo.path), str(elsewhere))
    clone = GitRepo(elsewhere)
    assert agency("waiver", "show", "WV-1", cwd=elsewhere).code == 0
    clone.git("fetch", "-q", "origin", "work:work")
    assert reviewed(clone)["verdict"] == "waived"
    court.decide("bob", ActKind.REVOCATION)
    assert reviewed(court.repo)["verdict"] == "rejected"
    court.repo.checkout("main")
    assert agency("waiver", "publish", "WV-1", cwd=court.repo.path).code == 0
    court.repo.commit("Publish the revocation")
    clone.git("pull", "-q")
    assert reviewed(clone)["verdict"] == "rejected"


def test_a_waiver_file_at_the_base_counts_only_with_signatures_where_the_base_lists_approvers(court: Court) -> None:
    text = WAIVER.format(
        id="WV-1", gate="scope_boundary", approver="ann@example.org", expires="2026-03-01T00:00:00Z", spec="FEAT-1"
    ).replace("2026-01-01T00:00:00Z", f"{court.now:%Y-%m-%dT00:00:00Z}")
    ends = court.now.replace(year=court.now.year + 1)
    text = text.replace("2026-03-01T00:00:00Z", f"{ends:%Y-%m-%dT00:00:00Z}")
    court.repo.checkout("main")
    court.repo.commit("Grant", **{".caws/waivers/WV-1.yaml": text, "agency.toml": "[law]\nwaiver_max_days = 400\n"})
    court.repo.checkout("work")
    court.repo.git("rebase", "-q", "main")
    ruling = reviewed(court.repo)
    assert ruling["verdict"] == "rejected"
    assert "0 of the 1 signed approvals" in ruling["law"]["waivers_not_in_force"]["WV-1"]
    court.approve("ann")
    assert reviewed(court.repo)["verdict"] == "waived"


def test_without_listed_approvers_the_file_counts_and_the_ruling_says_that_nobody_signed(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.commit("Note", **{"notes.txt": "x\n"})
    repo.checkout("main")
    asked = ("--gate", "scope_boundary", "--spec", "FEAT-1", "--approved-by", "owner@example.org", "--reason", REASON)
    assert agency("waiver", "write", *asked, cwd=repo.path).code == 0
    repo.commit("Grant")
    ruling = reviewed(repo)
    assert (ruling["verdict"], ruling["waivers"][0]["signed"]) == ("waived", False)
    shown = agency("waiver", "show", "WV-1", "--json", cwd=repo.path).document["waiver"]
    assert (shown["state"], shown["approvals"]) == ("approved", "stated")


def test_a_waiver_for_paths_covers_findings_there_and_nowhere_else(court: Court) -> None:
    court.request(spec_id=None, paths=("notes.txt",))
    court.approve("ann")
    assert reviewed(court.repo)["verdict"] == "waived"
    court.repo.commit("More", **{"elsewhere/x.txt": "x\n"})
    ruling = reviewed(court.repo)
    assert ruling["verdict"] == "rejected"
    assert [finding["waived_by"] for finding in ruling["findings"] if finding["path"] == "notes.txt"] == ["WV-1"]


def test_a_waiver_for_one_rule_covers_that_rule(court: Court) -> None:
    court.request(gates=(), rules=("scope.boundary",))
    court.approve("ann")
    assert reviewed(court.repo)["verdict"] == "waived"


def test_uses_are_bounded_when_asked(court: Court) -> None:
    court.request(max_uses=1)
    court.approve("ann")
    assert reviewed(court.repo)["verdict"] == "waived"
    assert reviewed(court.repo)["verdict"] == "waived", "the same change again is no second use"
    court.repo.commit("Another", **{"notes.txt": "y\n"})
    ruling = reviewed(court.repo)
    assert ruling["verdict"] == "rejected"
    assert "used up" in ruling["law"]["waivers_not_in_force"]["WV-1"]
    assert agency("waiver", "show", "WV-1", cwd=court.repo.path).code == 1


def test_an_approval_by_the_author_of_the_change_counts_for_nothing_and_the_ruling_says_so(court: Court) -> None:
    court.request()
    court.approve("ann")
    court.repo.git("commit", "-q", "--amend", "--no-edit", "--author", "Somebody <ANN+work@example.org>")
    ruling = reviewed(court.repo)
    assert ruling["verdict"] == "rejected"
    assert "ann is an author of the change" in ruling["law"]["waivers_not_in_force"]["WV-1"]


def test_a_co_author_is_an_author(court: Court) -> None:
    court.request()
    court.approve("ann")
    court.repo.git("commit", "-q", "--amend", "-m", "Note\n\nCo-authored-by: Ann <ann@example.org>")
    assert reviewed(court.repo)["verdict"] == "rejected"


def test_pruning_removes_what_git_holds_and_can_never_count_again(court: Court) -> None:
    court.now -= timedelta(days=30)
    court.request(days=1)
    court.approve("ann")
    court.repo.checkout("main")
    assert agency("waiver", "publish", "WV-1", cwd=court.repo.path).code == 0
    path = court.repo.path / ".agency/approvals/WV-1.json"
    assert agency("waiver", "prune", "--json", cwd=court.repo.path).document["files"] == [], "git does not hold it yet"
    court.repo.commit("Publish")
    dry = agency("waiver", "prune", "--dry-run", cwd=court.repo.path)
    assert "would remove .agency/approvals/WV-1.json" in dry.out
    assert path.exists()
    before = agency("ledger", "list", "--json", cwd=court.repo.path).document["entries"]
    document = agency("waiver", "prune", "--json", cwd=court.repo.path).document
    assert [file["path"] for file in document["files"]] == [".agency/approvals/WV-1.json"]
    assert not path.exists()
    assert agency("ledger", "list", "--json", cwd=court.repo.path).document["entries"] == before


def test_names_from_the_repository_forge_nothing_on_the_terminal(court: Court) -> None:
    court.repo.checkout("main")
    hostile = principals_toml([*court.people.values(), make_principal("eve", ["requester"])])
    court.repo.commit("List", **{".agency/principals.toml": hostile})
    reason = "\x1b[2J approved by everybody \x1b]0;x\x07"
    done = agency(
        "waiver", "request", "--gate", "scope_boundary", "--path", "a\x1b[1mb", "--reason", reason, cwd=court.repo.path
    )
    assert done.code == 2
    assert "\x1b" not in done.err
    listed = agency("waiver", "list", "--json", cwd=court.repo.path)
    assert json.loads(listed.out) == {"schema_version": 1, "waivers": []}


def test_a_delta_that_was_approved_raises_the_budget_by_no_more_than_the_law_lets_it(tmp_path: Path) -> None:
    court = Court.open(tmp_path / "repo", config="[law]\nmax_delta_loc = 40\n")
    court.request(gates=("budget_limit",), delta=Budget(0, 40))
    court.approve("ann")
    court.repo.commit("Much", **{"src/much.py": "".join(f"LINE_{n} = {n}\n" for n in range(185))})
    ruling = reviewed(court.repo)
    assert (ruling["verdict"], ruling["budget"]["max_loc"]) == ("waived", 190)
    court.request(gates=("budget_limit",), delta=Budget(0, 40))
    court.approve("ann", waiver_id="WV-2")
    court.repo.commit("More", **{"src/more.py": "".join(f"MORE_{n} = {n}\n" for n in range(20))})
    ruling = reviewed(court.repo)
    assert (ruling["verdict"], ruling["budget"]["max_loc"]) == ("rejected", 190)


def test_where_the_law_caps_deltas_no_waiver_takes_the_budget_away(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config="[law]\nmax_delta_loc = 40\n")
    repo.commit("Much", **{"src/much.py": "".join(f"LINE_{n} = {n}\n" for n in range(185))})
    repo.checkout("main")
    asked = ("--gate", "budget_limit", "--spec", "FEAT-1", "--approved-by", "owner@example.org", "--reason", REASON)
    assert agency("waiver", "write", *asked, cwd=repo.path).code == 0
    repo.commit("Grant")
    assert reviewed(repo)["verdict"] == "rejected"


def test_a_rejected_change_uses_nothing_up(court: Court) -> None:
    court.request(max_uses=1, spec_id="FEAT-1", paths=("notes.txt",))
    court.approve("ann")
    court.repo.commit("More", **{"elsewhere.txt": "x\n"})
    assert reviewed(court.repo)["verdict"] == "rejected"
    court.repo.git("rm", "-q", "elsewhere.txt")
    court.repo.commit("Less")
    assert reviewed(court.repo)["verdict"] == "waived"
