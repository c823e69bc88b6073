"""Kills a process at calls that it makes while it brings evaluations in, and counts what is left each time.

Run as a program: ``import_kills.py FOLDER EXPORT STRIDE``. A store with one record is made anew for each kill. It
writes one JSON line per kill: whether the process was killed, and how many labels and evaluations there are then.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from agent_agency.store import evaluations, labels
from agent_agency.store.database import Database
from agent_agency.store.evaluation_days import sums_by_version
from agent_agency.store.evaluation_record import recorded
from agent_agency.workflows.evaluation_exchange import import_file
from support.evaluations import evaluation
from support.kill_at import run_killed_at
from support.kill_sweep import in_a_child
from support.preload import preload


def _begin(url: str) -> Callable[[], object]:
    def work() -> int:
        with Database.open(url).write() as connection:
            return evaluations.add(connection, [recorded(evaluation(subject="there before"))])

    return work


def _left(url: str) -> Callable[[], object]:
    def work() -> list[int]:
        with Database.open(url).read() as connection:
            rows = len(list(evaluations.by_time(connection, evaluations.Asked())))
            summed = sum(one.sums.evaluations for one in sums_by_version(connection))
            return [len(list(labels.by_time(connection, labels.AskedLabels()))), rows, summed]

    return work


def _bring_in(url: str, export: Path, tell: Callable[[str], None]) -> None:
    import_file(Database.open(url), export)
    tell("done")


def sweep(folder: Path, export: Path, stride: int) -> None:
    for place in itertools.count(1, stride):
        url = f"sqlite:///{folder}/kill-{place}.db"
        in_a_child(_begin(url))
        traced = run_killed_at(lambda tell, url=url: _bring_in(url, export, tell), place)  # type: ignore[misc]
        left = in_a_child(_left(url))
        sys.stdout.write(json.dumps({"killed": traced.killed, "told": traced.told, "left": left}) + "\n")
        if not traced.killed:
            return


if __name__ == "__main__":
    preload()
    for needed in ("alembic.command", "rfc8785"):  # no child is to import anything by itself
        import_module(needed)
    os.umask(0o077)
    sweep(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
