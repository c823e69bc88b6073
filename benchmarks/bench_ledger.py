"""The ledger on SQLite and Postgres: a durable append beside a bare write and fsync, verification beside bare hashing.

Postgres is the one that AGENCY_TEST_POSTGRES names, or Debian's with fsync on; without either its rows are left out.

Budgets: shared design, table "Budgets": append P95 at most 10 ms; 10,000 entries verified in at most 300 ms.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from agent_agency.canonical_json import canonical_json
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.ledger.rows import iterate
from agent_agency.ledger.verify import verify_ledger
from benchmarks.figures import Figure, figure_of, milliseconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

ENTRIES = 10_000
ROUNDS = 10
APPENDS = 100
PROCESSES = 12

APPENDER = """
import os, sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.opening import open_ledger
import sqlalchemy.dialects.sqlite.pysqlite, agent_agency.store.schema, agent_agency.store.tables
ledger = open_ledger(Path(sys.argv[1]), SystemClock(), random_id, os.environ)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    ledger.append("ruling", {"number": number})
"""


def measure() -> Iterator[Figure]:
    """Measure appends first, then verification, on each database."""
    from support.postgres import new_database, running_postgres

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, running_postgres(durable=True) as server:
        yield from _on(Path(folder) / "sqlite", "SQLite", None)
        if server is not None:
            yield from _on(Path(folder) / "postgres", "Postgres", new_database(server, f"bench_{random_id()}"))


def _on(folder: Path, name: str, url: str | None) -> Iterator[Figure]:
    folder.mkdir()  # on the disk that repositories lie on, not a RAM disk
    yield from _appends(folder, name, url)
    yield _together(folder, name, url)
    for gates, what in ((2, "short"), (8, "as reviews write them")):
        yield from _verification(folder, name, url, gates, what)
    yield from _questions(folder, name, url)


def body(gates: int) -> dict[str, Any]:
    """An entry's body of the shape that a review writes; with 8 gates, of the usual size too."""
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    commit = hashlib.sha1(b"x", usedforsecurity=False).hexdigest()
    members: dict[str, Any] = {
        "ruling_id": "R-" + digest[7:27],
        "verdict": "rejected",
        "caws_verdict": "fail",
        "inputs_digest": digest,
        "document": digest,
        "gates": {f"gate_number_{number}": "pass" for number in range(gates)},
        "waivers": [],
    }
    if gates < 3:
        return members
    return {
        **members,
        "reasons": ["scope_boundary: src/tally/money.py -> shared/money.py: no entry of scope.in admits it"],
        "spec": {"id": "TALLY-7", "path": ".caws/specs/TALLY-7.yaml", "digest": digest, "chosen_by": "only_active"},
        "law": {"in_force": True, "commit": commit, "constitution": digest},
        "base": {"ref": "main", "commit": commit, "merge_base": commit},
        "head": {"ref": "topic", "commit": commit, "tree": commit, "kind": "commit", "branch": "topic"},
        "change": {"digest": digest, "files": 2, "added": 1, "deleted": 1},
        "findings": [
            {"rule": "scope.reject.scope_in_miss", "severity": "major", "path": "shared/money.py"}
            | {"gate": "scope_boundary", "fingerprint": digest[7:39], "waived_by": None}
        ],
        "findings_total": 1,
        "tool_version": "0.1.0",
    }


def build(folder: Path, url: str | None, count: int, gates: int) -> Ledger:
    """A ledger of so many entries about fifty subjects, written at once."""
    ledger = open_ledger(folder, SystemClock(), random_id, {"AGENCY_STORE_URL": url} if url else {})
    drafts = [
        Draft("ruling", body(gates) | {"number": number, "subject": f"case:{number % 50}"})
        for number in range(2, count + 1)
    ]
    ledger.append_all(drafts)
    return ledger


