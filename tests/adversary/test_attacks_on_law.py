"""Attacks on the rules and on the verdict by the party that is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from adversary.cases_by_law import default_text, failing, rules_of, verdict
from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.arbitration import verdict as verdicts
from agent_agency.arbitration.constitution import cel, evaluate
from agent_agency.arbitration.constitution.facts_schema import FactType, records
from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.constitution.work_bound import MAX_ELEMENTS
from agent_agency.arbitration.ruling import Verdict
from agent_agency.arbitration.verdict import Hearing, LawState, Violation, WaiverInForce, decide
from agent_agency.facts import GateMode, GateResult, GateStatus, Severity, display_path
from agent_agency.git import Repository
from agent_agency.workflows.case_facts import _claim
from agent_agency.workflows.law import Law, read_law
from support.case_facts import ORDINARY, a_file
from support.hearings import outcome_of, rule_for, rule_for_every_gate
from support.law import spec
from support.rules import make_rule, rule_toml

PASSING = (Verdict.APPROVED, Verdict.WAIVED)
GOOD = {"src/app.py": "one = 1\n"}
GREEN = GateResult("tests", GateStatus.PASS, GateMode.BLOCK, (), "all passed")
EVERY = rule_for_every_gate()
STRICT = rule_toml("change.lines < 1", id='"our.small"')


REAL_ASK, REAL_OF_OUTCOME = evaluate._ask, verdicts._of_outcome
REAL_ANSWER, REAL_BIND = cel.Program.answer, cel.Evaluator.bind


def _approved(scene: Scene) -> bool:
    return bool(scene.review()["verdict"] in PASSING)


def _decided(gates: list[GateResult], outcomes: list[RuleOutcome]) -> Verdict:
    hearing = Hearing(tuple(gates), tuple(outcomes), {EVERY.id: EVERY}, (), LawState(in_force=True))
    return decide(hearing).verdict


def _under(scene: Scene, **files: str | bytes) -> None:
    """Put files on the base, and a good change on a branch from there."""
    scene.repo.checkout("main")
    scene.repo.commit("Law", **files)
    scene.repo.git("checkout", "-q", "-B", "work", "main")
    scene.repo.commit("Work", **GOOD)


def rules_written_into_the_change(scene: Scene) -> bool:
    """A rule book of one's own that lets everything pass, in the change that it would judge."""
    ids = ("scope.boundary", "governance.edits", "law.proposed")
    disabled = "".join(f'[[disable]]\nrule = "{name}"\nreason = "mine"\n' for name in ids)
    listed = ", ".join(f'"{name}"' for name in ids)
    law = {".agency/rules/own.toml": disabled, "agency.toml": f"[law]\nweaken = [{listed}]\n"}
    scene.repo.commit("Mine", **{"outside.txt": "x\n", **law})
    return _approved(scene)


def _law_of_the_change(repo: Repository, commit: str, now: datetime) -> Law:
    del commit
    return read_law(repo, repo.resolve("work"), now)


def a_default_disabled_without_leave(scene: Scene) -> bool:
    """A file of rules that somebody merged without looking switches off the rule of scope."""
    del scene
    law = rules_of({"calm": '[[disable]]\nrule = "scope.boundary"\nreason = "noise"\n'})
    return law is not None and "scope.boundary" not in {rule.id for rule in law.rules}


def _accepts(text: str) -> bool:
    return rules_of({"own": text}) is not None


def a_condition_with_an_alternative(scene: Scene) -> bool:
    """The default's own condition, and ``||`` something that is always so."""
    del scene
    return _accepts(default_text("gates.tests", condition="'it.passed && it.violations == 0 || it.mendable'"))


def a_rule_that_applies_to_less(scene: Scene) -> bool:
    """The default's own condition, asked of every gate of tests but the one that fails."""
    del scene
    narrow = """'it.kind == "tests" && it.binding && it.name != "unit"'"""
    return _accepts(default_text("gates.tests", applies=narrow))


def a_default_made_advice(scene: Scene) -> bool:
    """The same rule, word for word, and its severity is advice."""
    del scene
    return _accepts(default_text("gates.tests", severity='"advice"'))


def a_default_that_binds_from_some_day_on(scene: Scene) -> bool:
    """The same rule, in force from a year that nobody lives to see."""
    del scene
    return _accepts(default_text("gates.tests", effective="2999-01-01"))


def a_second_rule_of_the_same_id(scene: Scene) -> bool:
    """A lax rule under the id of a strict one, in a file that comes first."""
    del scene
    lax = rule_toml("change.lines < 100000", id='"our.small"')
    law = rules_of({"a_lax": lax, "strict": STRICT})
    return law is not None and verdict([GREEN], law) is Verdict.APPROVED


