"""The votes of many judges on pairs of outputs, each pair shown in both orders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.extras import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ORDERS = ("12", "21")
"""Which output was shown first; an index into the last axis of `Votes.marks`."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """What each judge said of each item in each order.

    Args:
        items: names of the items, the first axis of ``marks``.
        subsets: the subset that each item belongs to; any names.
        judges: names as ``MODEL/STRATEGY``, the second axis of ``marks``.
        marks: items by judges by two orders, ``int8``: 1 for output 1, -1 for output 2, 0 for no verdict or no vote.
            Winners are in the items' own numbering, whatever the order. The array is read-only.
    """

    items: tuple[str, ...]
    subsets: tuple[str, ...]
    judges: tuple[str, ...]
    marks: NDArray[np.int8]

    def __post_init__(self) -> None:
        """Freeze the array, and refuse one that does not fit its names."""
        if self.marks.shape != (len(self.items), len(self.judges), len(ORDERS)):
            raise ValueError(
                f"marks of shape {self.marks.shape} for {len(self.items)} items, {len(self.judges)} judges"
            )
        if len(self.subsets) != len(self.items):
            raise ValueError("every item needs its subset")
        self.marks.setflags(write=False)

    def signals(self) -> NDArray[np.float64]:
        """Both orders of each judge as one signal: items by judges, from -1 to 1.

        A judge that prefers a place rather than an output says opposite things in the two orders, which makes 0, so its
        preference for the place is gone. Where the outputs change places, every signal changes its sign.
        """
        numpy = require("numpy", extra="stats")
        signals: NDArray[np.float64] = self.marks.sum(axis=2, dtype=numpy.float64) / len(ORDERS)
        return signals

    def of_judges(self, judges: Sequence[str]) -> Votes:
        """The same items seen by these judges, in this order; one that never voted here is silent on every item."""
        numpy = require("numpy", extra="stats")
        here = {name: place for place, name in enumerate(self.judges)}
        marks = numpy.zeros((len(self.items), len(judges), len(ORDERS)), dtype=numpy.int8)
        for place, name in enumerate(judges):
            if name in here:
                marks[:, place, :] = self.marks[:, here[name], :]
        return Votes(self.items, self.subsets, tuple(judges), marks)

    def of_items(self, places: Sequence[int] | NDArray[np.intp]) -> Votes:
        """The items at these places, in this order."""
        numpy = require("numpy", extra="stats")
        chosen = [int(place) for place in places]
        marks = self.marks[numpy.array(chosen, dtype=numpy.intp)]
        items, subsets = (tuple(row[place] for place in chosen) for row in (self.items, self.subsets))
        return Votes(items, subsets, self.judges, marks)

    def without(self, models: Collection[str]) -> Votes:
        """Leave out every judge whose model is named, letter for letter.

        Raises:
            JudgeError: a model that no judge here has, or no judge is left.
        """
        present = {model_of(judge) for judge in self.judges}
        unknown = sorted(set(models) - present)
        if unknown:
            raise JudgeError(
                f"No judge is of the model {unknown[0]!r}",
                fix=f"Name models that are there: {', '.join(sorted(present))}.",
                code="judge.unknown_model",
            )
        left = tuple(judge for judge in self.judges if model_of(judge) not in models)
        if not left:
            raise JudgeError("No judge is left", fix="Leave out fewer models.", code="judge.no_judges")
        return self.of_judges(left)

    def swapped(self) -> Votes:
        """The same votes with the outputs' names exchanged: output 1 is called 2, so what was order 12 is order 21."""
        return Votes(self.items, self.subsets, self.judges, -self.marks[:, :, ::-1])


def model_of(judge: str) -> str:
    """The model of a judge: what stands before the first slash."""
    return judge.partition("/")[0]


def strategy_of(judge: str) -> str:
    """The prompting strategy of a judge: what stands after the first slash, or nothing."""
    return judge.partition("/")[2]
