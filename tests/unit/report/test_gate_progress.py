"""What people see while gates run."""

from __future__ import annotations

import io

from rich.console import Console

from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.report.gate_progress import LiveProgress, PlainProgress, last_line

PASSED = GateResult("tests", GateStatus.PASS, GateMode.BLOCK, reason="3 of 3 tests passed")


def shown(progress: LiveProgress, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(progress.table())
    return stream.getvalue()


def live(now: list[float]) -> tuple[LiveProgress, io.StringIO]:
    stream = io.StringIO()
    return LiveProgress(Console(file=stream, width=80, color_system=None), lambda: now[0]), stream


def test_a_terminal_shows_each_gate_with_its_time_and_the_last_line_of_its_tool() -> None:
    now = [10.0]
    progress, _ = live(now)
    progress.begun("tests", "runs")
    progress.begun("lint", "runs")
    now[0] = 13.0
    progress.output("tests", b"collected 3 items\ntests/test_a.py ..")
    progress.output("tests", b".\n")
    table = shown(progress)
    progress.closed()
    assert [line.split() for line in table.splitlines()] == [
        ["tests", "3", "s", "runs", "tests/test_a.py", "..."],
        ["lint", "3", "s", "runs"],
    ]


def test_a_gate_that_has_ended_shows_how_and_its_time_stands_still() -> None:
    now = [0.0]
    progress, _ = live(now)
    progress.begun("tests", "runs")
    now[0] = 2.0
    progress.ended("tests", PASSED)
    now[0] = 9.0
    table = shown(progress)
    progress.closed()
    assert table.split() == ["tests", "2", "s", "pass", "3", "of", "3", "tests", "passed"]


def test_a_second_piece_of_work_keeps_the_clock_running() -> None:
    now = [0.0]
    progress, _ = live(now)
    progress.begun("tests", "runs")
    now[0] = 5.0
    progress.begun("tests", "runs the base's tests")
    table = shown(progress)
    progress.closed()
    assert "5 s" in table
    assert "runs the base's tests" in table


def test_what_a_tool_prints_cannot_move_the_cursor_or_forge_a_line() -> None:
    now = [0.0]
    progress, stream = live(now)
    progress.begun("tests", "runs")
    progress.output("tests", b"\x1b[2J\x1b[31mred\x1b]0;title\x07 \xe2\x80\xae txt\xff")
    table = shown(progress)
    progress.closed()
    assert "\x1b" not in table
    assert "red\\x1b]0;title\\x07 \\u202e txt" in table
    assert "title" not in stream.getvalue().replace("\\x1b]0;title", "")


def test_the_last_line_is_the_last_with_something_on_it() -> None:
    assert last_line(b"one\ntwo\r  \n\n") == "two"
    assert last_line(b"10%\r50%\r100%") == "100%"
    assert last_line(b"") == ""
    assert last_line(b"\xff\xfe") == "��"


def test_without_a_terminal_a_line_tells_of_each_beginning_and_end() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.begun("tests", "runs")
    progress.output("tests", b"much text\n")
    progress.ended("tests", PASSED)
    progress.closed()
    assert stream.getvalue() == "gate tests: runs\ngate tests: pass, 3 of 3 tests passed\n"


def test_a_long_line_of_a_tool_is_cut_and_leaves_the_gates_name_whole() -> None:
    progress, _ = live([0.0])
    progress.begun("unit-tests", "runs")
    progress.output("unit-tests", b"." * 500)
    table = shown(progress)
    progress.closed()
    assert table.startswith("unit-tests")
    assert len(table.splitlines()) == 1
    assert table.rstrip().endswith("…")
