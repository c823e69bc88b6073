"""Find the best of several pieces of work with the judge that is in use now: every two compared, in both orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.clock import Clock
from agent_agency.errors import JudgeError
from agent_agency.identity import random_id
from agent_agency.inference.calls import Metered
from agent_agency.judging.best_of import BestOf, best_of
from agent_agency.judging.fence import fence_for
from agent_agency.judging.judge import judge_version
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.pairwise import Comparer, Comparison
from agent_agency.judging.room import refuse_no_room
from agent_agency.judging.shipped import shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.workflows.active_prompt import active_prompt
from agent_agency.workflows.evaluation_records import StoredCalls
from agent_agency.workflows.judge_run import records_of
from agent_agency.workflows.judge_serving import served

if TYPE_CHECKING:
    from agent_agency.inference.call_cache import CallCache
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.store.database import Database

FEWEST, MOST = 2, 32
"""Pieces that are compared: n of them take n * (n - 1) questions."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class BestRequest:
    """What to compare: by which judge, the file of records, names to blind, and seconds that one call may take."""

    judge: str
    source: Path
    names: tuple[str, ...] = ()
    call_s: float = 120.0


@dataclass(frozen=True, slots=True)
class BestServices:
    """What comparing needs from outside.

    ``told`` is told how many pairs are done, and of how many. ``cache`` are the kept answers.
    """

    engine: Engine
    parameters: Parameters
    database: Database
    clock: Clock
    secret: Callable[[int], bytes]
    told: Callable[[int, int], None]
    cache: CallCache | None = None


@dataclass(frozen=True, slots=True)
class BestResult:
    """What comparing came to; ``ids`` name the pieces at the positions of ``best``."""

    judge: str
    version: str
    engine: str
    language_model: bool
    run: str
    ids: tuple[str, ...]
    best: BestOf


def run_best(request: BestRequest, services: BestServices) -> BestResult:
    """Compare every two records of a file; each call is recorded as a model run.

    Raises:
        JudgeError: there is no such judge, a record cannot be read, or there are too few or too many.
        FileUnreadableError: the file of records cannot be read.
        EngineError: the engine cannot be asked what it is, or its context is too short for the rubric.
        StoreError: the store refused.
    """
    subjects = _subjects(request.source)
    prompt = active_prompt(services.database, request.judge)
    fence = fence_for(services.secret(_SECRET_BYTES), prompt.digest)
    layout = Layout(shipped_rubric(request.judge), fence, request.names)
    refuse_no_room(prompt, layout, services.engine, services.parameters)
    language_model = services.engine.capabilities().language_model
    run = f"best-{random_id()}"
    with (
        StoredCalls(services.database, run) as calls,
        served(services.engine, request.judge, services.cache) as asked,
    ):
        engine = Metered(asked.engine, calls, services.clock)
        comparer = Comparer(prompt, engine, layout, parameters=services.parameters, deadline_s=request.call_s)
        found = best_of(subjects, _counted(comparer, len(subjects), services.told))
    version = judge_version(prompt, services.engine.identity, services.parameters)
    ids = tuple(one.id for one in subjects)
    return BestResult(request.judge, version, services.engine.name, language_model, run, ids, found)


def _counted(
    comparer: Comparer, pieces: int, told: Callable[[int, int], None]
) -> Callable[[Subject, Subject], Comparison]:
    done, pairs = 0, pieces * (pieces - 1) // 2

    def compare(one: Subject, other: Subject) -> Comparison:
        nonlocal done
        made = comparer.compare(one, other)
        done += 1
        told(done, pairs)
        return made

    return compare


def _subjects(source: Path) -> tuple[Subject, ...]:
    """Every record of the file: the best of what is left after a bad one is not the best."""
    subjects = []
    for one in records_of(source):
        if one.subject is None:
            raise JudgeError(
                f"The record cannot be compared: {one.problem}",
                fix="Mend the line, or take it out.",
                path=str(source),
                line=one.line,
                code="judge.bad_record",
            )
        subjects.append(one.subject)
    if not FEWEST <= len(subjects) <= MOST:
        raise JudgeError(
            f"There are {len(subjects)} records to compare",
            fix=f"Give {FEWEST} to {MOST} of them.",
            path=str(source),
        )
    return tuple(subjects)
