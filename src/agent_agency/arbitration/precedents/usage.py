"""How often precedents were cited, followed, departed from and distinguished: a fold over the rulings that cite them.

Counts are for people. They play no part in what is found or cited, so that no precedent grows by being found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.precedents.model import Distinction, Relation
from agent_agency.ledger.entry import Entry

RULING = "ruling"


@dataclass(frozen=True, slots=True)
class Usage:
    """What became of one precedent; ``cited`` counts rulings that cite it, whatever they then did."""

    cited: int = 0
    followed: int = 0
    departed: int = 0
    distinguished: int = 0

    def as_dict(self) -> dict[str, int]:
        """JSON-ready."""
        return {name: getattr(self, name) for name in ("cited", "followed", "departed", "distinguished")}


def relations_of(rulings: Iterable[Entry]) -> Mapping[str, Mapping[str, Relation]]:
    """By precedent, what each ruling that cites it did with it; a ruling that was recorded again counts once."""
    latest: dict[str, Mapping[str, Relation]] = {}
    for entry in rulings:
        if entry.kind == RULING:
            latest[str(entry.body.get("ruling_id"))] = dict(_cited(entry.body.get("precedents")))
    found: dict[str, dict[str, Relation]] = {}
    for ruling, cited in latest.items():
        for precedent, relation in cited.items():
            found.setdefault(precedent, {})[ruling] = relation
    return found


def usage(relations: Mapping[str, Relation], distinctions: Iterable[Distinction]) -> Usage:
    """Count what rulings did with one precedent; one that somebody distinguished later departed from nothing."""
    told = {**relations, **{one.ruling: Relation.DISTINGUISHED for one in distinctions}}
    done = list(told.values())
    return Usage(
        len(relations), *(done.count(one) for one in (Relation.FOLLOWED, Relation.DEPARTED, Relation.DISTINGUISHED))
    )


def _cited(members: Any) -> Iterable[tuple[str, Relation]]:
    for member in members if isinstance(members, list) else ():
        if isinstance(member, dict) and isinstance(member.get("precedent"), str):
            relation = member.get("relation")
            if relation in list(Relation):
                yield member["precedent"], Relation(relation)
