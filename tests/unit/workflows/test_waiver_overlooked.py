"""A waiver that was in force and did not count, as its approval was recorded while the gates still ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.arbitration.appeals.model import Appeal, Claim, Form, Ground
from agent_agency.arbitration.ruling import Ruling
from agent_agency.errors import AppealError
from agent_agency.git import Repository
from agent_agency.report.json_document import to_document
from agent_agency.spec.model import Budget
from agent_agency.workflows.appeal_check import follows_again
from agent_agency.workflows.record import Record
from agent_agency.workflows.record_ruling import record_ruling
from agent_agency.workflows.review import examine
from agent_agency.workflows.subject import ReviewRequest
from support.appeals import Town, make_town
from support.principals import make_principal, principals_toml
from support.waivers import Court


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Somebody who is no author asks for waivers here; ``work`` adds 200 lines where its tier allows 150."""
    town = make_town(tmp_path / "repo", path="src/large.py")
    town.people["rex"] = make_principal("rex", ["requester"])
    town.git.checkout("main")
    town.git.write(".agency/principals.toml", principals_toml(town.people.values()))
    town.git.commit("List rex")
    town.git.git("checkout", "-q", "-B", "work", "main")
    return town


def add(town: Town, path: str, lines: int) -> None:
    town.git.write(path, "".join(f"NUMBER_{number} = {number}\n" for number in range(lines)))
    town.git.commit("Add a file")


def granted_too_late(town: Town, gate: str, delta: Budget | None) -> Ruling:
    """Review; a waiver is granted after the waivers were read, and before the ruling is recorded."""
    services = town.services
    with Repository.discover(town.git.path) as repo:
        record = Record.of(repo, services.clock, services.new_id, services.document_of)
        with record.in_use():
            examined = examine(repo, ReviewRequest(town.git.path, base="main", head="work"), services, record)
            people = {name: town.people[name] for name in ("rex", "approver")}
            court = Court(town.git, people, town.clock.moment)
            court.request(gates=(gate,), delta=delta)
            court.approve("approver")
            town.clock.pass_days(0.01)
            return record_ruling(repo, examined, record, services.arbiter, services.clock)


def appealed(town: Town, ruling: Ruling, rule: str) -> Appeal:
    claim = Claim(Form.WAIVER_NOT_APPLIED, "WV-1", rule=rule)
    appeal = town.file(ruling.ruling_id, [claim], ground=Ground.LEGAL_ERROR)
    return town.vote(appeal, "judge1")


def test_an_overlooked_waiver_covers_on_appeal_and_its_rules_are_asked(town: Town) -> None:
    add(town, "src/frozen/new.py", 1)
    ruling = granted_too_late(town, "scope_boundary", None)
    assert ruling.decision.verdict == "rejected"
    appeal = appealed(town, ruling, "scope.boundary")
    assert appeal.result is not None
    assert (appeal.result.outcome, appeal.result.verdict) == ("overturned", "waived")
    with town.registry() as registry:
        assert follows_again(registry, appeal) == "same"
        document = registry.sources.document(registry.sources.entries_of(appeal.result.ruling)[-1])
    assert document is not None
    assert [(one["id"], one["signed"]) for one in document["waivers"]] == [("WV-1", True)]
    asked = {one["id"]: one["status"] for one in document["rules"] if one["subject"] == "WV-1"}
    assert asked["waivers.quorum"] == asked["waivers.signed"] == "satisfied"


def test_an_overlooked_waiver_raises_the_budget_on_appeal(town: Town) -> None:
    add(town, "src/large.py", 200)
    ruling = granted_too_late(town, "budget_limit", Budget(0, 60))
    assert ruling.decision.verdict == "rejected"
    appeal = appealed(town, ruling, "budget.limit")
    assert appeal.result is not None
    assert (appeal.result.outcome, appeal.result.verdict) == ("overturned", "waived")
    with town.registry() as registry:
        assert follows_again(registry, appeal) == "same"
        document = registry.sources.document(registry.sources.entries_of(appeal.result.ruling)[-1])
    assert document is not None
    budget = document["budget"]
    assert (budget["used_loc"], budget["max_loc"], budget["baseline_loc"]) == (200, 210, 150)
    assert budget["applied"] == ["WV-1"]
    assert [(one["id"], one["added_loc"]) for one in document["waivers"]] == [("WV-1", 60)]
    (gate,) = [one for one in document["gates"] if one["name"] == "budget_limit"]
    assert (gate["facts"]["max_loc"], gate["facts"]["waivers_applied"]) == (210, ["WV-1"])
    assert (gate["status"], gate["reason"]) == ("pass", "1 file of 8, 200 lines of 210")


def test_a_budget_that_is_raised_too_little_upholds(town: Town) -> None:
    add(town, "src/large.py", 200)
    ruling = granted_too_late(town, "budget_limit", Budget(0, 40))
    appeal = appealed(town, ruling, "budget.limit")
    assert appeal.result is not None
    assert (appeal.result.outcome, appeal.result.verdict) == ("upheld", "rejected")


def test_a_raise_that_counted_already_was_not_overlooked(town: Town) -> None:
    add(town, "src/large.py", 200)
    add(town, "src/frozen/new.py", 1)
    granted_too_late(town, "budget_limit", Budget(0, 60))
    town.clock.pass_days(0.01)
    ruling = town.review()
    assert to_document(ruling)["budget"]["applied"] == ["WV-1"]
    claim = Claim(Form.WAIVER_NOT_APPLIED, "WV-1", rule="budget.limit")
    with pytest.raises(AppealError, match="applied the waiver"):
        town.file(ruling.ruling_id, [claim], ground=Ground.LEGAL_ERROR)
