from __future__ import annotations

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.precedents.model import CaseFeatures, Differing, Feature
from agent_agency.arbitration.precedents.similarity import (
    CIRCUMSTANCE,
    IDENTITY,
    MATCH,
    Contradicted,
    NumberedLikeness,
    Rarity,
    alike,
    compare,
    is_material,
    is_weighed,
)
from support.precedents import case

KEYS = (*sorted(IDENTITY), *sorted(CIRCUMSTANCE), "area", "place", "touches", "overrun", "claim")
FACTS = st.dictionaries(
    st.sampled_from(KEYS), st.sets(st.sampled_from("abcdef"), min_size=1, max_size=4), max_size=len(KEYS)
)
COUNTS = st.dictionaries(st.tuples(st.sampled_from(KEYS), st.sampled_from("abcdef")), st.integers(0, 500))


def made(values: dict[str, set[str]], verdict: str = "conditional") -> CaseFeatures:
    return CaseFeatures(verdict, MappingProxyType({key: tuple(sorted(found)) for key, found in sorted(values.items())}))


def contradict(one: CaseFeatures, holding: str, other: CaseFeatures, others: str) -> bool:
    there, back = Contradicted(one, holding).by(other, others), Contradicted(other, others).by(one, holding)
    assert there == back
    return there


def rarity(counts: dict[Feature, int]) -> Rarity:
    return Rarity(500, counts)


@given(FACTS, FACTS, COUNTS)
def test_two_cases_are_as_like_as_the_other_way_round(
    one: dict[str, set[str]], other: dict[str, set[str]], counts: dict[Feature, int]
) -> None:
    there, back = compare(made(one), made(other), rarity(counts)), compare(made(other), made(one), rarity(counts))
    assert there.score == back.score
    assert there.matches == back.matches
    assert there.agree == back.agree
    assert {Differing(d.fact, d.there, d.here) for d in there.differ} == set(back.differ)


@given(FACTS, FACTS, COUNTS)
def test_every_fact_is_listed_as_agreeing_or_differing_and_never_as_both(
    one: dict[str, set[str]], other: dict[str, set[str]], counts: dict[Feature, int]
) -> None:
    told = compare(made(one), made(other), rarity(counts))
    assert set(told.agree) == made(one).facts & made(other).facts
    assert {d.fact for d in told.differ} == {key for key in {*one, *other} if one.get(key) != other.get(key)}
    assert 0 <= told.score <= 1


@given(FACTS, FACTS, COUNTS)
def test_the_same_rule_and_category_alone_is_never_a_match(
    one: dict[str, set[str]], other: dict[str, set[str]], counts: dict[Feature, int]
) -> None:
    names = {key: {"a"} for key in IDENTITY}
    apart = {key: found - other.get(key, set()) for key, found in one.items()}
    told = compare(made({**apart, **names}), made({**other, **names}), rarity(counts))
    assert not told.matches
    assert told.score == 0


@given(FACTS, FACTS, COUNTS)
def test_names_and_circumstances_together_are_never_a_match(
    one: dict[str, set[str]], other: dict[str, set[str]], counts: dict[Feature, int]
) -> None:
    shared = {key: {"a"} for key in (*IDENTITY, *CIRCUMSTANCE)}
    left = {key: found for key, found in one.items() if not is_material((key, "a"))}
    assert not compare(made({**left, **shared}), made({**other, **shared}), rarity(counts)).matches or any(
        map(is_material, made(left).facts & made(other).facts)
    )


@given(FACTS, FACTS, COUNTS, st.sampled_from(KEYS))
def test_one_more_fact_in_common_never_makes_two_cases_less_alike(
    one: dict[str, set[str]], other: dict[str, set[str]], counts: dict[Feature, int], key: str
) -> None:
    before = compare(made(one), made(other), rarity(counts))
    more = {name: {**values, key: values.get(key, set()) | {"rare"}} for name, values in (("l", one), ("r", other))}
    after = compare(made(more["l"]), made(more["r"]), rarity(counts))
    assert after.score >= before.score - 1e-12
    assert after.matches or not before.matches


@given(FACTS, FACTS)
def test_nothing_is_like_a_case_of_another_issue(one: dict[str, set[str]], other: dict[str, set[str]]) -> None:
    both = {**one, "area": {"a"}}
    assert not compare(made({**both, "issue": {"a"}}), made({**both, **other, "issue": {"b"}}), alike).matches


