"""How many units an experiment needs, from the least effect worth finding."""

from __future__ import annotations

import math
from dataclasses import replace

from agent_agency.errors import ExperimentError
from agent_agency.learning.experiments.model import METHODS_OF, Kind, Method, Plan
from agent_agency.learning.experiments.progress import STARTUP
from agent_agency.statistics import power as samples
from agent_agency.statistics.sequential_power import inflation

_NEEDED = {Kind.MEAN: ("sd",), Kind.PROPORTION: ("baseline",), Kind.PAIRED: ("sd", "discordant")}


def planned(kind: Kind, draft: Plan) -> Plan:
    """Fill in a plan's n; the freedom to look at any time is paid for by a larger one (`inflation`).

    Args:
        kind: of the metric that decides.
        draft: the plan without its n; with ``sd`` for means, ``baseline`` for proportions, ``sd`` or ``discordant`` for
            pairs.

    Raises:
        ExperimentError: a plan that cannot be (``experiment.plan``).
        MissingExtraError: SciPy is not installed.
    """
    _check(kind, draft)
    try:
        n = _fixed_n(kind, draft)
        if draft.test is Method.ALWAYS_VALID:
            n = max(STARTUP, math.ceil(n * inflation(draft.alpha, draft.power)))
    except ValueError as error:
        raise _refused(f"This cannot be planned: {error}") from error
    return replace(draft, n=n)


def _check(kind: Kind, draft: Plan) -> None:
    test, given = draft.test, {"baseline": draft.baseline, "sd": draft.sd, "discordant": draft.discordant}
    if test not in METHODS_OF[kind]:
        raise _refused(f"The test {test} does not fit a {kind} metric", f"Choose {' or '.join(METHODS_OF[kind])}.")
    wanted = ("discordant",) if test is Method.MCNEMAR else _NEEDED[kind]
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1 or named[0] not in wanted:
        options = " or ".join(f"--{name}" for name in wanted)
        raise _refused(f"A {kind} metric with the test {test} is planned from {options}", f"Give {options}, alone.")


def _fixed_n(kind: Kind, plan: Plan) -> int:
    effect, alpha, power = plan.least_effect, plan.alpha, plan.power
    if kind is Kind.PROPORTION:
        return samples.n_for_proportions(plan.baseline or 0.0, effect, alpha, power)
    if kind is Kind.MEAN:
        return samples.n_for_means(effect, plan.sd or 0.0, alpha, power)
    if plan.discordant is None:
        return samples.n_for_paired_means(effect, plan.sd or 0.0, alpha, power)
    if plan.test is Method.MCNEMAR:
        return samples.n_for_mcnemar(plan.discordant, effect, alpha, power)
    spread = plan.discordant - effect**2
    if not effect <= plan.discordant <= 1:
        raise ValueError(f"with {plan.discordant} of pairs discordant the shares cannot differ by {effect}")
    return samples.n_for_paired_means(effect, math.sqrt(spread), alpha, power)


def _refused(message: str, fix: str = "Correct the plan; nothing was created.") -> ExperimentError:
    return ExperimentError(message, fix=fix, code="experiment.plan")
