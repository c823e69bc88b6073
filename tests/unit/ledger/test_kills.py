"""SIGKILL between any two writes: what was acknowledged is there, nothing is half there, and the next append works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.kill_at import CALLS
from support.ledgers import export_to, make_ledger

TESTS = Path(__file__).resolve().parents[2]
needs_tracing = pytest.mark.skipif(not CALLS, reason="NOT RUN: killing at each call needs ptrace on Linux")


def _sweep(work: str, folder: Path, url: str | None, stride: int) -> list[dict[str, Any]]:
    program = [sys.executable, str(TESTS / "support" / "kill_sweep.py"), work, str(folder), url or "-", str(stride)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _holds(kill: dict[str, Any]) -> None:
    """Nothing that was told is lost, the chain verifies before and after one more append, which works."""
    left = kill["left"]
    assert isinstance(left, dict), (left, kill["calls"])
    assert left["problems"] == [], kill
    seqs = [seq for seq, _ in left["entries"]]
    assert seqs == list(range(1, len(seqs) + 1)), kill
    assert {int(told) for told in kill["told"] if told.isdigit()} <= set(seqs), kill
    assert left["next"] == max(len(seqs), 1) + 1, kill


def _first(folder: Path, url: str | None, stride: int) -> None:
    kills = _sweep("first", folder, url, stride)
    for kill in kills:
        _holds(kill)
        assert len(kill["left"]["entries"]) in {0, 2, 3}
    assert {0, 3} <= {len(kill["left"]["entries"]) for kill in kills}


def _together(folder: Path, url: str | None, stride: int) -> None:
    kills = _sweep("together", folder, url, stride)
    for kill in kills:
        _holds(kill)
        kinds = [kind for _, kind in kill["left"]["entries"]]
        assert kinds.count("together") in {0, 3}, kill
    assert [kind for _, kind in kills[-1]["left"]["entries"]].count("together") == 3


def _import(folder: Path, url: str | None, stride: int, work: str) -> None:
    source = make_ledger(folder / "source", 0)
    source._new_id = lambda: "c" * 32
    for number in range(3):
        source.append("ruling", {"number": number, "padding": "x" * 3000})
    export_to(source, folder / "export.jsonl")
    kills = _sweep(work, folder, url, stride)
    for kill in kills:
        _holds(kill)
        assert kill["left"]["imported"] in ([], [4]), kill
        assert kill["left"]["imported"] == [4] or not kill["told"], kill
    assert kills[-1]["left"]["imported"] == [4]


@needs_tracing
def test_a_kill_while_the_database_is_made_and_first_written_to(tmp_path: Path, url: str | None) -> None:
    _first(tmp_path, url, stride=23)


@needs_tracing
def test_a_kill_while_several_entries_are_appended_together(tmp_path: Path, url: str | None) -> None:
    _together(tmp_path, url, stride=9)


@needs_tracing
def test_a_kill_while_a_chain_is_imported(tmp_path: Path, url: str | None) -> None:
    _import(tmp_path, url, 13, "import-beside")


@needs_tracing
@pytest.mark.soak
def test_a_kill_before_every_single_call_of_the_first_append(tmp_path: Path, url: str | None) -> None:
    _first(tmp_path, url, stride=1)


@needs_tracing
@pytest.mark.soak
def test_a_kill_before_every_single_call_of_an_append_of_several(tmp_path: Path, url: str | None) -> None:
    _together(tmp_path, url, stride=1)


@needs_tracing
@pytest.mark.soak
@pytest.mark.parametrize("work", ["import", "import-beside"])
def test_a_kill_before_every_single_call_of_an_import(tmp_path: Path, url: str | None, work: str) -> None:
    _import(tmp_path, url, 1, work)


@needs_tracing
def test_an_entry_is_on_the_disk_before_anybody_is_told(tmp_path: Path) -> None:
    """Between the last write of an append and its answer the file is forced to the disk."""
    (whole,) = _sweep("first", tmp_path, None, 100_000)[1:]
    calls = whole["calls"]
    assert calls.count("tell") == 2
    for place, call in enumerate(calls):
        if call == "tell":
            before = [name for name in calls[:place] if name in {"write", "fsync"}]
            assert before[-1] == "fsync"
