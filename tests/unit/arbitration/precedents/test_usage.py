from __future__ import annotations

from typing import Any

import pytest

from agent_agency.arbitration.precedents.model import Distinction, Relation
from agent_agency.arbitration.precedents.usage import Usage, relations_of, usage
from agent_agency.ledger.entry import Entry


def ruling(ruling_id: str, *cited: tuple[str, str], seq: int = 1) -> Entry:
    told = [{"precedent": name, "relation": relation} for name, relation in cited]
    body = {"ruling_id": ruling_id, "precedents": told}
    return Entry(seq, "ruling", "2026-01-31T08:00:00.000Z", "a" * 32, body, None, "sha256:" + "0" * 64)


def test_relations_are_counted_for_each_precedent() -> None:
    told = relations_of([ruling("R-1", ("P-1", "followed"), ("P-2", "departed")), ruling("R-2", ("P-1", "departed"))])
    assert usage(told["P-1"], ()) == Usage(cited=2, followed=1, departed=1)
    assert usage(told["P-2"], ()) == Usage(cited=1, departed=1)


def test_a_ruling_that_was_recorded_again_counts_as_it_was_recorded_last() -> None:
    told = relations_of([ruling("R-1", ("P-1", "followed")), ruling("R-1", ("P-1", "departed"))])
    assert told["P-1"] == {"R-1": Relation.DEPARTED}


def test_what_somebody_distinguished_later_departed_from_nothing() -> None:
    distinctions = [Distinction("R-1", (), "ada", 9), Distinction("R-7", (), "ada", 10)]
    told = relations_of([ruling("R-1", ("P-1", "departed"))])
    assert usage(told["P-1"], distinctions) == Usage(cited=1, distinguished=2)


@pytest.mark.parametrize(
    "told", [None, "x", [None], [{}], [{"precedent": 1, "relation": "followed"}], [{"precedent": "P-1"}]]
)
def test_citations_of_any_other_shape_count_for_nothing(told: Any) -> None:
    entry = ruling("R-1")
    odd = Entry(1, "ruling", entry.ts, entry.chain, {"ruling_id": "R-1", "precedents": told}, None, entry.hash)
    assert relations_of([odd]) == {}


def test_an_unhashable_relation_counts_for_nothing() -> None:
    entry = ruling("R-1")
    body = {"ruling_id": "R-1", "precedents": [{"precedent": "P-1", "relation": []}]}
    assert relations_of([Entry(1, "ruling", entry.ts, entry.chain, body, None, entry.hash)]) == {}
