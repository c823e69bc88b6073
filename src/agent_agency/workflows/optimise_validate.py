"""The road map's validation run: everything for every judge, Holm's correction over all of them, one report.

As many processes as are wanted take one judge after the other; what comes out does not depend on how many.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, suppress
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from agent_agency.clock import SystemClock, rfc3339
from agent_agency.errors import AgencyError, AllowanceUsedUpError, EngineError
from agent_agency.inference.choose import close_engine
from agent_agency.learning.optimise.task import Trial
from agent_agency.workflows.optimise import libraries
from agent_agency.workflows.optimise_document import SCHEMA_VERSION, with_holm
from agent_agency.workflows.optimise_one import Order, run_order, workbench

Told = Callable[[str, Trial], None]
"""Told of each trial of each judge."""


@dataclass(frozen=True, slots=True)
class _Child:
    """A process, and the judge that it is at work on or was last."""

    judge: str
    process: SpawnProcess
    pipe: Connection


def validate(orders: Sequence[Order], processes: int, told: Told, monotonic: Callable[[], float]) -> dict[str, Any]:
    """Run every order and put the report together, without its path.

    Args:
        orders: one per judge, alike in all else.
        processes: how many judges at a time.
        told: of each trial, in this process.
        monotonic: seconds that never go back.

    Raises:
        AgencyError: of the first judge that could not be done; those that were done stay registered.
    """
    started, first = monotonic(), orders[0]
    engine = workbench(first, SystemClock()).engine
    done = _in_processes(orders, processes, told)
    try:
        identity, is_model = dict(engine.identity), engine.capabilities().language_model
    finally:
        close_engine(engine)
    return {
        "schema_version": SCHEMA_VERSION,
        "engine": engine.name,
        "engine_identity": identity,
        "language_model": is_model,
        "judges": with_holm({one.judge: done[one.judge] for one in orders}),
        "plan": asdict(first.plan),
        "libraries": dict(libraries()),
        "at": rfc3339(SystemClock().now()),
        "seconds": round(monotonic() - started, 2),
    }


def _in_processes(orders: Sequence[Order], processes: int, told: Told) -> dict[str, dict[str, Any]]:
    """A process that is done takes the next order: what it imports takes longer than a small search."""
    waiting, done = list(orders), dict[str, dict[str, Any]]()
    running, idle = list[_Child](), list[_Child]()
    try:
        while waiting or running:
            while waiting and len(running) < max(1, processes):
                running.append(_given(waiting.pop(0), idle.pop() if idle else _started()))
            for child in _ready(running):
                if _heard(child, told, done):
                    running.remove(child)
                    idle.append(child)
    finally:
        for child in (*running, *idle):
            child.process.terminate()
        for child in (*running, *idle):
            child.process.join()
    return done


def _started() -> _Child:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    with chdir(sys.prefix):  # a new interpreter looks into its folder first, and the present one may be anybody's
        process.start()
    theirs.close()
    return _Child("", process, ours)


def _given(order: Order, child: _Child) -> _Child:
    """A child at work on an order; one that has just died is told of when it is next heard."""
    with suppress(BrokenPipeError):
        child.pipe.send(order)
    return replace(child, judge=order.judge)


def _ready(running: Sequence[_Child]) -> list[_Child]:
    heard = wait([one.pipe for one in running])
    return [one for one in running if one.pipe in heard]


def _heard(child: _Child, told: Told, done: dict[str, dict[str, Any]]) -> bool:
    """Take one message; answer whether it was the last of its judge."""
    try:
        kind, value = child.pipe.recv()
    except (EOFError, ConnectionResetError):
        child.process.join()
        raise AgencyError(
            f"The process for {child.judge} ended by itself, with exit code {child.process.exitcode}",
            fix="Run it again with --processes 1; what was asked so far is kept.",
        ) from None
    if kind == "trial":
        told(child.judge, value)
        return False
    if kind == "error":
        raise _error(child.judge, value)
    done[child.judge] = value
    return True


def _work(pipe: Connection) -> None:
    """The child's side: everything for one judge after the other, told through the pipe."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends this process
    with suppress(EOFError, ConnectionResetError):  # nobody has an order any more
        while True:
            _work_on(pipe.recv(), pipe)


def _work_on(order: Order, pipe: Connection) -> None:
    try:
        bench = workbench(order, SystemClock())
        try:
            done = run_order(order, bench, lambda trial: pipe.send(("trial", trial)))
        finally:
            for engine in (bench.engine, bench.reflector):
                close_engine(engine)
    except AgencyError as error:
        pipe.send(("error", {**error.as_dict(), "exit_code": error.exit_code}))
    except BrokenPipeError:
        sys.exit(1)  # nobody listens any more
    else:
        pipe.send(("done", done))


def _error(judge: str, envelope: Mapping[str, Any]) -> AgencyError:
    """The error of a child, of the class that its exit code and family ask for."""
    code = str(envelope["code"])
    kind: type[AgencyError] = EngineError if code.startswith("engine.") else AgencyError
    if envelope["exit_code"] == AllowanceUsedUpError.exit_code:
        kind = AllowanceUsedUpError
    return kind(f"{judge}: {envelope['message']}", fix=str(envelope["fix"]), path=envelope["path"], code=code)
