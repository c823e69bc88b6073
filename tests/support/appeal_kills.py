"""Kills the process that decides an appeal at each call of its work, one after the other, and looks at what is left.

Run as a program: ``appeal_kills.py FOLDER STRIDE``. It writes one JSON line per kill.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from importlib import import_module
from pathlib import Path

from agent_agency.arbitration.appeals.model import Appeal
from agent_agency.errors import AppealError
from agent_agency.workflows.appeal_check import follows_again
from agent_agency.workflows.appeals import read_labels
from support.appeals import Town, make_town
from support.kill_at import run_killed_at
from support.kill_sweep import in_a_child
from support.preload import preload


def left(town: Town, appeal: Appeal) -> object:
    """What stands after the kill, and after the same review was given once more where it is missing."""
    with town.registry() as registry:
        before = [entry.kind for entry in registry.record.ledger.entries()]
    with contextlib.suppress(AppealError):  # it was decided before the kill
        town.vote(appeal, "judge1")
    done = town.look(appeal)
    with town.registry() as registry:
        kinds = [entry.kind for entry in registry.record.ledger.entries()]
        labels = len(read_labels(registry))
        follows = follows_again(registry, done)
    return {"before": before, "kinds": kinds, "state": str(done.state), "labels": labels, "follows": follows}


def sweep(folder: Path, stride: int) -> None:
    model = make_town(folder / "model")
    ruling = model.ruling
    appeal = model.file(ruling.ruling_id, [model.false_positive(ruling)])
    for place in itertools.count(1, stride):
        town = model.copied_to(folder / str(place))
        traced = run_killed_at(lambda _, town=town: town.vote(appeal, "judge1"), place)  # type: ignore[misc]
        found = in_a_child(lambda town=town: left(town, appeal))  # type: ignore[misc]
        told = {"calls": traced.calls, "killed": traced.killed, "left": found}
        sys.stdout.write(json.dumps(told) + "\n")
        if not traced.killed:
            return


if __name__ == "__main__":
    preload()
    for needed in ("alembic.command", "rfc8785", "cel_expr_python.cel", "google.protobuf.descriptor_pb2"):
        import_module(needed)  # no child is to import anything by itself
    sweep(Path(sys.argv[1]), int(sys.argv[2]))
