"""The best judge taken alone: what a panel must beat to be worth its cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agent_agency.judging.panels.position import credits_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes


@dataclass(frozen=True, slots=True)
class SingleJudge:
    """One judge, in both orders; a contradiction leaves an item undecided."""

    method: ClassVar[str] = "best single judge"
    judges: tuple[str, ...]

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """See `Panel.probabilities`; the share of its verdicts for output 1, not a calibrated figure."""
        shares: NDArray[np.float64] = (1 + votes.of_judges(self.judges).signals()[:, 0]) / 2
        return shares

    def parameters(self) -> dict[str, Any]:
        """None: the judge says it all."""
        return {}


def fit_best_single(votes: Votes, labels: NDArray[np.int8]) -> SingleJudge:
    """Choose the judge with the best accuracy on these items; of equal ones, the first."""
    return SingleJudge((votes.judges[int(credits_of(votes, labels).mean(axis=0).argmax())],))