def test_a_rare_fact_in_common_weighs_more_than_a_frequent_one() -> None:
    here = case(issue="budget-lines", area="src/pay", touches="migration", mode="fix")
    frequent = case(issue="budget-lines", area="src/web", touches="migration", mode="feature")
    rare = case(issue="budget-lines", area="src/pay", touches="tests", mode="feature")
    weigh = Rarity(1000, {("area", "src/pay"): 2, ("area", "src/web"): 400, ("touches", "migration"): 700})
    assert compare(here, rare, weigh).score > compare(here, frequent, weigh).score


def test_no_fact_weighs_nothing_and_an_unknown_one_is_the_rarest() -> None:
    weigh = Rarity(10_000, {("tier", "2"): 10_000, ("area", "src"): 9_999})
    assert weigh(("tier", "2")) == 1.0
    assert weigh(("tier", "2")) < weigh(("area", "src")) < weigh(("area", "never seen"))


def test_the_earlier_systems_match_without_a_common_fact_is_none() -> None:
    """It gave .3 for the category, .2 for the severity and .2 for the rules: .70, above its bar of .60."""
    names = {"issue": "coverage", "answer": "coverage: violated", "rule": "coverage", "category": "testing"}
    one = case("rejected", **names, severity="major", area="src/pay", overrun="lines by up to 10 %")
    other = case("rejected", **names, severity="major", area="src/web", touches="tests")
    told = compare(one, other, alike)
    assert told.score == 0
    assert not told.matches


def test_as_much_in_common_as_in_difference_is_a_match() -> None:
    one = case(issue="i", area=("a", "b"), touches="tests")
    other = case(issue="i", area=("a", "b"), touches="docs")
    told = compare(one, other, alike)
    assert told.score == MATCH
    assert told.matches


def test_what_differs_is_told_from_both_sides() -> None:
    told = compare(case(issue="i", tier="1", area=("a", "b")), case(issue="i", tier="2", area="b"), alike)
    assert set(told.differ) == {Differing("tier", ("1",), ("2",)), Differing("area", ("a",), ())}


def test_near_equal_precedents_that_were_ruled_differently_contradict_each_other() -> None:
    one = case("waived", issue="i", area=("a", "b", "c"), tier="2")
    other = case("rejected", issue="i", area=("a", "b", "c"), tier="2")
    assert contradict(one, "May be waived", other, "May be waived")


def test_near_equal_precedents_that_hold_differently_contradict_each_other() -> None:
    one = case("waived", issue="i", area=("a", "b", "c"), tier="2")
    assert contradict(one, "A vendored file may exceed the budget.", one, "A vendored file counts like any other.")
    assert not contradict(one, "A vendored file may exceed the budget.", one, "a vendored file may exceed the budget")


def test_precedents_whose_facts_differ_may_hold_differently() -> None:
    one = case("waived", issue="i", area=("a", "b"), tier="2")
    assert not contradict(one, "x", case("rejected", issue="i", area=("a", "c"), tier="2"), "y")
    assert not contradict(one, "x", case("rejected", issue="j", area=("a", "b"), tier="2"), "y")


@given(FACTS, st.sampled_from(("waived", "rejected")), st.sampled_from("xy"))
def test_a_precedent_never_contradicts_itself(facts: dict[str, set[str]], verdict: str, holding: str) -> None:
    assert not contradict(made(facts, verdict), holding, made(facts, verdict), holding)


@given(FACTS, FACTS, COUNTS)
def test_the_quick_measure_says_what_the_comparison_says(
    one: dict[str, set[str]], other: dict[str, set[str]], counts: dict[Feature, int]
) -> None:
    here, there = made(one), made(other)
    known = {fact: count for fact, count in counts.items() if fact in here.facts}
    numbers = {fact: at for at, fact in enumerate(sorted(here.facts | there.facts))}
    mine = {fact: at for fact, at in numbers.items() if fact in here.facts}
    told = compare(here, there, rarity(known))
    quick = NumberedLikeness(here, rarity(known), mine).of([numbers[one] for one in there.facts if is_weighed(one)])
    if told.material:
        assert abs(quick - told.score) < 1e-9
    else:
        assert quick == 0
