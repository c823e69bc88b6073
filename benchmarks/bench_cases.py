"""1,000 cases open at once in one process: opening, noting a ruling, reading all, letting all lapse, and the memory.

Budgets: shared design, table "Budgets": 1,000 open cases in one process with no lost update (the figure counts them),
the arbiter's memory at most 150 MB. A durable append (`bench_ledger`) is part of each open and note.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from agent_agency.arbitration.cases.model import Matter
from agent_agency.arbitration.cases.note_review import RulingNote
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.workflows.case_dates import tick
from agent_agency.workflows.cases import all_cases, append_noted, newest_case, note_ruling
from benchmarks.figures import Figure, figure_of, milliseconds
from benchmarks.processes import cold_run

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

CASES = 1000
MEMORY_MIB = 150
ALL_AT_ONCE = """
import os, sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.opening import open_ledger
from agent_agency.workflows.cases import all_cases
ledger = open_ledger(Path(sys.argv[1]), SystemClock(), random_id, os.environ)
held = all_cases(ledger)
assert sum(not case.record.state.ended for case in held) == int(sys.argv[2]), len(held)
"""


def measure() -> Iterator[Figure]:
    """Measure on SQLite, then on Postgres where there is one."""
    from support.postgres import new_database, running_postgres

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, running_postgres(durable=True) as server:
        yield from _on(Path(folder) / "sqlite", "SQLite", None)
        if server is not None:
            yield from _on(Path(folder) / "postgres", "Postgres", new_database(server, f"bench_{random_id()}"))


def _on(folder: Path, name: str, url: str | None) -> Iterator[Figure]:
    from support.cases import LIMITS, START, note, unknown, violated

    folder.mkdir()
    environment = {"AGENCY_STORE_URL": url} if url else {}
    ledger = open_ledger(folder / "agency", SystemClock(), random_id, environment)
    matters = [Matter.of_change("SPEC-1", branch=f"branch-{number}", head="") for number in range(CASES)]

    def record(ruling: RulingNote) -> None:
        own = Draft("ruling", {"subject": f"ruling:{ruling.ruling_id}", "ruling_id": ruling.ruling_id})
        append_noted(ledger, lambda: note_ruling(ledger, ruling, LIMITS, START), lambda _: [own])

    opened = [_once(record, note(f"R-{n}", [violated("scope.boundary")], matter=one)) for n, one in enumerate(matters)]
    yield figure_of(f"a ruling that opens a case, of 1,000, {name}", "ms", opened)
    noted = [_once(record, note(f"S-{n}", [unknown("tests.ran")], matter=one)) for n, one in enumerate(matters)]
    yield figure_of(f"a ruling noted in one of 1,000 open cases, {name}", "ms", noted)
    kept = {"budget": CASES, "better": "higher"}
    yield figure_of(f"open cases that know both of their rulings, {name}", "cases", [_whole(ledger)], **kept)
    one_case = milliseconds(lambda: newest_case(ledger, matters[7]), repeat=50)
    yield figure_of(f"one case among 1,000 open, {name}", "ms", one_case)
    yield figure_of(f"all 1,000 open cases read, {name}", "ms", milliseconds(lambda: all_cases(ledger), repeat=5))
    if url is None:
        program = [sys.executable, "-c", ALL_AT_ONCE, str(folder / "agency"), str(CASES)]
        peaks = [cold_run(program, folder).peak_mib for _ in range(3)]
        yield figure_of("memory of a process that holds 1,000 open cases", "MiB", peaks, budget=MEMORY_MIB)
    lapsed = [_once(partial(tick, ledger), START + timedelta(days=days)) for days in (31, 32, 33, 34)]
    yield figure_of(f"1,000 cases that lapse together, {name}", "ms", lapsed[:1])
    yield figure_of(f"a tick with nothing due among 1,000 cases, {name}", "ms", lapsed[1:])


def _once(work: Callable[[Any], object], argument: object) -> float:
    return milliseconds(partial(work, argument), repeat=1, warm_up=0)[0]


def _whole(ledger: Ledger) -> float:
    records = [case.record for case in all_cases(ledger) if case.record]
    return float(sum(not record.state.ended and len(record.rulings) == 2 for record in records))