def _appends(folder: Path, name: str, url: str | None) -> Iterator[Figure]:
    """One of ours, one of the rival's, in turn, so that both meet the same disk."""
    begun, grown = build(folder / "begun", url, 2, 8), build(folder / "grown", url, 5 * ENTRIES, 8)
    written = body(8)
    raw = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = canonical_json(begun.append("ruling", written).as_dict()) + b"\n"

    def bare() -> None:
        os.write(raw, line)
        os.fsync(raw)

    def decided() -> None:
        known = {"case:1": begun.last_about("case:1")}
        begun.append_all([Draft("ruling", written), Draft("note", {"subject": "case:1"})], unless_moved=known)

    works: dict[str, Callable[[], object]] = {
        "begun": lambda: begun.append("ruling", written),
        "decided": decided,
        "grown": lambda: grown.append("ruling", written),
        "raw": bare,
    }
    rounds = [_round(works) for _ in range(ROUNDS)]
    os.close(raw)
    rival = f"{name}: write and fsync of the same bytes, P95"
    note = f"P95 of {APPENDS} appends, {ROUNDS} times"

    def p95(work: str) -> list[float]:
        return [_p95(times[work]) for times in rounds]

    yield figure_of(f"{name}: append, durable, P95", "ms", p95("begun"), budget=10, rival=rival, note=note)
    grown_name = f"{name}: append to {5 * ENTRIES:,} entries, durable, P95"
    yield figure_of(grown_name, "ms", p95("grown"), budget=10, rival=rival, note=note)
    decided_name = f"{name}: read a case and append two entries unless it moved, P95"
    yield figure_of(decided_name, "ms", p95("decided"), rival=rival, note=note)
    yield figure_of(rival, "ms", p95("raw"), note=note)
    middle = [sorted(times["begun"])[APPENDS // 2] for times in rounds]
    yield figure_of(f"{name}: append, durable, P50", "ms", middle)


def _round(works: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(APPENDS):
        for name, work in works.items():
            times[name] += milliseconds(work, repeat=1, warm_up=0)
    return times


def _p95(values: list[float]) -> float:
    return sorted(values)[round(0.95 * len(values)) - 1]


def _together(folder: Path, name: str, url: str | None) -> Figure:
    rates = []
    environment = {**os.environ, **({"AGENCY_STORE_URL": url} if url else {})}
    for number in range(3):
        target = folder / f"together-{number}"
        started = [
            subprocess.Popen(
                [sys.executable, "-c", APPENDER, str(target), "50"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(PROCESSES)
        ]
        for process in started:
            if process.stdout is not None:
                process.stdout.readline()
        begin = perf_counter()
        for process in started:
            process.communicate(b"\n")
        rates.append(PROCESSES * 50 / (perf_counter() - begin))
        (report,) = verify_ledger(open_ledger(target, SystemClock(), random_id, environment))
        if report.count != PROCESSES * 50 + 1 or not report.verified:
            raise RuntimeError(f"an append was lost: {report.count} entries")
    what = f"{name}: appends by {PROCESSES} processes that begin a ledger at once"
    return figure_of(what, "1/s", rates, better="higher", note="none lost")


def _verification(folder: Path, name: str, url: str | None, gates: int, what: str) -> Iterator[Figure]:
    ledger = build(folder / f"verify-{gates}", url, ENTRIES, gates)
    shelf = ledger.shelf()
    if shelf is None:
        raise RuntimeError("the benchmark's ledger was not made")
    lines = [row[4] for row in iterate(ledger.database.read, shelf)]

    def verify() -> None:
        (report,) = verify_ledger(ledger)
        if not report.verified or report.count != ENTRIES:
            raise RuntimeError("the benchmark's ledger does not verify")

    rival = f"{name}: SHA-256 of the same lines ({what})"
    note = f"{sum(map(len, lines)) / ENTRIES:,.0f} bytes an entry"
    figure = f"{name}: verify {ENTRIES:,} entries, {what}"
    yield figure_of(figure, "ms", milliseconds(verify, repeat=9), budget=300, rival=rival, note=note)
    yield figure_of(rival, "ms", milliseconds(lambda: [hashlib.sha256(line).digest() for line in lines], repeat=9))
    parse = milliseconds(lambda: [json.loads(line) for line in lines], repeat=9)
    yield figure_of(f"{name}: json.loads alone of the same lines ({what})", "ms", parse)


def _questions(folder: Path, name: str, url: str | None) -> Iterator[Figure]:
    """What a process pays for its first question about a case, and for each further one."""
    environment = {"AGENCY_STORE_URL": url} if url else {}

    def first() -> Ledger:
        ledger = open_ledger(folder / "verify-8", SystemClock(), random_id, environment)
        if len(ledger.about("case:7")) != ENTRIES // 50:
            raise RuntimeError("entries are missing from the answer")
        return ledger

    ledger = first()
    what = f"{name}: first question about a case among {ENTRIES:,} entries, every hash computed"
    yield figure_of(what, "ms", milliseconds(first, repeat=9))
    again = milliseconds(lambda: ledger.about("case:8"), repeat=9)
    yield figure_of(f"{name}: a further question, {ENTRIES // 50} entries read", "ms", again)
