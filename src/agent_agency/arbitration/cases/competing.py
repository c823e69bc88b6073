"""Choosing between patches that compete for one spec: by law, else by what was measured, else by nobody here.

Only a patch whose ruling is ``approved`` or ``waived`` can win. Is there exactly one, the law has chosen. Are there
several, they are ranked by measured facts alone, in this order: fewer waivers needed, then fewer lines and then fewer
files used of the budget. Patches that these facts do not tell apart are told apart by nothing else: a person chooses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent_agency.arbitration.cases.model import Candidate

LAWFUL = frozenset({"approved", "waived"})


class ChosenBy(StrEnum):
    """What chose."""

    LAW = "law"
    FACTS = "facts"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome of a comparison.

    ``winner`` is ``None`` where no patch is lawful (``tied`` is empty then) or where the best are ``tied``. ``ranking``
    are the lawful patches, best first.
    """

    winner: Candidate | None
    by: ChosenBy | None
    ranking: tuple[Candidate, ...]
    tied: tuple[Candidate, ...] = ()


def choose(candidates: Iterable[Candidate]) -> Choice:
    """Choose; the order of the candidates does not matter."""
    lawful = sorted((one for one in candidates if one.verdict in LAWFUL), key=lambda one: (*_rank(one), one.ruling_id))
    if not lawful:
        return Choice(None, None, ())
    ranking = tuple(lawful)
    if len(lawful) == 1:
        return Choice(lawful[0], ChosenBy.LAW, ranking)
    best = tuple(one for one in lawful if _rank(one) == _rank(lawful[0]))
    if len(best) > 1:
        return Choice(None, None, ranking, best)
    return Choice(lawful[0], ChosenBy.FACTS, ranking)


def _rank(candidate: Candidate) -> tuple[int, int, int]:
    return (candidate.waivers, candidate.lines, candidate.files)
