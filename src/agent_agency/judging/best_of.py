"""The best of several pieces of work, by comparing every two; a judge that goes in circles names none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from agent_agency.judging.pairwise import Comparison
from agent_agency.judging.subject import Subject

Compare = Callable[[Subject, Subject], Comparison]


@dataclass(frozen=True, slots=True)
class BestOf:
    """What a tournament came to; pieces are named by their positions, from 0.

    Args:
        winner: the piece that beats every other (a Condorcet winner); ``None`` where there is none.
        unbeaten: the pieces that no other beats.
        beats: every pair that was decided, winner first.
        undecided: every pair that was not, with the reason.
        cycles: every three pieces of which each beats the next; a judge that has any is not to be trusted on them.
    """

    winner: int | None
    unbeaten: tuple[int, ...]
    beats: tuple[tuple[int, int], ...]
    undecided: tuple[tuple[int, int, str], ...]
    cycles: tuple[tuple[int, int, int], ...]

    @property
    def transitive(self) -> bool:
        """Whether the judge never went in a circle."""
        return not self.cycles


def best_of(candidates: Sequence[Subject], compare: Compare) -> BestOf:
    """Compare every two candidates in both orders, ``n * (n - 1)`` questions.

    A tie, a disagreement of the two orders or a circle leaves no winner; none is made up by counting wins.

    Args:
        candidates: at least one.
        compare: compares two of them.

    Raises:
        ValueError: there is no candidate.
    """
    if not candidates:
        raise ValueError("the best of nothing does not exist")
    beats: list[tuple[int, int]] = []
    undecided: list[tuple[int, int, str]] = []
    for one, other in combinations(range(len(candidates)), 2):
        made = compare(candidates[one], candidates[other])
        if made.winner is None:
            undecided.append((one, other, made.reason))
        else:
            beats.append((one, other) if made.winner == "one" else (other, one))
    losers = {loser for _, loser in beats}
    unbeaten = tuple(at for at in range(len(candidates)) if at not in losers)
    winners = [at for at in unbeaten if sum(better == at for better, _ in beats) == len(candidates) - 1]
    cycles = _cycles(frozenset(beats), len(candidates))
    return BestOf(winners[0] if winners else None, unbeaten, tuple(beats), tuple(undecided), cycles)


def _cycles(beats: frozenset[tuple[int, int]], count: int) -> tuple[tuple[int, int, int], ...]:
    """Every circle of three, smallest position first.

    A longer circle among pieces that are all compared holds one of three (Moon 1968, Topics on Tournaments); where a
    pair of it is undecided, it is not counted.
    """
    found = []
    for a, b, c in combinations(range(count), 3):
        if {(a, b), (b, c), (c, a)} <= beats:
            found.append((a, b, c))
        elif {(a, c), (c, b), (b, a)} <= beats:
            found.append((a, c, b))
    return tuple(found)