def rules_in_other_letter_case(scene: Scene) -> bool:
    """The owner's strict rules stand in STRICT.TOML, which reads like law and is passed over."""
    _under(scene, **{".agency/rules/STRICT.TOML": STRICT})
    return _approved(scene)


def rules_behind_a_byte_order_mark(scene: Scene) -> bool:
    """The owner's strict rules cannot be read, and the defaults, which stand in for them, allow the change."""
    _under(scene, **{".agency/rules/strict.toml": b"\xef\xbb\xbf" + STRICT.encode()})
    return _approved(scene)


def _reads_well(law: Law) -> GateResult:
    return GateResult("law", GateStatus.PASS, GateMode.BLOCK, (), f"{len(law.problems)} problems")


def so_many_files_that_a_rule_is_not_asked(scene: Scene) -> bool:
    """One forbidden file among more files than a rule is asked for."""
    del scene
    rule = make_rule("!it.binary", each="files", id="our.text")
    files = [a_file(f"src/{number}.py", binary=number == 0) for number in range(10_001)]
    return verdict([GREEN], make_constitution([rule, EVERY]), files=files) is Verdict.APPROVED


def _asks_as_many_as_it_likes(ready: evaluate.CompiledRule, case: Any) -> list[RuleOutcome]:
    subjects = case.subjects(ready.rule.each)
    return [] if len(subjects) > MAX_ELEMENTS else REAL_ASK(ready, case)


def an_error_read_as_true(scene: Scene) -> bool:
    """A change for which a rule divides by zero."""
    del scene
    rule = make_rule("change.deleted / change.added < 3", id="our.balance")
    change = {**ORDINARY["change"], "added": 0, "deleted": 900}
    return verdict([GREEN], make_constitution([rule, EVERY]), change=change) is Verdict.APPROVED


def _errors_are_true(self: cel.Program, activation: Any) -> cel.Answer:
    answer = REAL_ANSWER(self, activation)
    return cel.TRUE if answer.value is None else answer


def a_missing_fact_read_as_nothing(scene: Scene) -> bool:
    """Commits that cannot be read, so that none is known to lack an author."""
    del scene
    return verdict([GREEN], provenance={"commits": 3}) is Verdict.APPROVED


def _with_noughts(self: cel.Evaluator, facts: Mapping[str, Any]) -> Any:
    nothing = {FactType.BOOL: False, FactType.INT: 0, FactType.DOUBLE: 0.0, FactType.TEXT: "", FactType.TEXTS: []}
    filled = {
        name: {**{fact.name: nothing[fact.type] for fact in known}, **facts.get(name, {})}
        for name, known in records().items()
    }
    return REAL_BIND(self, {**facts, **filled})


def a_name_with_an_odd_character(scene: Scene) -> bool:
    """A file in a folder that the owner's rule closes, with a control character in its name."""
    closed = rule_toml('!it.path.startsWith("src/closed/")', id='"our.closed"', each='"files"')
    _under(scene, **{".agency/rules/closed.toml": closed})
    scene.repo.commit("Odd", **{"src/closed/a\x01.py": "two = 2\n"})
    return _approved(scene)


def a_gate_that_no_rule_knows(scene: Scene) -> bool:
    """A failing gate under a name that no rule in force speaks of."""
    del scene
    return _decided([failing("licences")], [outcome_of(GREEN)]) in PASSING


def advice_in_place_of_a_rule(scene: Scene) -> bool:
    """A rule of severity advice speaks of the gate, so that it looks as if one did."""
    del scene
    satisfied = outcome_of(replace(GREEN, name="licences"))
    advice = replace(satisfied, severity=Severity.ADVICE)
    return _decided([failing("licences")], [advice]) in PASSING


def a_waiver_for_what_cannot_be_waived(scene: Scene) -> bool:
    """A waiver that names a not waivable rule by its id, over a finding that may be waived."""
    del scene
    gate = failing("licences")
    rule = rule_for("licences", waivable=False)
    waiver = WaiverInForce("WV-1", frozenset(), covers_rules=frozenset({rule.id}))
    outcome = outcome_of(gate, waivable=False)
    hearing = Hearing((gate,), (outcome,), {rule.id: rule}, (waiver,), LawState(in_force=True))
    return decide(hearing).verdict in PASSING


def _waivable_all(outcome: RuleOutcome, hearing: Hearing, gate: GateResult | None) -> Iterator[Violation]:
    return REAL_OF_OUTCOME(replace(outcome, waivable=True), replace(hearing, rules={}), gate)


