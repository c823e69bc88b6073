"""The baseline's evaluations as records in the store, with the labels that they are held against."""

from __future__ import annotations

from collections.abc import Sequence

from agent_agency.clock import rfc3339
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.task import Task
from agent_agency.store.database import Database
from agent_agency.store.labels import Label, add, gold_of, recorded_label
from agent_agency.workflows.evaluation_records import Of, evaluation_of, save_evaluations
from agent_agency.workflows.optimise import WHO, Workbench
from agent_agency.workflows.optimise_judge import JudgeRunner

LEAST = 20
"""Evaluations of a baseline that a validation run keeps at least, per judge."""


def keep_baseline(task: Task, bench: Workbench, run: str) -> int:
    """Judge the development examples with the baseline and record what came of it; answer how many were recorded.

    Labels of the development examples go in as executable truth. Those of the sealed test do not: they would lie open.

    Raises:
        Halt: the engine halts the run.
        StoreError: the database refused.
    """
    runner = task.judge
    if not isinstance(runner, JudgeRunner):
        raise TypeError("evaluations are recorded of a judge that tells how it came to its answer")
    judge = runner.judge(task.engine, task.baseline)
    found = [
        evaluation_of(judge, judge.assess(one.subject), bench.clock.now(), Of(run=run, split="dev")) for one in task.dev
    ]
    keep_labels(bench.database, task.baseline.judge, task.dev, rfc3339(bench.clock.now()))
    save_evaluations(bench.database, found)
    return len(found)


def keep_labels(database: Database, judge: str, examples: Sequence[Example], at: str) -> None:
    """Record the truth of examples that are not sealed; a label that is there already is not added again.

    Raises:
        StoreError: the database refused.
    """
    with database.write() as connection:
        known = gold_of(connection, judge, [one.subject.digest for one in examples])
        fresh = [one for one in examples if one.subject.digest not in known]
        add(connection, [recorded_label(_label(judge, one, at)) for one in fresh])


def _label(judge: str, one: Example, at: str) -> Label:
    return Label(
        at, one.subject.digest, judge, one.truth.verdict, one.truth.score, "truth", WHO, note="shipped dev split"
    )
