from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_agency.inference.bench.processor_time import Ticks, other_load, ticks_of


def test_the_machines_and_our_time_are_read_as_the_system_writes_them(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  100 5 50 800 20 1 2 0 0 0\ncpu0 1 1 1 1\n", "ascii")
    process = tmp_path / "42"
    process.mkdir()
    (process / "stat").write_text("42 (a ) name) S 1 1 1 0 -1 0 0 0 0 0 30 12 0 0 20 0 1 0\n", "ascii")
    assert ticks_of([42], tmp_path) == Ticks(978, 158, 42)


def test_where_the_system_does_not_tell_nothing_is_claimed(tmp_path: Path) -> None:
    assert ticks_of([1], tmp_path) is None
    (tmp_path / "stat").write_text("cpu  100 5 50 800 20 1 2 0\n", "ascii")
    assert ticks_of([999_999], tmp_path) is None


@pytest.mark.skipif(not Path("/proc/stat").is_file(), reason="no /proc here")
def test_a_share_is_told_of_this_machine() -> None:
    share = other_load(lambda: [os.getpid()])
    sum(number * number for number in range(2_000_000))
    found = share()
    assert found is None or 0.0 <= found <= 1.0
