"""A panel whose reliabilities are learned from the votes alone, by Dawid and Skene's model.

Each judge votes twice on an item, once in each order, and each order is a voter with its own table, so a judge that
leans to the place shown first is known as such. Every item is also taken with its outputs' places exchanged: then the
tables of the two orders mirror each other and neither output is likelier beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent_agency.extras import require
from agent_agency.judging.panels.dawid_skene import MISSING, DawidSkene, fit, posterior

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes

DIGITS = 10
"""Decimals that parameters keep, so that the last bits of a sum do not change a panel's file."""


@dataclass(frozen=True, slots=True)
class DawidSkenePanel:
    """Two figures per judge: how likely it finds the better output where that is shown first, and where second."""

    method: ClassVar[str] = "dawid-skene"
    judges: tuple[str, ...]
    found_first: tuple[float, ...]
    found_second: tuple[float, ...]

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """See `Panel.probabilities`."""
        numpy = require("numpy", extra="stats")
        first, second = numpy.array(self.found_first), numpy.array(self.found_second)
        # Rows are the true output, columns the said one: output 1 is shown first in order 12, output 2 in order 21.
        in_12 = numpy.stack([first, 1 - first, 1 - second, second], axis=1).reshape(-1, 2, 2)
        in_21 = numpy.stack([second, 1 - second, 1 - first, first], axis=1).reshape(-1, 2, 2)
        tables = numpy.stack([in_12, in_21], axis=1).reshape(-1, 2, 2)
        model = DawidSkene(numpy.array([0.5, 0.5]), tables, (), converged=True)
        chosen = votes.of_judges(self.judges)
        return posterior(model, _classes(chosen))[:, 0]

    def parameters(self) -> dict[str, Any]:
        """For each judge, how likely it finds the better output shown first and second."""
        return {
            "found_first": dict(zip(self.judges, self.found_first, strict=True)),
            "found_second": dict(zip(self.judges, self.found_second, strict=True)),
        }


def fit_dawid_skene(votes: Votes) -> DawidSkenePanel:
    """Learn the figures; no label is needed or used.

    Raises:
        MissingExtraError: NumPy is not installed.
        ValueError: there is no item.
    """
    numpy = require("numpy", extra="stats")
    both = numpy.concatenate([_classes(votes), _classes(votes.swapped())])
    tables = fit(both, 2, keep=_mirrored).confusion.reshape(len(votes.judges), 2, 2, 2)
    return DawidSkenePanel(votes.judges, _rounded(tables[:, 0, 0, 0]), _rounded(tables[:, 0, 1, 1]))


def _mirrored(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beliefs about the items, and the opposite ones about the same items with their outputs' places exchanged."""
    numpy = require("numpy", extra="stats")
    items = len(truth) // 2
    half = (truth[:items] + truth[items:, ::-1]) / 2
    both: NDArray[np.float64] = numpy.concatenate([half, half[:, ::-1]])
    return both


def _classes(votes: Votes) -> NDArray[np.int64]:
    """Items by judges and orders: 0 for output 1, 1 for output 2."""
    numpy = require("numpy", extra="stats")
    marks = votes.marks.reshape(len(votes.items), -1).astype(numpy.int64)
    classes: NDArray[np.int64] = numpy.where(marks == 0, MISSING, (1 - marks) // 2)
    return classes


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)
