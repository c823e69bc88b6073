"""The comparison on the sealed test as an experiment on record: paired, every example a unit that got both prompts."""

from __future__ import annotations

from agent_agency.learning.experiments.desk import Given
from agent_agency.learning.experiments.model import Kind, Method, Metric, Plan
from agent_agency.workflows.experiments import Desk, Wanted
from agent_agency.workflows.optimise import Optimised, Workbench

METRIC = "agreement"
ARMS = ("baseline", "optimised")
LEAST_EFFECT = 0.1
"""The least gain worth finding: ten points."""
DISCORDANT = 0.4
"""The share of examples on which just one of two prompts is expected to be right."""


def keep_experiment(done: Optimised, bench: Workbench) -> str:
    """Record the comparison; answer the experiment's name, which is empty where nothing was tested.

    It is judged by the always-valid test, so that it stays open to further examples; the report's p-value is that of
    this comparison alone.

    Raises:
        ExperimentError: the name is taken.
        StoreError: the database refused.
    """
    if done.tested is None or done.version is None:
        return ""
    name = f"optimise-{done.judge}-v{done.version.version}-{done.tested.uses}"
    plan = Plan(least_effect=LEAST_EFFECT, test=Method.ALWAYS_VALID, discordant=DISCORDANT)
    wanted = Wanted(name, Metric(METRIC, Kind.PAIRED), plan, arms=ARMS)
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
