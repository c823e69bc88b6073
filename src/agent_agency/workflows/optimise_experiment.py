"""The comparison on the sealed test as an experiment on record: paired, every example a unit that got both prompts."""

from __future__ import annotations

import math

from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.model import Kind, Method, Metric, Plan
from agent_agency.learning.experiments.planned import planned
from agent_agency.workflows.experiments import Desk, Wanted
from agent_agency.workflows.optimise import Optimised, Workbench

METRIC = "agreement"
ARMS = ("baseline", "optimised")
DISCORDANT = 0.4
"""The share of examples on which just one of two prompts is expected to be right."""
_GUESS = 0.1
_STEP = 0.001


def keep_experiment(done: Optimised, bench: Workbench) -> str:
    """Record the comparison; answer the experiment's name, which is empty where nothing was tested.

    The sealed test is a sample of a known size that is read once, so it is planned and tested as one, and the
    experiment ends with what it found. What is recorded is whether each answer was right, without the weights of the
    report's figures, as those would tell the sealed labels.

    Raises:
        ExperimentError: the name is taken.
        StoreError: the database refused.
    """
    if done.tested is None or done.version is None:
        return ""
    name = f"optimise-{done.judge}-v{done.version.version}-{done.tested.uses}"
    wanted = Wanted(name, Metric(METRIC, Kind.PAIRED), plan_for(done.tested.comparison.n), arms=ARMS)
    desk = Desk(bench.database, bench.clock)
    desk.create(wanted, salt=done.found.prompt.digest)
    pairs = zip(ARMS, (done.tested.baseline, done.tested.optimised), strict=True)
    given = [
        Given(unit=one.example.id, metric=METRIC, value=float(one.right), arm=arm)
        for arm, answered in pairs
        for one in answered
    ]
    desk.record(name, given)
    return name


def plan_for(n: int) -> Plan:
    """The plan of a test that has so many examples: the least gain that they can find with a power of 0.8.

    Raises:
        ExperimentError: so few examples find nothing at all.
        MissingExtraError: SciPy is not installed.
    """
    guess = planned(Kind.PAIRED, Plan(_GUESS, Method.SIGN_FLIP, discordant=DISCORDANT))
    steps = math.floor(_GUESS * math.sqrt(guess.n / n) / _STEP)
    while True:
        effect = round(steps * _STEP, 3)
        plan = planned(Kind.PAIRED, Plan(effect, Method.SIGN_FLIP, discordant=DISCORDANT))
        if plan.n <= n:
            return plan
        steps += 1
