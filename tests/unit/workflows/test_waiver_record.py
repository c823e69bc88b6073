"""What a request and its answer mean for a case is recorded with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent_agency.arbitration.waivers.model import ActKind
from agent_agency.git import Repository
from agent_agency.workflows.cases import all_cases
from support.waivers import Court


@pytest.fixture
def court(tmp_path: Path) -> Court:
    return Court.open(tmp_path / "repo")


def cases(court: Court) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    with Repository.discover(court.repo.path) as repo:
        records = [found.record for found in all_cases(court.desk(repo).ledger)]
    return {record.matter.name: (str(record.state), dict(record.waivers)) for record in records if record}


def test_a_request_opens_a_case_that_its_approval_settles(court: Court) -> None:
    court.request()
    assert cases(court) == {"WV-1": ("awaiting_waiver", {"WV-1": "pending"})}
    court.approve("ann")
    assert cases(court) == {"WV-1": ("decided", {"WV-1": "granted"})}


@pytest.mark.parametrize(
    ("by", "kind", "answer"),
    [
        ("ann", ActKind.DENIAL, "denied"),
        ("rex", ActKind.REVOCATION, "withdrawn"),
        ("ann", ActKind.REVOCATION, "revoked"),
    ],
)
def test_every_way_to_end_a_request_ends_its_case(by: str, kind: ActKind, answer: str, court: Court) -> None:
    court.request()
    court.decide(by, kind)
    assert cases(court) == {"WV-1": ("decided", {"WV-1": answer})}


def test_a_case_waits_until_the_quorum_is_reached(tmp_path: Path) -> None:
    court = Court.open(tmp_path / "repo", config="[law]\nquorum = { 3 = 2 }\n")
    court.request()
    court.approve("ann")
    assert cases(court)["WV-1"] == ("awaiting_waiver", {"WV-1": "pending"})
    court.approve("bob")
    assert cases(court)["WV-1"] == ("decided", {"WV-1": "granted"})


def test_entries_of_the_act_and_of_its_case_stand_together(court: Court) -> None:
    court.request()
    with Repository.discover(court.repo.path) as repo:
        entries = list(court.desk(repo).ledger.entries())
    assert [entry.kind for entry in entries] == ["genesis", "waiver_requested", "case_opened"]
    assert entries[1].body["subject"] == "waiver:WV-1"
