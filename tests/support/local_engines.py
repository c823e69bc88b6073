"""Engines on this machine for tests: real processes around the scripted double, and ways to look at them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.local.pulse import Patience, Pulse
from agent_agency.inference.local.restarts import RestartPolicy
from agent_agency.inference.protocol import Message, Parameters, Request

DOUBLE = f"{Path(__file__).with_name('scripted_backend.py')}:load"
PATIENT = Patience(load_s=100, beat_s=0.05, hung_s=1000, stuck_s=1000, stop_s=5)
"""Looks often, and takes no process for hung: a busy machine may leave one waiting for seconds."""
_LONG_S = 90.0


@contextmanager
def scripted(
    *,
    patience: Patience = PATIENT,
    policy: RestartPolicy | None = None,
    memory_gb: float | None = None,
    **extra: Any,
) -> Iterator[LocalEngine]:
    """An engine whose model does as it is told; closed in the end."""
    model = LocalModel("double", __file__, f"sha256:{'0' * 64}", "llama.cpp", width=4, memory_gb=memory_gb, extra=extra)
    engine = LocalEngine(
        model, patience=patience, policy=policy or RestartPolicy(first_s=0.01, longest_s=0.05), backend=DOUBLE
    )
    try:
        yield engine
    finally:
        engine.close(0.0)


def lose_patience(engine: LocalEngine, *, hung_s: float = 1000, stuck_s: float = 1000) -> None:
    """Give up the process that is there, and no later one, after so many seconds of beats."""
    process = engine._kept.current
    assert process is not None
    process._pulse = Pulse(Patience(beat_s=PATIENT.beat_s, hung_s=hung_s, stuck_s=stuck_s))


def ask(text: str, *, deadline_s: float = 100.0, **parameters: Any) -> Request:
    """A question whose only message is ``text``."""
    return Request((Message("user", text),), Parameters(**parameters), deadline_s=deadline_s)


def weigh(text: str, *labels: str, deadline_s: float = 100.0) -> LabelRequest:
    """Labels to score behind ``text``."""
    return LabelRequest((Message("user", text),), labels or ("Yes", "No"), deadline_s)


def refused(call: Callable[[], object]) -> EngineError:
    """The error that a call ends with."""
    with pytest.raises(EngineError) as caught:
        call()
    assert caught.value.fix
    assert len(caught.value.message) < 800
    return caught.value


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + _LONG_S
    while not true():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.005)


def is_alive(process: int) -> bool:
    """Whether a process is there and no mere entry of one that ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
