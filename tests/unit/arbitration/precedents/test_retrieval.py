from __future__ import annotations

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.precedents.model import CaseFeatures
from agent_agency.arbitration.precedents.retrieval import probes
from agent_agency.arbitration.precedents.similarity import MATCH, NEAR_EQUAL, Rarity, alike, compare, is_weighed
from support.precedents import case

KEYS = ("issue", "tier", "mode", "area", "place", "touches", "overrun")
FACTS = st.dictionaries(st.sampled_from(KEYS), st.sets(st.sampled_from("abcdef"), min_size=1, max_size=4))


def made(values: dict[str, set[str]]) -> CaseFeatures:
    return CaseFeatures("x", MappingProxyType({key: tuple(sorted(found)) for key, found in values.items()}))


@given(FACTS, st.lists(FACTS, max_size=15))
def test_every_match_has_one_of_the_probes(here: dict[str, set[str]], stored: list[dict[str, set[str]]]) -> None:
    others = [made(values) for values in stored]
    shared_by = {fact: sum(fact in one.facts for one in others) for one in others for fact in one.facts}
    weigh = Rarity(len(others), shared_by)
    asked = probes(made(here), weigh, shared_by, MATCH)
    for other in others:
        if compare(made(here), other, weigh).matches:
            assert asked & other.facts


@given(FACTS, st.lists(FACTS, max_size=15))
def test_every_near_equal_case_that_shares_a_telling_fact_has_one_of_the_probes(
    here: dict[str, set[str]], stored: list[dict[str, set[str]]]
) -> None:
    others = [made(values) for values in stored]
    shared_by = {fact: sum(fact in one.facts for one in others) for one in others for fact in one.facts}
    asked = probes(made(here), alike, shared_by, NEAR_EQUAL)
    for other in others:
        told = compare(made(here), other, alike)
        if told.score >= NEAR_EQUAL and told.material:
            assert asked & other.facts


def test_rare_facts_are_looked_up_and_frequent_ones_are_not() -> None:
    here = case(issue="i", tier="2", area=("src/rare", "src"), touches="tests", place="src/rare")
    shared_by = {
        ("issue", "i"): 900, ("tier", "2"): 800, ("area", "src/rare"): 2,
        ("area", "src"): 700, ("touches", "tests"): 600, ("place", "src/rare"): 1,
    }  # fmt: skip
    assert probes(here, Rarity(1000, shared_by), shared_by, MATCH) <= {("area", "src/rare"), ("place", "src/rare")}


def test_a_fact_that_no_precedent_has_needs_no_look() -> None:
    assert probes(case(issue="i", area="new"), alike, {}, MATCH) == frozenset()


@given(FACTS)
def test_names_of_the_dispute_are_never_looked_up(here: dict[str, set[str]]) -> None:
    features = made(here)
    assert all(map(is_weighed, probes(features, alike, dict.fromkeys(features.facts, 1), MATCH)))