def a_tag_of_the_name_of_the_base(scene: Scene) -> bool:
    """A tag called main, which git prefers to the branch, on a commit with a law of the attacker's own."""
    scene.repo.commit("Work", **{"outside.txt": "x\n"})
    scene.repo.branch("lax", "main")
    lax = spec().replace("[src/, tests/]", "[src/, tests/, outside.txt]")
    scene.repo.commit("Lax", **{".caws/specs/FEAT-1.yaml": lax})
    scene.repo.git("tag", "main", "lax")
    return bool(scene.review().get("verdict") in PASSING)


def _whatever_git_takes(name: str, short: str, commit: str | None, taken: str | None, meanings: object) -> str:
    del name, short, taken, meanings
    return commit or ""


def a_spec_that_allows_more(scene: Scene) -> bool:
    """The commits say which spec they are under; the review is told to take one with a wider scope."""
    wide = spec("FEAT-2").replace("[src/, tests/]", "[src/, tests/, outside.txt]")
    _under(scene, **{".caws/specs/FEAT-2.yaml": wide})
    scene.repo.commit("More\n\nCAWS-Spec: FEAT-1", **{"outside.txt": "x\n"})
    told = scene.agency("review", "--base", "main", "--head", "work", "--spec", "FEAT-2", "--json").document
    return bool(told["verdict"] in PASSING)


def _holds_always(kind: str, text: str, *, holds: bool) -> dict[str, Any]:
    del holds
    return _claim(kind, text, holds=True)


ATTACKS = (
    Attack(
        "rules in the change itself",
        rules_written_into_the_change,
        Defence("workflows.review:read_law", _law_of_the_change),
    ),
    Attack(
        "a default disabled without leave",
        a_default_disabled_without_leave,
        Defence("arbitration.constitution.overlay:_Overlay._weaken", lambda *_: None),
    ),
    Attack(
        "a condition with an alternative",
        a_condition_with_an_alternative,
        Defence("arbitration.constitution.overlay:_loosened_conditions", lambda *_: iter(())),
    ),
    Attack(
        "a rule that applies to less",
        a_rule_that_applies_to_less,
        Defence("arbitration.constitution.overlay:_loosened_conditions", lambda *_: iter(())),
    ),
    Attack(
        "a default made advice",
        a_default_made_advice,
        Defence("arbitration.constitution.overlay:_loosened", lambda *_: iter(())),
    ),
    Attack(
        "a default that binds from some day on",
        a_default_that_binds_from_some_day_on,
        Defence("arbitration.constitution.overlay:_loosened", lambda *_: iter(())),
    ),
    Attack(
        "a second rule of the same id",
        a_second_rule_of_the_same_id,
        Defence("arbitration.constitution.overlay:_Overlay._refuse", lambda *_: None),
    ),
    Attack(
        "rules in other letter case",
        rules_in_other_letter_case,
        Defence("workflows.law:_is_rule_file", lambda _: True),
    ),
    Attack(
        "rules behind a byte order mark",
        rules_behind_a_byte_order_mark,
        Defence("workflows.law:Law.gate", _reads_well),
    ),
    Attack(
        "so many files that a rule is not asked",
        so_many_files_that_a_rule_is_not_asked,
        Defence("arbitration.constitution.evaluate:_ask", _asks_as_many_as_it_likes),
    ),
    Attack(
        "an error read as true",
        an_error_read_as_true,
        Defence("arbitration.constitution.cel:Program.answer", _errors_are_true),
    ),
    Attack(
        "a missing fact read as nothing",
        a_missing_fact_read_as_nothing,
        Defence("arbitration.constitution.cel:Evaluator.bind", _with_noughts),
    ),
    Attack(
        "a name with an odd character",
        a_name_with_an_odd_character,
        Defence("workflows.case_facts:path_as_fact", display_path),
    ),
    Attack(
        "a gate that no rule knows",
        a_gate_that_no_rule_knows,
        Defence("arbitration.verdict:_of_ungoverned", lambda _: iter(())),
    ),
    Attack(
        "advice in place of a rule",
        advice_in_place_of_a_rule,
        Defence("arbitration.verdict:_counts", lambda _: True),
    ),
    Attack(
        "a waiver for what cannot be waived",
        a_waiver_for_what_cannot_be_waived,
        Defence("arbitration.verdict:_of_outcome", _waivable_all),
    ),
    Attack(
        "a tag of the name of the base",
        a_tag_of_the_name_of_the_base,
        Defence("git.refs:_judged", _whatever_git_takes),
    ),
    Attack(
        "a spec that allows more",
        a_spec_that_allows_more,
        Defence("workflows.case_facts:_claim", _holds_always),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_until_its_one_defence_is_switched_off(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
