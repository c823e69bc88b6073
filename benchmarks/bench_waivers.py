"""Waivers: the decision for one change, and reading the signed acts that it rests on.

Budget: shared design, table "Budgets": a waiver decision takes at most 5 ms.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent_agency.git import Repository
from agent_agency.workflows.waiver_desk import Desk
from agent_agency.workflows.waiver_evidence import read_evidence
from agent_agency.workflows.waivers import WaiversOfChange, waivers_of_change
from benchmarks.figures import Figure, figure_of, milliseconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

ROUNDS = 30
LIVING = 10
MANY = 200


def measure() -> Iterator[Figure]:
    """Decide on few and on many waivers; then read them from the record."""
    from support.waivers import Court

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = folder
        court = Court.open(Path(folder) / "repo")
        for number in range(1, LIVING + 1):
            court.approve("ann", "bob", waiver_id=court.request(days=number))
        with Repository.discover(court.repo.path) as repo:
            desk = court.desk(repo)
            yield _decision(desk, LIVING)
            yield _decision(_many(desk), MANY)
            yield _reading(desk)


def _many(desk: Desk) -> Desk:
    """The same acts about many more waivers."""
    acts = [
        replace(
            act,
            waiver_id=f"WV-{number}",
            digest=f"{act.digest}-{number}",
            terms=replace(act.terms, id=f"WV-{number}") if act.terms else None,
        )
        for number in range(0, MANY * 10, 10)
        for act in desk.evidence.acts
        if act.waiver_id == "WV-1"
    ]
    return replace(desk, evidence=replace(desk.evidence, acts=tuple(acts)))


def _decide(desk: Desk) -> WaiversOfChange:
    return waivers_of_change(
        desk.law,
        desk.evidence,
        spec_id="FEAT-1",
        tier=3,
        authors=("author@example.org", "Test Author"),
        now=desk.now,
        uses_of=lambda _: 0,
    )


def _decision(desk: Desk, number: int) -> Figure:
    assert len(_decide(desk).in_force) == number, _decide(desk).not_in_force
    values = milliseconds(lambda: _decide(desk), repeat=ROUNDS)
    budget = None if number == MANY else 5  # the budget is for one decision; all of many are asked to see the growth
    return figure_of(f"decide, {number} waivers with two approvals each", "ms", values, budget=budget)


def _reading(desk: Desk) -> Figure:
    law = desk.law
    values = milliseconds(
        lambda: read_evidence(desk.repo, law.commit, law.principals, desk.ledger, living_at=desk.now), repeat=ROUNDS
    )
    note = f"{3 * LIVING} signatures verified, anchors looked at, one question to git"
    return figure_of(f"read the acts of {LIVING} waivers", "ms", values, note=note)
