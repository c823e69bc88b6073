"""The methods by name, as the command line and panel files know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.choose import fit_calibrated
from agent_agency.judging.panels.dawid_skene_panel import fit_dawid_skene
from agent_agency.judging.panels.majority import fit_majority
from agent_agency.judging.panels.weighted import fit_weighted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.panel import Panel
    from agent_agency.judging.panels.votes import Votes

METHODS = ("majority", "weighted", "dawid-skene", "calibrated")
UNSUPERVISED = frozenset({"majority", "dawid-skene"})
"""The methods that learn from votes alone."""


def fit_panel(votes: Votes, labels: NDArray[np.int8], method: str) -> Panel:
    """Fit a panel of all judges of these votes.

    Args:
        votes: the votes to learn from.
        labels: 1, -1 or 0 (unknown) for each item; ignored by methods that learn from votes alone.
        method: one of ``METHODS``.

    Raises:
        JudgeError: the method is unknown, or needs labels and there are none.
    """
    if method not in METHODS:
        raise JudgeError(f"There is no method {method!r}", fix=f"Use one of {', '.join(METHODS)}.")
    if method not in UNSUPERVISED and not labels.any():
        raise JudgeError(
            f"No item has a label, and {method} learns from labels",
            fix="Give items with labels, or fit by majority or dawid-skene.",
            code="judge.no_labels",
        )
    if method == "majority":
        return fit_majority(votes)
    if method == "dawid-skene":
        return fit_dawid_skene(votes)
    if method == "weighted":
        return fit_weighted(votes, labels)
    return fit_calibrated(votes, labels)
