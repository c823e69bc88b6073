"""Votes made up for a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from agent_agency.judging.panels.votes import Votes

NAMES = ("Big/Plain", "Big/Steps", "Small/Plain", "Small/Steps", "Tiny/Plain")


def votes_of(marks: NDArray[np.number[Any]], subsets: Sequence[str] = (), judges: Sequence[str] = NAMES) -> Votes:
    """Votes with names for everything; items go round the subsets."""
    items = len(marks)
    around = tuple(subsets) or ("one", "two")
    return Votes(
        tuple(f"item-{place:03}" for place in range(items)),
        tuple(around[place % len(around)] for place in range(items)),
        tuple(judges)[: marks.shape[1]],
        marks.astype(np.int8),
    )


def labelled_votes(least: int = 2, most: int = 12) -> st.SearchStrategy[tuple[Votes, NDArray[np.int8]]]:
    """Any votes of up to five judges, and any labels."""
    return st.integers(least, most).flatmap(
        lambda items: st.tuples(
            st.integers(1, len(NAMES)).flatmap(
                lambda judges: hnp.arrays(np.int8, (items, judges, 2), elements=st.integers(-1, 1)).map(votes_of)
            ),
            hnp.arrays(np.int8, items, elements=st.sampled_from([-1, 1])),
        )
    )


def simulated(accuracies: dict[str, dict[str, float]], n: int = 60, seed: int = 0) -> tuple[Votes, NDArray[np.int8]]:
    """Judges that are right so often on each subset, both orders alike.

    Args:
        accuracies: by subset, then by judge; a model's judges are right and wrong on the same items.
        n: items in each subset.
        seed: of the chance.
    """
    rng = np.random.default_rng(seed)
    judges = tuple(next(iter(accuracies.values())))
    labels = rng.choice([-1, 1], n * len(accuracies)).astype(np.int8)
    marks = np.zeros((len(labels), len(judges), 2), dtype=np.int8)
    subsets = [name for name in accuracies for _ in range(n)]
    for place, (label, subset) in enumerate(zip(labels, subsets, strict=True)):
        luck: dict[str, float] = {}
        for column, judge in enumerate(judges):
            drawn = luck.setdefault(judge.partition("/")[0], rng.random())
            marks[place, column] = label if drawn < accuracies[subset][judge] else -label
    names = tuple(f"item-{place:03}" for place in range(len(labels)))
    return Votes(names, tuple(subsets), judges, marks), labels
