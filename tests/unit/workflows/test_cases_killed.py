"""SIGKILL between any two writes of a ruling and its case: both stand, or neither."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from support.kill_at import CALLS

TESTS = Path(__file__).resolve().parents[2]
WHOLE = [
    ["ruling", "case_opened"],
    ["ruling", "case_closed"],
    ["ruling", "case_opened"],
]


def _sweep(folder: Path, url: str | None, stride: int) -> list[dict[str, Any]]:
    program = [sys.executable, str(TESTS / "support" / "kill_sweep.py"), "case", str(folder), url or "-", str(stride)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _holds(kills: list[dict[str, Any]]) -> None:
    possible = [["genesis", "ruling", *chain(*WHOLE[:count])] for count in range(len(WHOLE) + 1)]
    for kill in kills:
        left = kill["left"]
        assert isinstance(left, dict), (left, kill["calls"])
        assert left["problems"] == [], kill
        kinds = [kind for _, kind in left["entries"]]
        assert kinds in possible, kill
        assert {int(told) for told in kill["told"]} <= {seq for seq, _ in left["entries"]}
    assert [kind for _, kind in kills[-1]["left"]["entries"]] == possible[-1]


@pytest.mark.skipif(not CALLS, reason="NOT RUN: killing at each call needs ptrace on Linux")
def test_a_ruling_is_never_without_its_case_on_sqlite(tmp_path: Path) -> None:
    _holds(_sweep(tmp_path, None, 11))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(not CALLS, reason="NOT RUN: killing at each call needs ptrace on Linux")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_ruling_is_never_without_its_case_at_every_single_call(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url = str(request.getfixturevalue("postgres_url")) if database == "postgres" else None
    _holds(_sweep(tmp_path, url, 1))
