"""Fit a calibration: to true verdicts by Newton's method, or to the mean of what a model says without them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.errors import JudgeError
from agent_agency.extras import require
from agent_agency.judging.answer import Verdict
from agent_agency.judging.modes.calibration import HOTTEST, Held, Method, softmax
from agent_agency.judging.modes.label_words import SCORED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_ITEMS = 20
"""Labelled items below which nothing is fitted."""
RIDGE = 1.0
"""How strongly a fit is held at temperature 1 and no bias: as if each were known to within 1."""
_STEPS = 100
_SMALL = 1e-9
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One subject: the labels' scores (mean log-probability per token, in the order of `SCORED`), and what is true."""

    scores: tuple[float, ...]
    truth: Verdict | None


@dataclass(frozen=True, slots=True)
class Fit:
    """A temperature, and a bias for each label in the order of `SCORED`."""

    temperature: float
    biases: tuple[float, ...]


def refuse_few(truths: Sequence[Verdict | None], method: Method) -> None:
    """Refuse to fit on so few items, which can be told before any of them is asked about.

    Args:
        truths: what is true of each item that is fitted on.
        method: how it is fitted.

    Raises:
        JudgeError: ``judge.few_labels``.
    """
    fitted = method == "fitted"
    count = sum(one in SCORED for one in truths) if fitted else len(truths)
    if count >= LEAST_ITEMS:
        return
    known, more = (" with a true verdict", " labelled") if fitted else ("", "")
    other = "; or calibrate by the prior alone: --method prior." if fitted else "."
    raise JudgeError(
        f"There are {count} items{known} to fit a calibration on; {LEAST_ITEMS} are needed",
        fix=f"Give more{more} items, of which half are fitted on{other}",
        code="judge.few_labels",
    )


def fit_to_truth(rows: Sequence[Row]) -> Fit:
    """The likeliest temperature and biases, with a normal prior around none at all (`RIDGE`).

    The loss is convex in the inverse of the temperature and the biases. Where labels point away from what is true, the
    temperature ends at `HOTTEST`: such a judge is turned into the shares of its verdicts, never round.

    Raises:
        JudgeError: ``judge.few_labels``: there are too few items with a true verdict.
        MissingExtraError: numpy is not installed.
    """
    known = [one for one in rows if one.truth in SCORED]
    refuse_few([one.truth for one in known], "fitted")
    numpy = require("numpy", extra="stats")
    scores = numpy.array([one.scores for one in known])
    scores -= scores.mean(axis=1, keepdims=True)
    truth = numpy.array([SCORED.index(one.truth) for one in known if one.truth])
    found = _newton(scores, truth, free=True)
    if found[0] < 1 / HOTTEST:
        found = _newton(scores, truth, free=False)
    slope, biases = float(found[0]), [float(one) for one in found[1:]]
    middle = sum(biases) / len(biases)
    return Fit(round(min(HOTTEST, 1 / slope), _DIGITS), tuple(round(one - middle, _DIGITS) for one in biases))


def fit_to_prior(rows: Sequence[Row]) -> Fit:
    """Biases that make every label equally likely over all subjects, as far as one step does.

    Raises:
        JudgeError: ``judge.few_labels``: there are too few items.
    """
    refuse_few([one.truth for one in rows], "prior")
    every = [softmax(one.scores) for one in rows]
    means = [sum(column) / len(every) for column in zip(*every, strict=True)]
    logs = [-math.log(max(one, _SMALL)) for one in means]
    middle = sum(logs) / len(logs)
    return Fit(1.0, tuple(round(one - middle, _DIGITS) for one in logs))


def held_out(rows: Sequence[Row], fit: Fit) -> Held | None:
    """How a fit does on labelled items that it has not seen; ``None`` where there are none."""
    known = [(one, SCORED.index(one.truth)) for one in rows if one.truth is not None and one.truth in SCORED]
    if not known:
        return None
    before = [(softmax(one.scores), at) for one, at in known]
    after = [(applied(fit, one.scores), at) for one, at in known]
    return Held(len(known), _loss(before), _loss(after), _accuracy(before), _accuracy(after))


def applied(fit: Fit, scores: Sequence[float]) -> tuple[float, ...]:
    """Probabilities by a fit."""
    return softmax([one / fit.temperature + bias for one, bias in zip(scores, fit.biases, strict=True)])


def _loss(told: Sequence[tuple[Sequence[float], int]]) -> float:
    return round(-sum(math.log(max(shares[at], _SMALL)) for shares, at in told) / len(told), _DIGITS)


def _accuracy(told: Sequence[tuple[Sequence[float], int]]) -> float:
    return round(sum(max(range(len(shares)), key=shares.__getitem__) == at for shares, at in told) / len(told), _DIGITS)


def _newton(scores: NDArray[np.float64], truth: NDArray[np.intp], *, free: bool) -> Any:
    """The best slope and biases; where it is not free, the slope stays at its least."""
    numpy = require("numpy", extra="stats")
    labels = scores.shape[1]
    found = numpy.array([1.0 if free else 1 / HOTTEST, *([0.0] * labels)])
    moves = slice(None) if free else slice(1, None)
    value = _objective(scores, truth, found)
    for _ in range(_STEPS):
        gradient, curvature = _derivatives(scores, truth, found)
        step = numpy.zeros_like(found)
        step[moves] = numpy.linalg.solve(curvature[moves, moves], gradient[moves])
        size = 1.0
        while _objective(scores, truth, found - size * step) > value and size > _SMALL:
            size /= 2
        found = found - size * step
        lower = _objective(scores, truth, found)
        if value - lower < _SMALL:
            break
        value = lower
    return found


def _shares(scores: NDArray[np.float64], found: Any) -> Any:
    numpy = require("numpy", extra="stats")
    logits = found[0] * scores + found[1:]
    raised = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _objective(scores: NDArray[np.float64], truth: NDArray[np.intp], found: Any) -> float:
    numpy = require("numpy", extra="stats")
    logits = found[0] * scores + found[1:]
    top = logits.max(axis=1)
    total = top + numpy.log(numpy.exp(logits - top[:, None]).sum(axis=1))
    loss = (total - logits[numpy.arange(len(truth)), truth]).sum()
    return float(loss + RIDGE / 2 * ((found[0] - 1) ** 2 + (found[1:] ** 2).sum()))


def _derivatives(scores: NDArray[np.float64], truth: NDArray[np.intp], found: Any) -> tuple[Any, Any]:
    """Gradient and Hessian: rows of the design are the score of a label and which label it is."""
    numpy = require("numpy", extra="stats")
    items, labels = scores.shape
    shares = _shares(scores, found)
    design = numpy.concatenate(
        [scores[:, :, None], numpy.broadcast_to(numpy.eye(labels), (items, labels, labels))], axis=2
    )
    missed = shares.copy()
    missed[numpy.arange(items), truth] -= 1
    centred = numpy.array([RIDGE * (found[0] - 1), *(RIDGE * found[1:])])
    gradient = numpy.einsum("ik,ikp->p", missed, design) + centred
    mean = numpy.einsum("ik,ikp->ip", shares, design)
    curvature = numpy.einsum("ik,ikp,ikq->pq", shares, design, design) - numpy.einsum("ip,iq->pq", mean, mean)
    return gradient, curvature + RIDGE * numpy.eye(labels + 1)
