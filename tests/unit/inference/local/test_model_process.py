from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.local import questions
from agent_agency.inference.local.answers import Counted
from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.local.model_process import ModelProcess
from agent_agency.inference.local.open_questions import Box
from agent_agency.inference.local.process_ends import Lost, died
from agent_agency.inference.local.process_start import Start, Started, environment, starting
from agent_agency.inference.local.pulse import Finding, Patience, Pulse
from agent_agency.inference.local.restarts import RestartPolicy
from agent_agency.inference.protocol import Message
from support.local_engines import DOUBLE, PATIENT, eventually, is_alive

LOAD = questions.load("llama.cpp", LoadOptions("model"))


@contextmanager
def _process(start: Start) -> Iterator[tuple[ModelProcess, list[Lost]]]:
    over: list[Lost] = []
    process = ModelProcess(start, LOAD, over.append, time.perf_counter, PATIENT)
    process.begin()
    try:
        yield process, over
    finally:
        process.stop(0)


def _program(*command: str) -> Start:
    pipe = subprocess.PIPE

    def start() -> Started:
        return Started(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0), lambda: None)

    return start


def _python(code: str) -> Start:
    return _program(sys.executable, "-c", code)


def test_a_question_may_be_asked_before_the_process_has_begun() -> None:
    over: list[Lost] = []
    process = ModelProcess(starting("llama.cpp", DOUBLE), LOAD, over.append, time.perf_counter, PATIENT)
    box: Box = SimpleQueue()
    process.ask(questions.count((Message("user", "a b"),)), box)
    process.begin()
    assert box.get(timeout=90) == Counted(5)
    process.stop(1)
    assert [one.code for one in over] == ["engine.closed"]


def test_a_program_that_cannot_be_started_is_one_typed_end() -> None:
    with _process(_program("/nowhere/at/all")) as (process, over):
        eventually(lambda: bool(over))
        assert over[0].code == "engine.process_died"
        assert "could not be started" in over[0].message
        box: Box = SimpleQueue()
        process.ask(questions.facts(), box)
        assert box.get(timeout=90) == over[0]


def test_a_program_that_closes_its_pipe_and_lives_on_is_ended() -> None:
    code = "import os, time; os.close(1); time.sleep(600)"
    with _process(_python(code)) as (process, over):
        eventually(lambda: bool(over))
        assert over[0].code == "engine.bad_answer"
        assert process.pid is not None
        assert not is_alive(process.pid)


def test_a_program_that_ends_before_it_reads_anything_is_one_typed_end() -> None:
    with _process(_python("import sys; sys.exit('no library')")) as (_, over):
        eventually(lambda: bool(over))
        assert over[0] == died(1, "no library")


def test_what_a_program_says_last_is_shown_without_its_control_characters() -> None:
    with _process(_python(r"import sys; sys.exit('\x1b[31mred\x07' + 'x' * 1000)")) as (_, over):
        eventually(lambda: bool(over))
        assert "?[31mred?" in over[0].message
        assert len(over[0].message) < 400


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of a parent's end on Linux alone")
@pytest.mark.parametrize("stopped", [False, True])
def test_a_process_ends_with_its_parent_even_while_it_is_held(stopped: bool, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"""
import sys, time
sys.path[:0] = {[str(Path(DOUBLE).parent.parent)]!r}
from support.local_engines import *
with scripted() as engine:
    engine.warm()
    open({str(told)!r}, "w").write(f"{{engine.process_id}}.")
    time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        eventually(lambda: told.exists() and told.read_text().endswith("."))
        child = int(told.read_text()[:-1])
        if stopped:
            os.kill(child, signal.SIGSTOP)
        assert is_alive(child)
    finally:
        parent.kill()
        parent.wait()
    eventually(lambda: not is_alive(child))


def test_what_a_killed_process_left_behind_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with _process(starting("llama.cpp", DOUBLE)) as (process, over):
        eventually(lambda: process.stage == "warm")
        (folder,) = tmp_path.iterdir()
        assert (folder / "left").exists()
        process.kill()
        eventually(lambda: bool(over))
        assert not list(tmp_path.iterdir())


def test_no_key_of_the_user_reaches_the_process() -> None:
    own = {"PATH": "/bin", "HOME": "/home/me", "OPENAI_API_KEY": "k", "HTTPS_PROXY": "http://x", "PYTHONPATH": "/evil"}
    given_to_it = environment(own, "llama.cpp")
    assert not {"OPENAI_API_KEY", "HTTPS_PROXY"} & set(given_to_it)
    assert given_to_it["HF_HUB_OFFLINE"] == "1"
    assert "/evil" not in given_to_it["PYTHONPATH"]
    assert given_to_it["OMP_WAIT_POLICY"] == "passive"


@pytest.mark.parametrize("spin", [True, False])
def test_no_debugger_is_run_where_llama_cpp_aborts(spin: bool) -> None:
    given_to_it = environment({}, "llama.cpp", spin=spin)
    assert given_to_it["GGML_NO_BACKTRACE"] == "1"
    assert ("OMP_WAIT_POLICY" in given_to_it) is not spin


def test_a_pause_of_this_very_process_is_no_hang() -> None:
    pulse = Pulse(Patience(beat_s=1, hung_s=3))
    pulse.beat(overdue=False)
    assert [pulse.beat(overdue=False) for _ in range(3)] == [Finding.QUIET, Finding.QUIET, Finding.HUNG]
    pulse.heard(ended=False)
    assert pulse.beat(overdue=False) is Finding.ALIVE


def test_an_engine_that_answers_and_ends_nothing_is_stuck() -> None:
    pulse = Pulse(Patience(beat_s=1, hung_s=3, stuck_s=2))
    found = []
    for _ in range(3):
        pulse.heard(ended=False)
        found.append(pulse.beat(overdue=True))
    assert found == [Finding.ALIVE, Finding.ALIVE, Finding.STUCK]
    pulse.heard(ended=True)
    assert pulse.beat(overdue=True) is Finding.ALIVE


@given(st.lists(st.floats(0, 1e6), max_size=12).map(sorted), st.floats(0, 1e6))
def test_restarts_are_bounded_and_come_later_and_later(ends: list[float], now: float) -> None:
    policy = RestartPolicy(most=5, window_s=600, first_s=0.5, longest_s=4)
    recent = policy.recent(ends, now)
    at = policy.start_at(recent)
    assert (at is None) == (len(recent) > 5)
    if at is not None and recent:
        assert 0 <= at - recent[-1] <= 4 + 1e-6


def test_the_first_restart_is_at_once_and_then_the_wait_doubles() -> None:
    policy = RestartPolicy(most=5, first_s=0.5, longest_s=3)
    assert [policy.start_at((10.0,) * count) for count in range(1, 7)] == [10, 10.5, 11, 12, 13, None]
