"""Everything for one judge: baseline evaluations on record, the search, both comparisons, as JSON data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent_agency.clock import Clock
from agent_agency.identity import random_id
from agent_agency.inference.call_cache import CallCache
from agent_agency.learning.optimise.limits import Limits
from agent_agency.learning.optimise.task import Plan, Progress
from agent_agency.workflows.evaluation_records import StoredCalls
from agent_agency.workflows.judge_serving import served
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


@contextmanager
def _queued(bench: Workbench) -> Iterator[Workbench]:
    """The bench with a queue before each engine; the cache of the search stands before both."""
    with served(bench.engine, "optimise") as answering:
        if bench.reflector is bench.engine:
            yield replace(bench, engine=answering.engine, reflector=answering.engine)
            return
        with served(bench.reflector, "optimise") as wording:
            yield replace(bench, engine=answering.engine, reflector=wording.engine)


def run_order(order: Order, bench: Workbench, progress: Progress) -> dict[str, Any]:
    """Do everything for one judge; the answer is its part of the report, without Holm's correction.

    Every call of a language model is recorded as a model run. The engine ``offline`` is asked tens of thousands of
    times for nothing; what it answered is in the cache alone.

    Raises:
        AgencyError: see `optimise.optimise`.
    """
    run = f"optimise-{random_id()}"
    with _queued(bench) as asked, StoredCalls(bench.database, run) as calls:
        counted = counted_engines(asked, order.limits)
        if asked.engine.capabilities().language_model:
            counted = replace(counted, calls=calls)
        with told_of_halts(counted):
            task = task_for(order.judge, order.plan, counted, asked)
            evaluations = keep_baseline(task, asked, run)
        done = optimise(order.judge, order.plan, counted, asked, progress, open_test=order.open_test)
    return judge_document(done, run=run, evaluations=evaluations, experiment=keep_experiment(done, bench))
