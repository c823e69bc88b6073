"""Everything for one judge: baseline evaluations on record, the search, both comparisons, as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent_agency.clock import Clock
from agent_agency.identity import random_id
from agent_agency.inference.call_cache import CallCache
from agent_agency.learning.optimise.limits import Limits
from agent_agency.learning.optimise.task import Plan, Progress
from agent_agency.workflows.evaluation_records import StoredCalls
from agent_agency.workflows.kept_answers import calls_folder
from agent_agency.workflows.learning_store import open_learning_store
from agent_agency.workflows.optimise import Workbench, counted_engines, optimise, task_for, told_of_halts
from agent_agency.workflows.optimise_document import judge_document
from agent_agency.workflows.optimise_engine import chosen
from agent_agency.workflows.optimise_evaluations import keep_baseline
from agent_agency.workflows.optimise_experiment import keep_experiment


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for one judge, in values that another process can be handed.

    Args:
        judge: whose prompt.
        plan: how to search.
        limits: what may be spent.
        engine: the engine or role that answers; empty for the one that is set up as primary.
        reflector: the one that words instructions; empty for the same.
        folder: where the command runs.
        environment: the process's variables.
        open_test: whether the sealed test is used.
    """

    judge: str
    plan: Plan
    limits: Limits
    engine: str
    reflector: str
    folder: Path
    environment: Mapping[str, str]
    open_test: bool = True


def workbench(order: Order, clock: Clock) -> Workbench:
    """Open what an order needs.

    Raises:
        EngineError: the engine is not set up.
        StoreError: there is no place for the database.
    """
    database = open_learning_store(order.folder, order.environment)
    engine, reflector, parameters = chosen(order.engine, order.reflector, order.environment)
    return Workbench(
        database=database,
        cache=CallCache(calls_folder(order.environment)),
        engine=engine,
        reflector=reflector,
        clock=clock,
        parameters=parameters,
    )


def run_order(order: Order, bench: Workbench, progress: Progress) -> dict[str, Any]:
    """Do everything for one judge; the answer is its part of the report, without Holm's correction.

    Every call of a language model is recorded as a model run. The engine ``offline`` is asked tens of thousands of
    times for nothing; what it answered is in the cache alone.

    Raises:
        AgencyError: see `optimise.optimise`.
    """
    run, counted = f"optimise-{random_id()}", counted_engines(bench, order.limits)
    with StoredCalls(bench.database, run) as calls:
        if bench.engine.capabilities().language_model:
            counted = replace(counted, calls=calls)
        with told_of_halts(counted):
            task = task_for(order.judge, order.plan, counted, bench)
            evaluations = keep_baseline(task, bench, run)
        done = optimise(order.judge, order.plan, counted, bench, progress, open_test=order.open_test)
    return judge_document(done, run=run, evaluations=evaluations, experiment=keep_experiment(done, bench))
