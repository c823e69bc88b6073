"""A repository's rules over the defaults: adding and tightening are free, weakening needs leave and is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.cel import Evaluator
from agent_agency.arbitration.constitution.check import checked_default
from agent_agency.arbitration.constitution.contradictions import contradictions
from agent_agency.arbitration.constitution.default_rules import default_constitution, default_rules
from agent_agency.arbitration.constitution.evaluate import evaluate
from agent_agency.arbitration.constitution.model import Constitution, Rule, RuleStatus
from agent_agency.arbitration.constitution.overlay import constitution_of, lay_over, loosened_by
from agent_agency.arbitration.constitution.serialise import make_constitution
from support.conditions import conditions
from support.rules import DAY, make_rule, outcome_of, rule_toml, whole_cases

FILE = ".agency/rules/ours.toml"


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator()


def _default(*, each: str = "gates") -> Rule:
    """A default rule that cannot be waived and applies only somewhere."""
    return next(rule for rule in default_rules() if rule.each == each and rule.applies != "true" and not rule.waivable)


DEFAULT = _default()


def _anew(condition: str = DEFAULT.condition, **changed: str) -> str:
    same = {
        "id": f"'{DEFAULT.id}'",
        "version": str(DEFAULT.version + 1),
        "category": f"'{DEFAULT.category}'",
        "severity": f"'{DEFAULT.severity}'",
        "each": f"'{DEFAULT.each}'",
        "applies": f"'''{DEFAULT.applies}'''",
        "evidence": str(list(DEFAULT.evidence)),
    }
    return rule_toml(condition, **{**same, **changed})


def _disable(rule: str) -> str:
    return f"[[disable]]\nrule = '{rule}'\nreason = 'We begin'\n"


def _read(*texts: str, weaken: tuple[str, ...] = ()) -> Constitution:
    read = constitution_of({f"{number}.toml": text.encode() for number, text in enumerate(texts)}, weaken)
    assert isinstance(read, Constitution), read
    return read


def _refused(*texts: str, weaken: tuple[str, ...] = ()) -> list[str]:
    read = constitution_of({f"{number}.toml": text.encode() for number, text in enumerate(texts)}, weaken)
    assert not isinstance(read, Constitution)
    return [finding.rule.removeprefix("rules.") for finding in read]


def test_without_files_the_defaults_bind() -> None:
    assert constitution_of({}) == default_constitution()


def test_the_defaults_that_a_review_reads_are_those_with_examples_but_for_these() -> None:
    bare = tuple(replace(rule, examples=()) for rule in default_rules())
    assert default_constitution().rules == bare
    assert default_constitution().digest == make_constitution(default_rules()).digest
    assert all(rule.examples for rule in default_rules())


def test_a_rule_of_its_own_is_added() -> None:
    law = _read(rule_toml())
    assert {rule.id for rule in law.rules} == {rule.id for rule in default_rules()} | {"our.rule"}
    assert law.weakened == ()
    said = {one.rule: one.status for one in evaluate(law, {"spec": {"tier": 2}}, DAY)}
    assert said["our.rule"] is RuleStatus.VIOLATED


@pytest.mark.parametrize(
    "text",
    [
        _anew(),
        _anew(f"({DEFAULT.condition}) && !it.flaky"),
        _anew(f"!it.flaky && ({DEFAULT.condition})  // stricter"),
        _anew(severity="'critical'"),
        _anew(applies="'true'"),
        _anew(applies=f"'''it.flaky || ({DEFAULT.applies})'''"),
        _anew(evidence="['tests']"),
    ],
)
def test_a_default_written_anew_as_strictly_weakens_nothing(text: str) -> None:
    law = _read(text)
    assert law.weakened == ()
    assert next(rule for rule in law.rules if rule.id == DEFAULT.id).version == DEFAULT.version + 1


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (_anew(f"({DEFAULT.condition}) || it.flaky"), "a condition"),
        (_anew("it.reused"), "a condition"),
        (_anew("it.flaky || it.passed"), "a condition"),
        (_anew(f"it.flaky ? ({DEFAULT.condition}) : ({DEFAULT.condition})"), "a condition"),
        (_anew(severity="'advice'"), "severity advice"),
        (_anew(waivable="true"), "waivable"),
        (_anew(applies=f"'''({DEFAULT.applies}) && it.flaky'''"), "'applies'"),
        (_anew(effective="2030-01-01"), "in force later"),
        (_anew(expires="2030-01-01"), "out of force earlier"),
        (_anew("spec.present", each="", applies="'spec.valid'"), "another list"),
        (_disable(DEFAULT.id), "disabled: We begin"),
    ],
)
def test_weakening_a_default_needs_leave_and_is_shown(text: str, how: str) -> None:
    assert _refused(text) == ["weakens"]
    assert _refused(text, weaken=("some.other",)) == ["weakens"]
    law = _read(text, weaken=(DEFAULT.id,))
    (weakening,) = law.weakened
    assert (weakening.rule, weakening.allowed_by) == (DEFAULT.id, "agency.toml [law] weaken")
    assert how in weakening.how
    assert law.digest != default_constitution().digest


def test_leave_without_use_weakens_nothing() -> None:
    assert _read(rule_toml(), weaken=(DEFAULT.id,)).weakened == ()


def test_requiring_less_evidence_weakens() -> None:
    evaluator = Evaluator()
    old = make_rule("spec.present", evidence=("tests", "coverage"))
    for evidence, how in ((("tests",), "less evidence required"), (("coverage", "tests", "lint"), "")):
        new = replace(old, evidence=evidence)
        assert loosened_by(checked_default(old, evaluator), checked_default(new, evaluator)) == how


@pytest.mark.parametrize(
    ("texts", "rules"),
    [
        ([_anew(version=str(DEFAULT.version))], ["version"]),
        ([rule_toml(id=f"'{DEFAULT.id}x'")], ["name_space"]),
        ([rule_toml(), rule_toml()], ["duplicate_id"]),
        ([_disable("our.rule")], ["unknown_rule"]),
        ([_anew(), _disable(DEFAULT.id)], ["disabled_and_written", "weakens"]),
        (["[[rule"], ["toml.parse_failed"]),
        ([rule_toml("spec.tire == 1")], ["condition_type"]),
        ([rule_toml(), rule_toml("spec.tier == 2", id="'our.other'")], ["contradiction"]),
    ],
)
def test_rules_that_cannot_stand_together_are_refused(texts: list[str], rules: list[str]) -> None:
    assert _refused(*texts) == rules


@pytest.mark.parametrize(
    ("first", "second", "contradict"),
    [
        (("change.files < 10", "true"), ("change.files > 20", "true"), True),
        (("change.files < 10", "true"), ("change.files > 5", "true"), False),
        (("change.files < 10", "spec.tier == 1"), ("change.files > 20", "spec.tier == 2"), False),
        (("change.files < 10", "spec.tier == 1"), ("change.files > 20", "spec.tier <= 2"), True),
        (("change.only_law", "true"), ("!change.only_law", "spec.present"), True),
        (("budget.used_files <= budget.max_files", "true"), ("budget.used_files > budget.max_files", "true"), True),
        (("gates.exists(g, g.flaky)", "true"), ("!gates.exists(a, a.flaky)", "true"), True),
        (("spec.mode == 'fix'", "true"), ("spec.mode in ['doc', 'chore']", "true"), True),
        # not decided: whether the two applicabilities, each about a list, ever meet
        (("change.only_law", "gates.exists(g, g.flaky)"), ("!change.only_law", "files.exists(f, f.migration)"), False),
    ],
)
def test_pairs_that_cannot_both_be_satisfied_are_found_by_search(
    first: tuple[str, str], second: tuple[str, str], contradict: bool
) -> None:
    texts = [
        rule_toml(condition, id=f"'our.{name}'", applies=f"'''{applies}'''")
        for name, (condition, applies) in (("first", first), ("second", second))
    ]
    laid = lay_over({f"{number}.toml": text.encode() for number, text in enumerate(texts)})
    assert [finding.rule for finding in laid.findings] == (["rules.contradiction"] if contradict else [])


def test_rules_in_force_at_different_times_do_not_contradict_each_other() -> None:
    _read(
        rule_toml("change.files < 10", id="'our.until'", expires="2026-06-01"),
        rule_toml("change.files > 20", id="'our.from'", effective="2026-06-01"),
    )


def test_a_rule_against_a_default_is_found_too() -> None:
    wrong = rule_toml(f"!({DEFAULT.condition})", each=f"'{DEFAULT.each}'", applies=f"'''{DEFAULT.applies}'''")
    assert "contradiction" in _refused(wrong)


def test_the_defaults_do_not_contradict_each_other() -> None:
    evaluator = Evaluator()
    assert contradictions([checked_default(rule, evaluator) for rule in default_rules()]) == ()


def test_too_many_rules_or_files_are_refused() -> None:
    many = "".join(rule_toml(f"change.files < {n + 9}", id=f"'our.r{n}'") for n in range(501 - len(default_rules())))
    assert _refused(many) == ["too_many"]
    assert _refused(*["# nothing"] * 101) == ["too_many"]


def test_the_order_and_the_comments_of_files_change_no_digest() -> None:
    first, second = rule_toml(), rule_toml("change.files < 9", id="'our.other'")
    law = _read(first, second)
    assert _read(second, f"# a comment\n\n{first}").digest == law.digest
    assert _read(first + second).digest == law.digest
    spaced = rule_toml("spec.tier  ==\n  1 // one")
    assert _read(spaced, second).digest == law.digest
    assert _read(rule_toml(title="'Another title'"), second).digest == law.digest
    assert _read(rule_toml("spec.tier != 1"), second).digest != law.digest


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    written=st.tuples(conditions(), conditions(), conditions()),
    new_condition=st.sampled_from(
        ["{0}", "{0} && {2}", "{2} && {0}", "{0} || {2}", "{2}", "!({0})", "{2} ? {0} : {0}"]
    ),
    new_applies=st.sampled_from(["{1}", "true", "{1} || {2}", "{1} && {2}", "{2}"]),
    facts=whole_cases(),
    lost=st.lists(st.sampled_from(["spec", "change", "budget", "law", "gates"]), max_size=2),
)
def test_what_is_taken_for_a_tightening_satisfies_nothing_that_the_default_does_not(
    evaluator: Evaluator,
    written: tuple[str, str, str],
    new_condition: str,
    new_applies: str,
    facts: dict[str, Any],
    lost: list[str],
) -> None:
    old = make_rule(written[0], applies=written[1])
    texts = [f"({text})" for text in written]
    new = replace(old, condition=new_condition.format(*texts), applies=new_applies.format(*texts))
    assume(not loosened_by(checked_default(old, evaluator), checked_default(new, evaluator)))
    known = {name: value for name, value in facts.items() if name not in lost}
    before, after = outcome_of(old, known).status, outcome_of(new, known).status
    demanded = outcome_of(replace(old, applies="true"), known).status
    if before is RuleStatus.VIOLATED:
        assert after is RuleStatus.VIOLATED
    if before is RuleStatus.UNKNOWN and demanded is not RuleStatus.SATISFIED:
        assert after in {RuleStatus.VIOLATED, RuleStatus.UNKNOWN}
