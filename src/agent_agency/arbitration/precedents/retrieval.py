"""Which facts to look precedents up by, so that none that is alike is missed and few that are not are looked at."""

from __future__ import annotations

from collections.abc import Mapping

from agent_agency.arbitration.precedents.model import CaseFeatures, Feature
from agent_agency.arbitration.precedents.similarity import Weigh, is_material, is_weighed


def probes(here: CaseFeatures, weigh: Weigh, shared_by: Mapping[Feature, int], least: float) -> frozenset[Feature]:
    """Facts of which every precedent at least so much alike has one.

    The rarest facts are taken until what is left weighs too little: a precedent that has none of them shares at most
    the rest, out of at least all that weighs here (the prefix filter of set-similarity joins; Chaudhuri and others,
    2006). Where the facts of which a match needs one are in fewer precedents, those are taken instead.

    Args:
        here: the case to look up precedents for.
        weigh: the weight of a fact in the measure.
        shared_by: how many precedents have each fact; facts that none has are left out, and need no look.
        least: the least measure that is wanted.
    """
    weighed = sorted(filter(is_weighed, here.facts), key=lambda fact: (shared_by.get(fact, 0), fact))
    spare = least * sum(map(weigh, weighed))
    rest = sum(map(weigh, weighed))
    rare = set()
    for fact in weighed:
        if rest < spare:
            break
        rare.add(fact)
        rest -= weigh(fact)
    material = set(filter(is_material, weighed))
    cheaper = min((rare, material), key=lambda facts: sum(shared_by.get(fact, 0) for fact in facts))
    return frozenset(fact for fact in cheaper if fact in shared_by)
