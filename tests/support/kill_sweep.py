"""Kills a process at each call of a piece of the ledger's work, one after the other, and looks at what is left.

Run as a program: ``kill_sweep.py WORK FOLDER URL STRIDE``, where ``-`` is the SQLite file in the folder; of a Postgres
everything is taken away before each kill. ``STRIDE`` 1 kills at every call, 3 at every third. It writes one JSON line
per kill.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from agent_agency.identity import random_id
from agent_agency.ledger.imports import import_chain
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.ledger.verify import verify_ledger
from agent_agency.workflows.cases import append_noted, note_ruling
from support.cases import LIMITS, START, note, violated
from support.kill_at import run_killed_at
from support.ledgers import make_ledger
from support.preload import preload

Tell = Callable[[str], None]
Work = Callable[[Ledger, Path, Tell], None]


def first_appends(ledger: Ledger, _: Path, tell: Tell) -> None:
    for number in range(2):
        tell(str(ledger.append("ruling", {"number": number}).seq))


def appends_together(ledger: Ledger, _: Path, tell: Tell) -> None:
    known = {"case:1": ledger.last_about("case:1")}
    drafts = [Draft("together", {"subject": "case:1", "part": part}) for part in range(3)]
    for entry in ledger.append_all(drafts, unless_moved=known):
        tell(str(entry.seq))


def a_ruling_and_its_case(ledger: Ledger, _: Path, tell: Tell) -> None:
    for ruling, unsettled in (("R-1", [violated("scope.boundary")]), ("R-2", []), ("R-3", [violated("a.b")])):
        own = Draft("ruling", {"subject": f"ruling:{ruling}", "ruling_id": ruling})
        plan = partial(note_ruling, ledger, note(ruling, unsettled), LIMITS, START)
        for entry in append_noted(ledger, plan, lambda _, own=own: [own])[1]:  # type: ignore[misc]
            tell(str(entry.seq))


def an_import(ledger: Ledger, folder: Path, tell: Tell) -> None:
    result = import_chain(ledger, folder.parent / "export.jsonl")
    tell(f"imported {result.here}")  # type: ignore[union-attr]


WORK: dict[str, tuple[int, Work]] = {
    "first": (0, first_appends),
    "together": (2, appends_together),
    "case": (1, a_ruling_and_its_case),
    "import": (0, an_import),
    "import-beside": (2, an_import),
}


def in_a_child(work: Callable[[], object]) -> object:
    """Run something in a process of its own, so that no connection is shared across a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer: object = None
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001 - told to the parent
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as stream:
        return json.loads(stream.read())


def prepared(folder: Path, url: str | None, count: int) -> None:
    if url:
        import psycopg

        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    if count:
        make_ledger(folder, count, url)


def left(folder: Path, url: str | None) -> object:
    """What stands after the kill: the entries, what does not verify, and whether the next append works."""
    ledger = _ledger(folder, url)
    before = [(entry.seq, entry.kind) for entry in ledger.entries()]
    problems = [str(problem) for report in verify_ledger(ledger) for problem in report.problems]
    counts = [report.count for report in verify_ledger(ledger) if report.form == "imported"]
    appended = ledger.append("after", {}).seq
    problems += [str(problem) for report in verify_ledger(ledger) for problem in report.problems]
    return {"entries": before, "problems": problems, "imported": counts, "next": appended}


def sweep(name: str, folder: Path, url: str | None, stride: int) -> None:
    count, work = WORK[name]
    for place in itertools.count(1, stride):
        own = folder / f"{name}-{place}"
        in_a_child(partial(prepared, own, url, count))
        traced = run_killed_at(partial(_work, work, own, url), place)
        found = in_a_child(partial(left, own, url))
        sys.stdout.write(json.dumps({"calls": traced.calls, "told": traced.told, "left": found}) + "\n")
        if not traced.killed:
            return


def _work(work: Work, folder: Path, url: str | None, tell: Tell) -> None:
    work(_ledger(folder, url), folder, tell)


def _ledger(folder: Path, url: str | None) -> Ledger:
    ledger = make_ledger(folder, 0, url)
    ledger._new_id = random_id
    ledger.database._wait_s = 20
    return ledger


if __name__ == "__main__":
    preload()
    for needed in ("alembic.command", "psycopg", "rfc8785"):  # no child is to import anything by itself
        import_module(needed)
    sweep(sys.argv[1], Path(sys.argv[2]), None if sys.argv[3] == "-" else sys.argv[3], int(sys.argv[4]))
