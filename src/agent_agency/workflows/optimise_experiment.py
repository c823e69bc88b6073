"""The comparison on the sealed test as an experiment on record: paired, every example a unit that got both prompts."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import partial

from agent_agency.identity import random_id
from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.model import Kind, Method, Metric, Plan
from agent_agency.learning.experiments.planned import planned
from agent_agency.learning.optimise.compare import Answered
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.metric import metric_for
from agent_agency.workflows.experiments import Desk, Wanted
from agent_agency.workflows.optimise import Optimised, Workbench

METRIC = "balanced-agreement"
ARMS = ("baseline", "optimised")
DISCORDANT = 0.4
"""The share of examples on which just one of two prompts is expected to be right."""
_GUESS = 0.1
_STEP = 0.001


def keep_experiment(done: Optimised, bench: Workbench) -> str:
    """Record the comparison; answer the experiment's name, which is empty where nothing was tested.

    The sealed test is a sample of a known size that is read once, so it is planned and tested as one, and the
    experiment ends with what it found. Its estimate is the report's gain; its p-value takes examples of one program
    for independent ones, which the report's does not.

    Raises:
        ExperimentError: the name is taken.
        StoreError: the database refused.
    """
    if done.tested is None or done.version is None:
        return ""
    name = f"optimise-{done.judge}-v{done.version.version}-{done.tested.uses}"
    examples = [one.example for one in done.tested.baseline]
    weights = [metric_for(examples).weights[one.truth.verdict] for one in examples]
    wanted = Wanted(name, Metric(METRIC, Kind.PAIRED), plan_for(weights), arms=ARMS)
    desk = Desk(bench.database, bench.clock)
    desk.create(wanted, salt=done.found.prompt.digest)
    desk.record(name, _given((done.tested.baseline, done.tested.optimised), weights, units(examples, random_id())))
    return name


def units(examples: Sequence[Example], secret: str) -> list[str]:
    """Names under which outcomes on examples are kept: which are of one program can be seen, which example is not.

    An example's weight would tell its sealed label.

    Args:
        examples: of the sealed test.
        secret: what the names are drawn by, and then forgotten.
    """
    chance = random.Random(secret)  # noqa: S311 - seeded with 128 bits from the operating system
    programs = sorted({one.group for one in examples})
    chance.shuffle(programs)
    places = chance.sample(range(len(examples)), len(examples))
    return [f"{programs.index(one.group) + 1}/{place + 1}" for one, place in zip(examples, places, strict=True)]


def plan_for(weights: Sequence[float]) -> Plan:
    """The plan of a test with so many examples, each of its weight: the least gain that they find with power 0.8.

    Raises:
        ExperimentError: they find nothing at all.
        MissingExtraError: SciPy is not installed.
    """
    n = len(weights)
    sd = math.sqrt(DISCORDANT * sum(weight**2 for weight in weights) / n)
    draft = partial(Plan, test=Method.SIGN_FLIP, sd=sd)
    guess = planned(Kind.PAIRED, draft(least_effect=_GUESS))
    steps = math.floor(_GUESS * math.sqrt(guess.n / n) / _STEP)
    while True:
        plan = planned(Kind.PAIRED, draft(least_effect=round(steps * _STEP, 3)))
        if plan.n <= n:
            return plan
        steps += 1


def _given(arms: Sequence[Sequence[Answered]], weights: Sequence[float], names: Sequence[str]) -> list[Given]:
    """What to record, in the order of the names: that of the examples would tell which is which."""
    rows = [
        Given(unit=unit, metric=METRIC, value=weight * one.right, arm=arm)
        for arm, answered in zip(ARMS, arms, strict=True)
        for one, weight, unit in zip(answered, weights, names, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.unit, row.arm))
