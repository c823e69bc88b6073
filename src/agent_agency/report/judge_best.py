"""The best of several pieces of work, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agent_agency.report.judge_run import NO_MODEL, SCHEMA_VERSION
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from agent_agency.workflows.judge_best import BestResult

_WHY = {
    "order": "the two orders disagree",
    "neither": "both orders call them equal",
    "abstain": "the judge abstained",
}


def best_document(result: BestResult) -> dict[str, Any]:
    """A tournament as plain JSON data; pieces are named by their ids."""
    ids, best = result.ids, result.best
    return {
        "schema_version": SCHEMA_VERSION,
        "judge": result.judge,
        "version": result.version,
        "engine": result.engine,
        "language_model": result.language_model,
        "run": result.run,
        "pieces": list(ids),
        "winner": None if best.winner is None else ids[best.winner],
        "unbeaten": [ids[at] for at in best.unbeaten],
        "transitive": best.transitive,
        "beats": [[ids[better], ids[worse]] for better, worse in best.beats],
        "undecided": [{"pieces": [ids[one], ids[other]], "reason": why} for one, other, why in best.undecided],
        "cycles": [[ids[at] for at in cycle] for cycle in best.cycles],
    }


def best_lines(result: BestResult) -> Iterator[str]:
    """A tournament in a few lines."""
    ids, best = [clean(one) for one in result.ids], result.best
    yield f"best       {'none' if best.winner is None else ids[best.winner]}"
    pairs = len(best.beats) + len(best.undecided)
    yield f"pairs      {len(best.beats)} of {pairs} decided, each in both orders"
    for one, other, why in best.undecided:
        yield f"undecided  {ids[one]} and {ids[other]}: {_WHY.get(why, clean(why))}"
    for a, b, c in best.cycles:
        yield f"circle     {ids[a]} beats {ids[b]}, {ids[b]} beats {ids[c]}, {ids[c]} beats {ids[a]}"
    if not result.language_model:
        yield NO_MODEL
