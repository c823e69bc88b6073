"""Many processes at one ledger: nothing that was acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import verify_ledger
from support.ledgers import make_ledger, start_appender

COUNTER = """
import os, sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.errors import LedgerMovedError
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Draft
from agent_agency.ledger.opening import open_ledger
ledger = open_ledger(Path(sys.argv[1]), SystemClock(), random_id, os.environ)
conflicts = 0
for _ in range(int(sys.argv[2])):
    while True:
        seen = ledger.about("case:1")
        count = seen[-1].body["count"] if seen else 0
        known = {"case:1": seen[-1].seq if seen else 0}
        drafts = [Draft("counted", {"subject": "case:1", "count": count + 1}), Draft("note", {"of": count + 1})]
        try:
            ledger.append_all(drafts, unless_moved=known)
            break
        except LedgerMovedError:
            conflicts += 1
print(conflicts)
"""


def _environment(url: str | None) -> dict[str, str]:
    return {**os.environ, **({"AGENCY_STORE_URL": url} if url else {})}


def _none_lost(ledger: Ledger, folder: Path, url: str | None, processes: int, count: int) -> None:
    running = {f"p{number}": start_appender(folder, f"p{number}", count, url=url) for number in range(processes)}
    outputs = {name: process.communicate(timeout=100) for name, process in running.items()}
    assert {name: err for name, (_, err) in outputs.items() if err} == {}
    acknowledged = [int(line.split()[0]) for out, _ in outputs.values() for line in out.splitlines()]
    (report,) = verify_ledger(ledger)
    assert (report.problems, report.count) == ((), 1 + processes * count)
    assert sorted(acknowledged) == list(range(2, 2 + processes * count))
    written = [(entry.body["by"], entry.body["number"]) for entry in list(ledger.entries())[1:]]
    for name in running:
        assert [number for by, number in written if by == name] == list(range(count))


def test_processes_that_begin_a_ledger_and_append_at_once_lose_nothing(folder: Path, url: str | None) -> None:
    _none_lost(make_ledger(folder, 0, url), folder, url, processes=5, count=8)


@pytest.mark.soak
def test_twelve_processes_with_a_hundred_entries_each_lose_nothing(folder: Path, url: str | None) -> None:
    _none_lost(make_ledger(folder, 0, url), folder, url, processes=12, count=100)


def test_processes_that_count_together_count_each_number_once(folder: Path, url: str | None) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTER, str(folder), "6"],
            env=_environment(url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=100) for process in started]
    assert [err for _, err in outputs] == [""] * 3
    ledger = make_ledger(folder, 0, url)
    assert [entry.body["count"] for entry in ledger.about("case:1")] == list(range(1, 19))
    assert [entry.body["of"] for entry in ledger.of_kinds(["note"])] == list(range(1, 19))
    assert verify_ledger(ledger)[0].verified


def _kill_at_random(folder: Path, url: str | None, chance: random.Random, padding: int) -> set[tuple[str, int]]:
    """Let a process append without end, kill it at some moment, answer what it was told is recorded."""
    name = f"run-{chance.randrange(10**9)}"
    process = start_appender(folder, name, 100_000, padding, url)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(chance.uniform(0, 0.05))
    process.kill()
    rest, _ = process.communicate(timeout=100)
    lines = (first + rest).splitlines(keepends=True)
    return {(name, int(line.split()[1])) for line in lines if line.endswith("\n")}


def _survives_kills(folder: Path, url: str | None, rounds: int) -> None:
    chance = random.Random(11)
    ledger = make_ledger(folder, 0, url)
    ledger.database._wait_s = 20
    acknowledged: set[tuple[str, int]] = set()
    for number in range(rounds):
        acknowledged |= _kill_at_random(folder, url, chance, padding=(0, 300_000)[number % 2])
        ledger.append("ruling", {"by": "after", "number": number})
        assert verify_ledger(ledger)[0].verified
    recorded = {(entry.body.get("by"), entry.body.get("number")) for entry in ledger.entries()}
    assert acknowledged <= recorded


def test_a_killed_process_loses_nothing_that_was_acknowledged(folder: Path, url: str | None) -> None:
    _survives_kills(folder, url, rounds=2)


@pytest.mark.soak
def test_many_killed_processes_lose_nothing_that_was_acknowledged(folder: Path, url: str | None) -> None:
    _survives_kills(folder, url, rounds=60)


def test_an_interrupted_process_leaves_a_ledger_that_verifies(folder: Path) -> None:
    for delay in (0.0, 0.02):
        process = start_appender(folder, "interrupted", 100_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=100)
        assert verify_ledger(make_ledger(folder))[0].verified
