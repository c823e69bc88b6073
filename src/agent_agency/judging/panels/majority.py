"""Majority vote: every answer counts alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent_agency.extras import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes


@dataclass(frozen=True, slots=True)
class MajorityPanel:
    """Counts answers; the probability is the share of answers for output 1, not a calibrated figure."""

    method: ClassVar[str] = "majority"
    judges: tuple[str, ...]

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """See `Panel.probabilities`."""
        numpy = require("numpy", extra="stats")
        marks = votes.of_judges(self.judges).marks
        given = numpy.count_nonzero(marks, axis=(1, 2))
        balance = marks.sum(axis=(1, 2), dtype=numpy.int64)
        shares: NDArray[np.float64] = 0.5 + 0.5 * balance / numpy.maximum(given, 1)
        return shares

    def parameters(self) -> dict[str, Any]:
        """None: the judges say it all."""
        return {}


def fit_majority(votes: Votes) -> MajorityPanel:
    """Nothing is learned; labels are not needed."""
    return MajorityPanel(votes.judges)
