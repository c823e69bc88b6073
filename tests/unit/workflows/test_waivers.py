"""Which waivers are in force, by where the base lets approvals come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.errors import LedgerCorruptError
from agent_agency.git import Repository
from agent_agency.workflows.law import read_law
from agent_agency.workflows.waiver_desk import Desk
from agent_agency.workflows.waiver_evidence import WaiverEvidence
from agent_agency.workflows.waivers import WaiversOfChange, waivers_of_change
from support.law import WAIVER, lawful_repo
from support.waivers import Court


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    court = Court.open(tmp_path / "repo")
    court.request()
    court.approve("ann")
    with Repository.discover(court.repo.path) as repo:
        yield court.desk(repo)


def found(desk: Desk, evidence: WaiverEvidence | None = None, spec_id: str | None = "FEAT-1") -> WaiversOfChange:
    return waivers_of_change(
        desk.law,
        desk.evidence if evidence is None else evidence,
        spec_id=spec_id,
        tier=3 if spec_id else None,
        authors=("author@example.org",),
        now=desk.now,
        uses_of=lambda _: 0,
    )


def test_what_the_verdict_may_know_of_a_waiver(desk: Desk) -> None:
    (use,) = found(desk).in_force
    assert (use.signed, use.approvals, use.quorum, use.days, use.bounded) == (True, 1, 1, 14, True)
    told = use.for_verdict()
    assert (told.id, told.paths) == ("WV-1", ())
    assert told.covers_gates == frozenset({"scope_boundary"})
    assert not told.covers_rules


def test_no_waiver_is_in_force_without_a_governing_spec(desk: Desk) -> None:
    waivers = found(desk, spec_id=None)
    assert not waivers.in_force
    assert waivers.not_in_force == {"WV-1": "no valid working spec governs the change"}


def test_a_request_for_another_spec_is_not_told_of(desk: Desk) -> None:
    assert found(desk, spec_id="FEAT-2") == WaiversOfChange((), {}, signatures_needed=True)


def test_no_waiver_is_in_force_on_a_record_that_cannot_be_believed(desk: Desk) -> None:
    problem = LedgerCorruptError("entries are missing", fix="Restore it.")
    waivers = found(desk, replace(desk.evidence, problem=problem))
    assert not waivers.in_force
    assert "cannot be believed" in waivers.not_in_force["WV-1"]


def test_two_approved_waivers_of_one_id_are_none(desk: Desk) -> None:
    twins = tuple(replace(act, digest="sha256:" + "f" * 64) for act in desk.evidence.acts)
    waivers = found(desk, replace(desk.evidence, acts=(*desk.evidence.acts, *twins)))
    assert not waivers.in_force
    assert waivers.not_in_force == {"WV-1": "several waivers hold this id"}


def test_a_second_request_under_an_id_that_nobody_approved_takes_nothing_away(desk: Desk) -> None:
    asked = next(act for act in desk.evidence.acts if act.terms)
    twin = replace(asked, digest="sha256:" + "f" * 64)
    assert found(desk, replace(desk.evidence, acts=(*desk.evidence.acts, twin))).in_force


def test_a_statement_of_the_author_is_not_counted_among_the_approvals(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    text = WAIVER.format(id="WV-1", gate="secrets", approver="X", expires="2026-03-01T00:00:00Z", spec="FEAT-1")
    repo.checkout("main")
    repo.commit("Grant", **{".caws/waivers/WV-1.yaml": text.replace("X", "author@example.org, ann@example.org")})
    now = datetime(2026, 2, 1, tzinfo=UTC)
    with Repository.discover(repo.path) as opened:
        law = read_law(opened, opened.resolve("main"), now)
    (use,) = waivers_of_change(
        law,
        WaiverEvidence(),
        spec_id="FEAT-1",
        tier=3,
        authors=("author@example.org",),
        now=now,
        uses_of=lambda _: 0,
    ).in_force
    assert (use.approvals, use.signed) == (1, False)


def test_signed_acts_bring_nothing_into_force_where_the_base_lists_no_approver(desk: Desk) -> None:
    assert not found(desk, replace(desk.evidence, signatures_needed=False)).in_force
