from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import IO, Any

import pytest

from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.local.process_start import environment
from agent_agency.inference.local.worker import BACKENDS
from support.local_engines import DOUBLE

MODULE = "agent_agency.inference.local.worker"
OPTIONS = {"path": "m", "width": 2}
SAY = {"op": "count", "messages": [["user", "a b"]]}


@contextmanager
def _worker(*, parent: int | None = None, double: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    told = ["--parent", str(os.getpid() if parent is None else parent), *(["--backend", DOUBLE] if double else [])]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-P", "-m", MODULE, *told],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment(os.environ, "llama.cpp"),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _tell(process: subprocess.Popen[bytes], **document: object) -> None:
    questions, _ = _pipes(process)
    questions.write(json.dumps(document).encode() + b"\n")
    questions.flush()


def _hear(process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_pipes(process)[1].readline())
    return found


def test_answers_stand_alone_on_standard_output_whatever_libraries_print() -> None:
    with _worker() as process:
        _tell(process, op="load", id=0, engine="x", options=OPTIONS)
        assert _hear(process)["is"] == "facts"
        _tell(process, id=1, **SAY)
        assert _hear(process) == {"id": 1, "is": "counted", "tokens": 5}
        _tell(process, op="stop")
        assert process.wait(20) == 0
        assert _pipes(process)[1].read() == b""
        assert process.stderr is not None
        assert process.stderr.read().split(b"\n")[:2] == [b"libraries print to standard output", b"closed"]


def test_a_ping_is_answered_while_the_model_is_loaded() -> None:
    with _worker() as process:
        _tell(process, op="load", id=0, engine="x", options={**OPTIONS, "extra": {"load": "slow 60"}})
        _tell(process, op="ping", id=1)
        found = _hear(process)
        assert (found["id"], found["is"]) == (1, "pong")
        assert found["memory"] > 1 << 20


@pytest.mark.parametrize("load", ["", "slow 60"])
def test_it_ends_when_nobody_can_ask_any_more(load: str) -> None:
    with _worker() as process:
        _tell(process, op="load", id=0, engine="x", options={**OPTIONS, "extra": {"load": load}})
        _tell(process, op="ping", id=1)
        assert _hear(process)["id"] in {0, 1}
        _pipes(process)[0].close()
        assert process.wait(20) == 0


def test_it_ends_when_its_parent_is_another_than_was_told() -> None:
    with _worker(parent=1) as process:
        assert process.wait(20) == 0


def test_a_question_may_be_cancelled_before_the_model_is_loaded() -> None:
    with _worker() as process:
        _tell(process, op="load", id=0, engine="x", options={**OPTIONS, "extra": {"load": "slow 0.3"}})
        _tell(process, id=1, **SAY)
        _tell(process, op="cancel", id=1)
        _tell(process, op="cancel", id=7)
        assert _hear(process)["is"] == "facts"
        assert _hear(process)["code"] == "engine.cancelled"


def test_an_engine_that_is_unknown_is_told_and_ends_the_process() -> None:
    with _worker(double=False) as process:
        _tell(process, op="load", id=0, engine="odd", options=OPTIONS)
        found = _hear(process)
        assert (found["is"], found["code"]) == ("failed", "engine.bad_settings")
        assert process.wait(20) == 0


def test_no_setting_of_a_model_can_name_other_code_to_load() -> None:
    assert not {"backend", "double"} & {one.name for one in fields(LocalModel)}
    assert set(BACKENDS) == {"openvino", "llama.cpp"}
    assert "environ" not in inspect.getsource(sys.modules[MODULE])
