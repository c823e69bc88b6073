"""What every panel of judges can do, whatever it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from agent_agency.extras import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes

TIE = 1e-9
"""A probability as close to one half as this is a tie: sums of the same votes in another order differ by less."""


class Panel(Protocol):
    """A fitted panel: a frozen value that turns votes into probabilities by its parameters alone."""

    @property
    def method(self) -> str:
        """The name of the method, as the command line takes it."""

    @property
    def judges(self) -> tuple[str, ...]:
        """The judges whose votes count, in the order of the parameters."""

    def probabilities(self, votes: Votes) -> NDArray[np.float64]:
        """The probability of each item that output 1 is the better one; one half where the votes say nothing.

        Votes of other judges are ignored and judges that are not there are silent. Where the outputs change places,
        every probability p becomes 1 - p.
        """

    def parameters(self) -> dict[str, Any]:
        """The parameters as plain JSON data, from which the method's reader makes the same panel."""


def decisions(probabilities: NDArray[np.float64], abstain_below: float) -> NDArray[np.int8]:
    """1 for output 1, -1 for output 2, 0 where the panel abstains.

    Args:
        probabilities: that output 1 is better.
        abstain_below: abstain where the likelier output has a probability below this; 0.5 abstains on ties alone.
    """
    numpy = require("numpy", extra="stats")
    sure = numpy.maximum(probabilities, 1 - probabilities)
    tied = numpy.abs(probabilities - 0.5) <= TIE
    sides = numpy.where(probabilities > 0.5, 1, -1)  # noqa: PLR2004 - the middle of a probability
    decided: NDArray[np.int8] = numpy.where(tied | (sure < abstain_below - TIE), 0, sides).astype(numpy.int8)
    return decided


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, without overflow."""
    numpy = require("numpy", extra="stats")
    grown = numpy.exp(-numpy.abs(values))
    result: NDArray[np.float64] = numpy.where(values >= 0, 1.0, grown) / (1.0 + grown)
    return result
