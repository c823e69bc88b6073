"""The ledger: a durable append beside a bare write and fsync, verification beside bare hashing.

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
from agent_agency.ledger.entry import FORMAT, GENESIS, encode, encode_body
from agent_agency.ledger.head import Head, write_head
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import verify_file
from benchmarks.figures import Figure, figure_of, milliseconds

ENTRIES = 10_000
ROUNDS = 10
APPENDS = 100
PROCESSES = 12

APPENDER = """
import sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Ledger
ledger = Ledger(Path(sys.argv[1]), SystemClock(), random_id)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    ledger.append("ruling", {"number": number})
"""


def measure() -> Iterator[Figure]:
    """Measure appends first, then verification."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # the disk that repositories lie on, not a RAM disk
        yield from _appends(Path(folder))
        yield _together(Path(folder))
        for gates, what in ((2, "short"), (8, "as reviews write them")):
            yield from _verification(Path(folder), gates, what)


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


def build(folder: Path, count: int, gates: int) -> Path:
    """A ledger of so many entries, written at once."""
    folder.mkdir()
    lines = []
    previous = None
    chain = random_id()
    for seq in range(1, count + 1):
        data = encode_body({"format": FORMAT} if seq == 1 else body(gates) | {"number": seq})
        kind = GENESIS if seq == 1 else "ruling"
        line, previous = encode(seq, kind, "2026-01-31T08:00:00.000Z", chain, data, previous)
        lines.append(line + b"\n")
    path = folder / "ledger.jsonl"
    path.write_bytes(b"".join(lines))
    write_head(folder, Head(count, chain, previous), random_id)
    return path


def _appends(folder: Path) -> Iterator[Figure]:
    """One of ours, one of the rival's, in turn, so that both meet the same disk."""
    begun = Ledger(folder / "begun", SystemClock(), random_id)
    grown = Ledger(build(folder / "grown", 5 * ENTRIES, 8).parent, SystemClock(), random_id)
    written = body(8)
    raw = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = canonical_json(begun.append("ruling", written).as_dict()) + b"\n"

    def bare() -> None:
        os.write(raw, line)
        os.fsync(raw)

    works: dict[str, Callable[[], object]] = {
        "begun": lambda: begun.append("ruling", written),
        "grown": lambda: grown.append("ruling", written),
        "raw": bare,
    }
    rounds = [_round(works) for _ in range(ROUNDS)]
    os.close(raw)
    rival = "write and fsync of the same bytes, P95"
    note = f"P95 of {APPENDS} appends, {ROUNDS} times"

    def p95(name: str) -> list[float]:
        return [_p95(times[name]) for times in rounds]

    yield figure_of("append, durable, P95", "ms", p95("begun"), budget=10, rival=rival, note=note)
    name = f"append to {5 * ENTRIES:,} entries, durable, P95"
    yield figure_of(name, "ms", p95("grown"), budget=10, rival=rival, note=note)
    yield figure_of(rival, "ms", p95("raw"), note=note)
    yield figure_of("append, durable, P50", "ms", [sorted(times["begun"])[APPENDS // 2] for times in rounds])


def _round(works: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(APPENDS):
        for name, work in works.items():
            times[name] += milliseconds(work, repeat=1, warm_up=0)
    return times


def _p95(values: list[float]) -> float:
    return sorted(values)[round(0.95 * len(values)) - 1]


def _together(folder: Path) -> Figure:
    rates = []
    for number in range(3):
        target = folder / f"together-{number}"
        started = [
            subprocess.Popen(
                [sys.executable, "-c", APPENDER, str(target), "50"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
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
        report = verify_file(target / "ledger.jsonl")
        if report.count != PROCESSES * 50 + 1 or not report.verified:
            raise RuntimeError(f"an append was lost: {report.count} entries")
    return figure_of(f"appends by {PROCESSES} processes at once", "1/s", rates, better="higher", note="none lost")


def _verification(folder: Path, gates: int, what: str) -> Iterator[Figure]:
    path = build(folder / f"verify-{gates}", ENTRIES, gates)
    size = path.stat().st_size / ENTRIES

    def verify() -> None:
        if not verify_file(path).verified:
            raise RuntimeError("the benchmark's ledger does not verify")

    rival = f"SHA-256 of the same bytes ({what})"
    name = f"verify {ENTRIES:,} entries, {what}"
    note = f"{size:,.0f} bytes an entry"
    yield figure_of(name, "ms", milliseconds(verify, repeat=9), budget=300, rival=rival, note=note)
    hashed = milliseconds(lambda: hashlib.sha256(path.read_bytes()).hexdigest(), repeat=9)
    yield figure_of(rival, "ms", hashed)

    def parse() -> None:
        with path.open("rb") as stream:
            for line in stream:
                json.loads(line)

    yield figure_of(f"json.loads alone of the same lines ({what})", "ms", milliseconds(parse, repeat=9))
