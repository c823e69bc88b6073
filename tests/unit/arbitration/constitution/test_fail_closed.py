"""What no fact, and no lack of one, can do: turn a rule that is not satisfied into one that is."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.model import RuleOutcome, RuleStatus
from support.rules import DAY, make_rule, outcomes_of, whole_cases

_QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
_HELD = {RuleStatus.SATISFIED, RuleStatus.NOT_APPLICABLE}


@pytest.fixture(scope="module")
def defaults() -> Evaluation:
    return Evaluation(default_constitution())


def _paths(facts: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every record, list and fact in a case."""
    for name, value in facts.items():
        yield (name,)
        if isinstance(value, Mapping):
            yield from ((name, fact) for fact in value)
        else:
            yield from ((name, index, fact) for index, element in enumerate(value) for fact in element)


def _without(facts: Mapping[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    left = copy.deepcopy(dict(facts))
    holder: Any = left
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    return left


def _standing(outcomes: tuple[RuleOutcome, ...]) -> dict[str, Counter[RuleStatus]]:
    standing: dict[str, Counter[RuleStatus]] = {}
    for outcome in outcomes:
        standing.setdefault(outcome.rule, Counter())[outcome.status] += 1
    return standing


def _weight(said: Counter[RuleStatus]) -> int:
    """How many outcomes of a rule keep the case from being approved."""
    return sum(count for status, count in said.items() if status not in _HELD)


@_QUIET
@given(facts=whole_cases(), chosen=st.randoms(use_true_random=False))
def test_taking_a_fact_away_never_turns_a_default_rule_from_violated_or_unknown_to_satisfied(
    defaults: Evaluation, facts: dict[str, Any], chosen: random.Random
) -> None:
    path = chosen.choice(list(_paths(facts)))
    before = _standing(defaults.outcomes(facts, DAY))
    after = _standing(defaults.outcomes(_without(facts, path), DAY))
    for rule, said in before.items():
        if _weight(said):
            assert _weight(after[rule]) >= 1, (rule, path)
        assert after[rule][RuleStatus.SATISFIED] <= said[RuleStatus.SATISFIED], (rule, path)


@_QUIET
@given(facts=whole_cases(), chosen=st.randoms(use_true_random=False))
def test_the_more_is_missing_the_less_is_satisfied(
    defaults: Evaluation, facts: dict[str, Any], chosen: random.Random
) -> None:
    held = {outcome.rule for outcome in defaults.outcomes(facts, DAY) if outcome.status is RuleStatus.SATISFIED}
    for _ in range(8):
        facts = _without(facts, chosen.choice(list(_paths(facts)) or [("none",)])) if facts else facts
        said = _standing(defaults.outcomes(facts, DAY))
        now = {rule for rule, counted in said.items() if counted[RuleStatus.SATISFIED]}
        assert now <= held
        held = now


def test_of_a_case_without_any_fact_no_default_rule_is_satisfied_or_set_aside(defaults: Evaluation) -> None:
    said = _standing(defaults.outcomes({}, DAY))
    assert {status for counted in said.values() for status in counted} == {RuleStatus.UNKNOWN}


@_QUIET
@given(facts=whole_cases(most=3), chosen=st.randoms(use_true_random=False))
def test_the_order_of_lists_changes_nothing(defaults: Evaluation, facts: dict[str, Any], chosen: random.Random) -> None:
    shuffled = copy.deepcopy(facts)
    for value in shuffled.values():
        if isinstance(value, list):
            chosen.shuffle(value)
    assert defaults.outcomes(shuffled, DAY) == defaults.outcomes(facts, DAY)


@settings(_QUIET, max_examples=15)
@given(facts=whole_cases())
def test_the_same_facts_give_the_same_outcomes_and_are_left_as_they_were(
    defaults: Evaluation, facts: dict[str, Any]
) -> None:
    before = copy.deepcopy(facts)
    first = defaults.outcomes(facts, DAY)
    assert [defaults.outcomes(facts, DAY) for _ in range(3)] == [first] * 3
    assert Evaluation(default_constitution()).outcomes(facts, DAY) == first
    assert facts == before


_WRONG = [None, "x", 1.5, float("nan"), [], {}, -(2**80), b"bytes", "\ud800", True, [1], object()]


@pytest.mark.parametrize("wrong", _WRONG, ids=lambda wrong: type(wrong).__name__)
def test_a_fact_of_a_wrong_type_is_unknown_and_never_a_value(wrong: Any) -> None:
    numbers = make_rule("change.files == 0 || change.files != 0")
    (outcome,) = outcomes_of(numbers, {"change": {"files": wrong}})
    assert outcome.status is RuleStatus.UNKNOWN
    assert outcome.missing is not None
    assert outcome.missing.startswith("change.files")


@_QUIET
@given(
    facts=whole_cases(), chosen=st.randoms(use_true_random=False), wrong=st.sampled_from([w for w in _WRONG if w != 1])
)
def test_a_fact_of_a_wrong_type_counts_as_one_that_is_missing(
    defaults: Evaluation, facts: dict[str, Any], chosen: random.Random, wrong: Any
) -> None:
    path = chosen.choice([path for path in _paths(facts) if len(path) > 1] or [("review", "day")])
    left = _without(facts, path)
    spoilt = copy.deepcopy(facts)
    holder: Any = spoilt
    for part in path[:-1]:
        holder = holder[part]
    if type(holder[path[-1]]) is type(wrong):
        return
    holder[path[-1]] = wrong
    held = _standing(defaults.outcomes(left, DAY))
    for rule, said in _standing(defaults.outcomes(spoilt, DAY)).items():
        assert said[RuleStatus.SATISFIED] <= max(held[rule][RuleStatus.SATISFIED], 0)


def test_a_text_with_a_nul_is_not_read_as_what_stands_before_it() -> None:
    rule = make_rule("it.name == 'tests'", each="gates")
    (outcome,) = outcomes_of(rule, {"gates": [{"name": "tests\0forged"}]})
    assert outcome.status is RuleStatus.UNKNOWN
    listed = make_rule("'openapi' in spec.contracts")
    assert outcomes_of(listed, {"spec": {"contracts": ["openapi\0"]}})[0].status is RuleStatus.UNKNOWN


@pytest.mark.parametrize("spoilt", [None, 7, "gates", {"name": "tests"}, [None], ["tests"], [[]]], ids=repr)
def test_a_list_that_is_none_leaves_its_rules_unknown(spoilt: Any) -> None:
    (outcome,) = outcomes_of(make_rule("it.passed", each="gates"), {"gates": spoilt})
    assert outcome.status is RuleStatus.UNKNOWN
