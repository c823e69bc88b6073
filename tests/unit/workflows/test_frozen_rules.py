"""An open case keeps its rules, and is never a way round the law of the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agent_agency.arbitration.cases.model import CaseEvent, LawAtOpening, Matter
from agent_agency.arbitration.cases.steps import step
from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.cli.services import machine_services
from agent_agency.git import Repository
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.cases import all_cases, append_noted, newest_case, note_ruling, notes_of
from agent_agency.workflows.frozen_rules import Bench, kept_rules
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.subject import ReviewRequest
from support.appeals import MovingClock
from support.cases import DAY, LIMITS, note, violated
from support.git_repo import GitRepo
from support.law import lawful_repo

RULE = """\
[[rule]]
id = "repo.small"
version = 1
title = "Changes are small"
category = "process"
severity = "major"
waivable = false
condition = "change.lines < {most}"
message = "The change has {{change.lines}} lines"
remedy = "Make it smaller."
source = "the owner"
"""
RULES = ".agency/rules/small.toml"
LONG = "one = 1\ntwo = 2\nthree = 3\n"
MATTER = Matter.of_change("FEAT-1", branch="work", head="")


@dataclass
class Place:
    """A repository whose base asks for changes of less than ten lines, and a branch with one out of scope."""

    git: GitRepo
    services: Services
    clock: MovingClock

    def review(self, base: str = "main", head: str = "work") -> Ruling:
        return review(ReviewRequest(self.git.path, base=base, head=head), self.services)

    def tighten(self, most: int = 1) -> str:
        """Put a stricter rule on the base."""
        self.git.checkout("main")
        return self.git.commit("Tighten", **{RULES: RULE.format(most=most)})

    def mend(self) -> None:
        """Take back what was out of scope on the branch."""
        self.git.checkout("work")
        self.git.git("rm", "-q", "outside.txt")
        self.git.commit("Mend")

    def ledger(self) -> Ledger:
        with Repository.discover(self.git.path) as repo:
            return Record.of(repo, self.clock, self.services.new_id, self.services.document_of).ledger


@pytest.fixture
def place(tmp_path: Path) -> Place:
    git = lawful_repo(tmp_path / "repo")
    git.checkout("main")
    git.commit("Rules", **{RULES: RULE.format(most=10)})
    git.git("checkout", "-q", "-B", "work", "main")
    git.commit("Work", **{"src/app.py": LONG, "outside.txt": "x\n"})
    clock = MovingClock()
    services = replace(machine_services(), clock=clock)
    return Place(git, services, clock)


def why(ruling: Ruling) -> str:
    return str(ruling.constitution["note"])


def test_a_later_review_of_an_open_case_uses_the_rules_that_it_was_opened_under(place: Place) -> None:
    opened = place.review()
    assert opened.decision.verdict is Verdict.REJECTED
    place.tighten()
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.APPROVED
    assert ruling.constitution["commit"] == opened.constitution["commit"]
    assert ruling.constitution["digest"] == opened.constitution["digest"]
    assert ruling.constitution["frozen_by"] == MATTER.case_id(1)
    assert "bind, as when case" in why(ruling)


def test_without_an_open_case_the_rules_of_the_base_bind(place: Place) -> None:
    place.tighten()
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert ruling.constitution["frozen_by"] is None


def test_a_weakening_that_a_case_kept_needs_the_leave_that_the_base_gives_now(place: Place) -> None:
    git, lenient = place.git, ".agency/rules/lenient.toml"
    git.checkout("main")
    disable = '[[disable]]\nrule = "quality.something_changed"\nreason = "empty changes are fine here"\n'
    git.commit("Weaken", **{lenient: disable, "agency.toml": '[law]\nweaken = ["quality.something_changed"]\n'})
    git.git("checkout", "-q", "-B", "work", "main")
    git.commit("Work", **{"src/app.py": LONG, "outside.txt": "x\n"})
    opened = place.review()
    assert [outcome.status for outcome in opened.outcomes if outcome.rule == "law.weakening"] == ["satisfied"]
    git.checkout("main")
    git.git("rm", "-q", lenient)
    git.commit("Take the leave back", **{"agency.toml": "[law]\n"})
    place.mend()
    ruling = place.review()
    assert ruling.constitution["frozen_by"] == MATTER.case_id(1)
    assert ruling.decision.verdict is Verdict.REJECTED
    assert [outcome.status for outcome in ruling.outcomes if outcome.rule == "law.weakening"] == ["violated"]


def test_the_rules_of_the_base_bind_again_once_the_case_has_ended(place: Place) -> None:
    place.review()
    record = newest_case(place.ledger(), MATTER).record
    assert record is not None
    ended = step(record, CaseEvent.WITHDRAWN, place.clock.now(), {"who": "me", "reason": "done"})
    append_noted(place.ledger(), lambda: notes_of(newest_case(place.ledger(), MATTER), [ended]))
    place.tighten()
    place.mend()
    assert place.review().decision.verdict is Verdict.REJECTED


def test_the_rules_of_the_base_bind_once_the_case_is_due(place: Place) -> None:
    place.review()
    place.tighten()
    place.mend()
    place.clock.pass_days(30)
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "its time has passed" in why(ruling)


def test_a_base_that_moved_without_touching_its_rules_needs_no_note(place: Place) -> None:
    place.review()
    place.git.checkout("main")
    tip = place.git.commit("Other", **{"src/other.py": "y = 1\n"})
    ruling = place.review()
    assert (ruling.constitution["commit"], ruling.constitution["note"]) == (tip, None)


def test_rules_of_a_commit_that_was_made_the_base_for_a_moment_never_bind(place: Place) -> None:
    """An agent points main at a commit of its own, has a case opened there, and puts main back."""
    strict = place.tighten()
    place.git.branch("weak", "main~1")
    place.git.commit("Weaken", **{RULES: RULE.format(most=1000)})
    place.git.git("update-ref", "refs/heads/main", "weak")
    place.review()
    place.git.git("update-ref", "refs/heads/main", strict)
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "never stood at" in why(ruling)


def test_rules_of_a_side_branch_never_bind_though_it_was_merged(place: Place) -> None:
    strict = place.tighten()
    place.git.branch("weak", "main~1")
    weak = place.git.commit("Weaken", **{RULES: RULE.format(most=1000)})
    place.git.git("update-ref", "refs/heads/main", weak)
    place.review()
    place.git.git("update-ref", "refs/heads/main", strict)
    place.git.checkout("main")
    place.git.git("merge", "-q", "-s", "ours", "-m", "Merge", "weak")
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "never stood at" in why(ruling)


@pytest.mark.parametrize("tightened_later", [False, True])
def test_rules_that_were_loosened_and_restored_within_a_merged_branch_never_bind(
    place: Place, tightened_later: bool
) -> None:
    """Between the two ends of such a branch nothing of the law differs, so nobody had to agree to it."""
    place.tighten()
    place.git.git("checkout", "-q", "-B", "dip", "main")
    loosened = place.git.commit("Loosen", **{RULES: RULE.format(most=1000)})
    place.git.git("update-ref", "refs/heads/main", loosened)
    place.review()
    restored = place.git.commit("Restore", **{RULES: RULE.format(most=1)})
    place.git.git("update-ref", "refs/heads/main", restored)
    if tightened_later:
        place.tighten(most=0)
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "took back" in why(ruling)


def test_a_case_that_was_opened_against_another_base_keeps_no_rules(place: Place) -> None:
    place.git.git("branch", "release", "main")
    place.review(base="release")
    place.tighten()
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "another base" in why(ruling)


def test_a_base_whose_history_was_written_anew_keeps_no_rules(place: Place) -> None:
    place.review()
    place.git.checkout("main")
    (place.git.path / RULES).write_text(RULE.format(most=1))
    place.git.git("commit", "-q", "-a", "--amend", "-m", "Rewritten")
    place.git.checkout("work")
    place.git.git("rebase", "-q", "--onto", "main", "work~1", "work")
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "never stood at" in why(ruling)


def forged(place: Place, law: LawAtOpening, ruling: Mapping[str, Any] | None, days: int = 0) -> None:
    """Write a case into the ledger as if the arbiter had opened it."""
    ledger, when = place.ledger(), place.clock.now() + days * DAY
    made = note("R-forged", [violated("scope.boundary")], matter=MATTER, law=law)
    own = [Draft("ruling", {"subject": "ruling:R-forged", **ruling})] if ruling is not None else []
    append_noted(ledger, lambda: note_ruling(ledger, made, replace(LIMITS, case_days=900), when), lambda _: own)


def law_before(place: Place) -> LawAtOpening:
    """The looser law that really stood at the base once."""
    told = review(
        ReviewRequest(place.git.path, base="main", head="main", spec_id="FEAT-1"), place.services
    ).constitution
    return LawAtOpening(str(told["commit"]), str(told["digest"]), "main")


def test_a_forged_opening_binds_nothing_without_a_ruling_that_the_arbiter_signed(place: Place) -> None:
    law = law_before(place)
    place.tighten()
    place.mend()
    forged(place, law, {"case": MATTER.case_id(1), "law": {"commit": law.commit, "constitution": law.constitution}})
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "vouches" in why(ruling)


def test_a_genuine_signature_beside_a_forged_ruling_vouches_for_nothing(place: Place) -> None:
    law = law_before(place)
    place.tighten()
    true = place.review()
    genuine = next(e for e in place.ledger().entries() if e.body.get("ruling_id") == true.ruling_id)
    opened = newest_case(place.ledger(), MATTER).record
    assert opened is not None
    ended = step(opened, CaseEvent.WITHDRAWN, place.clock.now(), {"who": "me", "reason": "done"})
    append_noted(place.ledger(), lambda: notes_of(newest_case(place.ledger(), MATTER), [ended]))
    ledger = place.ledger()
    made = note(true.ruling_id, [violated("scope.boundary")], matter=MATTER, law=law)
    changed = {**genuine.body, "case": MATTER.case_id(2), "law": {**genuine.body["law"], "commit": law.commit}}
    append_noted(
        ledger, lambda: note_ruling(ledger, made, LIMITS, place.clock.now()), lambda _: [Draft("ruling", changed)]
    )
    place.mend()
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert "vouches" in why(ruling)


@pytest.mark.parametrize(("days", "told"), [(-40, "its time has passed"), (3, "in the future")])
def test_a_forged_date_binds_no_longer_than_the_law_of_the_base_lets_it(place: Place, days: int, told: str) -> None:
    law = law_before(place)
    place.tighten()
    place.mend()
    forged(place, law, None, days)
    ruling = place.review()
    assert ruling.decision.verdict is Verdict.REJECTED
    assert told in why(ruling)


def test_a_case_whose_constitution_is_not_what_stands_at_its_commit_keeps_no_rules(place: Place) -> None:
    opened = place.review()
    record = all_cases(place.ledger())[0].record
    assert record is not None
    assert record.law is not None
    assert record.law.constitution == opened.constitution["digest"]
    place.tighten()
    with Repository.discover(place.git.path) as repo:
        bench = Bench(repo.resolve("main"), "main", "sha256:other", 30, place.clock.now())
        kept = kept_rules(repo, place.ledger(), MATTER, bench, read=lambda _: None, vouched=lambda _: True)
    assert kept.constitution is None
    assert "is not the constitution" in str(kept.note)
