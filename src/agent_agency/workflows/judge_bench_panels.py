"""Tests panels of one set of judges on items that they have not seen, beside the best judge taken alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.best_single import SingleJudge, fit_best_single
from agent_agency.judging.panels.cascade_curve import FOLDS as CURVE_FOLDS
from agent_agency.judging.panels.cascade_curve import REPETITIONS as CURVE_REPETITIONS
from agent_agency.judging.panels.cascade_curve import Curve, cascade_curve
from agent_agency.judging.panels.methods import METHODS
from agent_agency.judging.panels.position import Share
from agent_agency.judging.panels.prices import Prices, shipped_prices
from agent_agency.judging.panels.score import Accuracy
from agent_agency.judging.panels.validation import FOLDS, REPETITIONS, Fit, NestedCv, leave_one_subset_out, nested_cv
from agent_agency.statistics.intervals import wilson
from agent_agency.statistics.paired import PairedResult, paired_bootstrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_agency.judging.panels.votes import Votes

BASELINE = "majority"


@dataclass(frozen=True, slots=True)
class Plan:
    """How panels are tested.

    Args:
        repetitions: of the cross-validation, each with folds dealt anew.
        folds: parts of the items.
        seed: of the folds and of the bootstrap.
        prices: what judges cost; the shipped table where ``None``, and then judges may be missing from it.
    """

    repetitions: int = REPETITIONS
    folds: int = FOLDS
    seed: int = 0
    prices: Prices | None = None


@dataclass(frozen=True, slots=True)
class MethodResult:
    """How one method did on items that it had not seen.

    Args:
        method: its name.
        accuracy: the mean over the repetitions, with Wilson's interval for the number of items.
        least: the lowest accuracy of a repetition.
        most: the highest.
        deviation: the standard deviation over the repetitions; 0 for a single one.
        by_subset: the mean accuracy on each subset.
        left_out: the accuracy on each subset when it was left out of learning; empty where there is one subset only.
        over_baseline: the gain over the majority vote on the same items; ``None`` for that vote itself.
    """

    method: str
    accuracy: Share
    least: float
    most: float
    deviation: float
    by_subset: dict[str, float]
    left_out: dict[str, Accuracy]
    over_baseline: PairedResult | None

    @property
    def left_out_mean(self) -> float | None:
        """The mean over the subsets, each counting alike."""
        return fmean(one.accuracy for one in self.left_out.values()) if self.left_out else None


@dataclass(frozen=True, slots=True)
class SetResult:
    """The methods on one set of judges.

    Args:
        without: the models that were left out.
        judges: how many judges there are.
        methods: how each did.
        cascade: accuracy against cost; ``None`` where a judge has no price.
        no_cascade: why there is none, empty where there is one.
    """

    without: tuple[str, ...]
    judges: int
    methods: tuple[MethodResult, ...]
    cascade: Curve | None
    no_cascade: str


def measure_set(
    votes: Votes, labels: NDArray[np.int8], without: tuple[str, ...], plan: Plan, tell: Callable[[str], None]
) -> SetResult:
    """Test every method on these judges, all by the same folds.

    Args:
        votes: the votes of the judges that are left.
        labels: 1 or -1 for each item.
        without: the models that were left out, for the report.
        plan: how.
        tell: told what is being done.

    Raises:
        JudgeError: a method cannot be fitted.
        MissingExtraError: NumPy or SciPy is not installed.
    """
    tested: dict[str, NestedCv] = {}
    left: dict[str, dict[str, Accuracy]] = {}
    for name, fit in _contestants().items():
        tell(f"{name} of {len(votes.judges)} judges{_left_out(without)}, {plan.repetitions} x {plan.folds} folds")
        tested[name] = nested_cv(votes, labels, fit, plan.repetitions, plan.seed, plan.folds)
        left[name] = leave_one_subset_out(votes, labels, fit) if len(set(votes.subsets)) > 1 else {}
    methods = tuple(_result(name, tested, left[name], plan.seed) for name in tested)
    curve, reason = _cascade(votes, labels, plan, tell)
    return SetResult(without, len(votes.judges), methods, curve, reason)


def _cascade(
    votes: Votes, labels: NDArray[np.int8], plan: Plan, tell: Callable[[str], None]
) -> tuple[Curve | None, str]:
    """The curve, or why there is none."""
    prices = shipped_prices() if plan.prices is None else plan.prices
    repetitions = min(plan.repetitions, CURVE_REPETITIONS)
    try:
        for judge in votes.judges:
            prices.cost(judge)
    except JudgeError as error:
        return None, error.message
    tell(f"cascade of {len(votes.judges)} judges, {repetitions} x {CURVE_FOLDS} folds")
    return cascade_curve(votes, labels, prices, repetitions=repetitions, seed=plan.seed), ""


def _contestants() -> Mapping[str, str | Fit]:
    return {SingleJudge.method: fit_best_single, **{name: name for name in METHODS}}


def _left_out(without: tuple[str, ...]) -> str:
    return f" without {', '.join(without)}" if without else ""


def _result(name: str, tested: Mapping[str, NestedCv], left: dict[str, Accuracy], seed: int) -> MethodResult:
    found, baseline = tested[name], tested[BASELINE]
    total, n = sum(found.credits), len(found.credits)
    return MethodResult(
        name,
        Share(total / n, n, wilson(total, n)),
        min(found.accuracies),
        max(found.accuracies),
        stdev(found.accuracies) if len(found.accuracies) > 1 else 0.0,
        {subset: fmean(means) for subset, means in found.by_subset.items()},
        left,
        None if name == BASELINE else paired_bootstrap(baseline.credits, found.credits, seed),
    )
