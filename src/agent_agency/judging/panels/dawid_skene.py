"""The reliability of voters and the truth, learned together from votes alone.

The model and its fit by expectation and maximisation are those of Dawid and Skene (1979, Applied Statistics 28:20-28):
every item has a hidden true class, and every voter a table of how often it says one class where another is true. Voters
err independently once the true class is known. Where many of them are wrong together, as on items made to deceive, the
model takes their agreement for the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.extras import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = -1
"""The mark of a vote that was not given."""
SMOOTHING = 0.5
LIMIT = 1_000
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DawidSkene:
    """A fitted model.

    Args:
        priors: the probability of each class, of shape (classes,).
        confusion: how often a voter says a class where another is true, of shape (voters, true class, said class);
            the last axis sums to 1.
        objective: what was maximised, before each step and at the end: the log-likelihood of the votes, in nats, and
            the logarithm of the smoothing prior. It never falls.
        converged: whether it stopped rising before the limit of steps.
    """

    priors: NDArray[np.float64]
    confusion: NDArray[np.float64]
    objective: tuple[float, ...]
    converged: bool


def fit(
    votes: NDArray[np.int64],
    classes: int,
    *,
    known: NDArray[np.int64] | None = None,
    smoothing: float = SMOOTHING,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
    keep: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
) -> DawidSkene:
    """Learn the model; it starts from the share of votes that each class has, so the same votes give the same model.

    Args:
        votes: items by voters: 0 to classes - 1, or `MISSING`.
        classes: how many classes there are, at least 2.
        known: the true class of each item where somebody knows it, else `MISSING`; what is known stays fixed.
        smoothing: pseudo-votes that are added to each cell of each table (a Dirichlet prior of 1 + smoothing, whose
            most probable tables are found); above 0, so that nothing is impossible.
        tolerance: stop where a step raises the objective by less than this per vote.
        limit: steps at most; with a tolerance of 0 or less, this many are made.
        keep: restores a symmetry of the votes in what is believed of the truth (items by classes), where rounding
            would break it and steps that rise would lead away from it.

    Raises:
        MissingExtraError: NumPy is not installed.
        ValueError: votes or known classes that are none, or a bad setting.
    """
    numpy = require("numpy", extra="stats")
    _check(votes, classes, known, smoothing)
    if not len(votes):
        raise ValueError("there are no votes to learn from")
    said = _indicators(votes, classes)
    restored = keep or _as_it_is
    truth = restored(_start(said, classes, known))
    objective: list[float] = []
    converged = False
    for _ in range(limit + 1):
        priors, confusion = truth.mean(axis=0), _tables(truth, said, smoothing)
        joint = _joint(priors, confusion, said)
        likelihood, belief = _normalised(joint, known)
        objective.append(likelihood + smoothing * float(numpy.log(confusion).sum()))
        if tolerance > 0 and len(objective) > 1:
            converged = objective[-1] - objective[-2] < tolerance * max(1, int(said.sum()))
        if converged:
            break
        truth = restored(belief)
    return DawidSkene(priors, confusion, tuple(objective), converged)


def posterior(model: DawidSkene, votes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of each class for each item, seen or not: items by classes, rows summing to 1.

    Args:
        model: a fitted model.
        votes: items by the model's voters, in their order. An item without votes has the priors.

    Raises:
        ValueError: votes that are none, or of other voters.
    """
    classes = len(model.priors)
    _check(votes, classes, None, 1.0)
    if votes.shape[1] != len(model.confusion):
        raise ValueError(f"votes of {votes.shape[1]} voters for a model of {len(model.confusion)}")
    return _normalised(_joint(model.priors, model.confusion, _indicators(votes, classes)), None)[1]


def _as_it_is(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return truth


def _check(votes: NDArray[np.int64], classes: int, known: NDArray[np.int64] | None, smoothing: float) -> None:
    numpy = require("numpy", extra="stats")
    if classes < 2 or not 0 < smoothing < numpy.inf:  # noqa: PLR2004 - one class is no choice
        raise ValueError("two classes and a smoothing above 0 are the least")
    if votes.ndim != 2:  # noqa: PLR2004 - items by voters
        raise ValueError("votes are a table of items by voters")
    if known is not None and known.shape != votes.shape[:1]:
        raise ValueError("every item has a known class or MISSING")
    for marks in (votes,) if known is None else (votes, known):
        if marks.dtype.kind != "i" or marks.min(initial=0) < MISSING or marks.max(initial=0) >= classes:
            raise ValueError(f"votes and known classes are whole numbers from 0 to {classes - 1}, or {MISSING}")


def _indicators(votes: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Items by voters by classes: 1 where the voter said the class."""
    numpy = require("numpy", extra="stats")
    said: NDArray[np.float64] = (votes[:, :, None] == numpy.arange(classes)).astype(numpy.float64)
    return said


def _start(said: NDArray[np.float64], classes: int, known: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """The shares of the votes; alike for every class where there is no vote."""
    numpy = require("numpy", extra="stats")
    counts = said.sum(axis=1)
    given = counts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = numpy.where(given > 0, counts / numpy.maximum(given, 1), 1 / classes)
    return _held(shares, known)


def _held(truth: NDArray[np.float64], known: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """Put certainty where the class is known."""
    if known is None:
        return truth
    numpy = require("numpy", extra="stats")
    sure = numpy.eye(truth.shape[1])[numpy.maximum(known, 0)]
    held: NDArray[np.float64] = numpy.where((known != MISSING)[:, None], sure, truth)
    return held


def _tables(truth: NDArray[np.float64], said: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """The most probable tables, given what is believed of the truth."""
    items, voters, classes = said.shape
    counts = (truth.T @ said.reshape(items, -1)).reshape(classes, voters, classes).transpose(1, 0, 2) + smoothing
    tables: NDArray[np.float64] = counts / counts.sum(axis=2, keepdims=True)
    return tables


def _joint(
    priors: NDArray[np.float64], confusion: NDArray[np.float64], said: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The logarithm of the probability of each item's votes together with each class."""
    numpy = require("numpy", extra="stats")
    items, _, classes = said.shape
    logs = numpy.log(confusion).transpose(1, 0, 2).reshape(classes, -1)
    least = numpy.finfo(numpy.float64).tiny
    joint: NDArray[np.float64] = said.reshape(items, -1) @ logs.T + numpy.log(numpy.maximum(priors, least))
    return joint


def _normalised(joint: NDArray[np.float64], known: NDArray[np.int64] | None) -> tuple[float, NDArray[np.float64]]:
    """The log-likelihood of the votes, and the probability of each class; sums are taken relative to the greatest."""
    numpy = require("numpy", extra="stats")
    most = joint.max(axis=1, keepdims=True)
    shares = numpy.exp(joint - most)
    totals = shares.sum(axis=1, keepdims=True)
    logs = (most + numpy.log(totals))[:, 0]
    if known is not None:
        own = numpy.take_along_axis(joint, numpy.maximum(known, 0)[:, None], axis=1)[:, 0]
        logs = numpy.where(known != MISSING, own, logs)
    return float(logs.sum()), _held(shares / totals, known)
