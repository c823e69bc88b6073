"""What other processes, kills and full disks do to a ledger: nothing that was acknowledged is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_agency.ledger.verify import verify_file
from support.ledgers import make_ledger, start_appender

FULL_DISK = """
import resource, sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.errors import LedgerError
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Ledger
folder, room = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
ledger = Ledger(folder, SystemClock(), random_id)
try:
    ledger.append("ruling", {"padding": "x" * 20_000})
except LedgerError as error:
    print(error.stable_code, error.message, sep=": ")
"""


def test_twelve_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "agency"
    running = {name: start_appender(folder, name, 20) for name in "abcdefghijkl"}
    outputs = {name: process.communicate(timeout=100) for name, process in running.items()}
    assert {name: err for name, (_, err) in outputs.items() if err} == {}

    acknowledged = {int(line.split()[0]) for out, _ in outputs.values() for line in out.splitlines()}
    report = verify_file(folder / "ledger.jsonl")
    assert report.verified
    assert report.count == 1 + 12 * 20
    assert acknowledged == set(range(2, 242))
    written = [(entry.body["by"], entry.body["number"]) for entry in list(make_ledger(folder).entries())[1:]]
    for name in running:
        assert [number for by, number in written if by == name] == list(range(20))


def _kill_at_random(folder: Path, chance: random.Random, padding: int) -> set[tuple[str, int]]:
    """Let a process append without end, kill it at some moment, answer what it was told is recorded."""
    name = f"run-{chance.randrange(10**9)}"
    process = start_appender(folder, name, 100_000, padding)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(chance.uniform(0, 0.05))
    process.kill()
    rest, _ = process.communicate(timeout=20)
    lines = (first + rest).splitlines(keepends=True)
    return {(name, int(line.split()[1])) for line in lines if line.endswith("\n")}


def _survives_kills(folder: Path, rounds: int) -> None:
    chance = random.Random(11)
    acknowledged: set[tuple[str, int]] = set()
    for number in range(rounds):
        acknowledged |= _kill_at_random(folder, chance, padding=(0, 300_000)[number % 2])
        make_ledger(folder).append("ruling", {"by": "after", "number": number})
        assert verify_file(folder / "ledger.jsonl").verified
    recorded = {(entry.body.get("by"), entry.body.get("number")) for entry in make_ledger(folder).entries()}
    assert acknowledged <= recorded


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    _survives_kills(tmp_path / "agency", rounds=6)


@pytest.mark.soak
def test_two_hundred_killed_processes_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    _survives_kills(tmp_path / "agency", rounds=200)


def test_an_interrupted_process_leaves_a_ledger_that_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "agency"
    for delay in (0.0, 0.01, 0.03):
        process = start_appender(folder, "interrupted", 100_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert verify_file(folder / "ledger.jsonl").verified


@pytest.mark.parametrize("room", [100, 500, 1000, 4096, 10_000])
def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_the_ledger_as_it_was(tmp_path: Path, room: int) -> None:
    folder = tmp_path / "agency"
    ledger = make_ledger(folder, 1)
    before = ledger.path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder), str(room)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ledger.refused: Writing the ledger failed: ")
    assert done.stderr == ""
    assert ledger.path.read_bytes() == before
    assert verify_file(ledger.path).verified
    assert ledger.append("ruling", {}).seq == 3


@pytest.mark.parametrize("room", [0, 10, 100, 300, 1000])
def test_a_disk_without_room_for_the_first_entry_leaves_a_ledger_that_can_begin(tmp_path: Path, room: int) -> None:
    folder = tmp_path / "agency"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder), str(room)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ledger.refused: Writing the ")
    assert make_ledger(folder).append("ruling", {}).seq == 2
    assert verify_file(folder / "ledger.jsonl").verified


def _as_somebody_else(script: str, *args: str) -> str:
    """Run a script that calls ``drop()`` once it has imported what it needs; root would be refused nothing."""
    drop = "import os, sys, rfc8785\ndef drop():\n    os.geteuid() == 0 and os.seteuid(65534)\n"
    done = subprocess.run([sys.executable, "-c", drop + script, *args], capture_output=True, text=True, check=True)
    return done.stdout


APPEND_THERE = """
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.errors import FileUnreadableError, LedgerError
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import verify_file
drop()
ledger = Ledger(Path(sys.argv[1]), SystemClock(), random_id)
for work in (lambda: ledger.append("ruling", {}), lambda: verify_file(ledger.path), lambda: list(ledger.entries())):
    try:
        work()
        print("done")
    except (FileUnreadableError, LedgerError) as error:
        print(error.stable_code, error.message, sep=": ")
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that any user of the machine may enter and read, and nobody but its owner may write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o700)


def test_a_folder_that_may_not_be_written_is_one_error(public_folder: Path) -> None:
    said = _as_somebody_else(APPEND_THERE, str(public_folder / "agency")).splitlines()
    assert said[0] == "ledger.refused: Making the ledger's folder failed: Permission denied"
    assert list(public_folder.iterdir()) == []


def test_files_that_may_not_be_read_are_one_error(public_folder: Path) -> None:
    public_folder.chmod(0o755)
    ledger = make_ledger(public_folder / "agency", 2)
    for path in (ledger.folder, *ledger.folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o000)
    said = _as_somebody_else(APPEND_THERE, str(ledger.folder)).splitlines()
    assert said == ["ledger.refused: Opening the file failed: Permission denied"] * 3
