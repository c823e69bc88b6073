"""The ways in which a model's process comes to its end, each as one typed failure of what it was working on."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError

if TYPE_CHECKING:
    from agent_agency.inference.local.backend import Failed
    from agent_agency.inference.local.wire import WireError

GAVE_UP = 70
"""The exit code of a process whose engine is broken (sysexits(3): an internal software error)."""
_GIB = 1024**3
_REPORT = "Ask again; try the other engine if it goes on."
_MEMORY = "Take a smaller model, a smaller context or a smaller width, or give it more memory_gb."


@dataclass(frozen=True, slots=True)
class Lost:
    """The process is gone, and with it what it was asked.

    Args:
        code: of the `EngineError`.
        message: what happened.
        fix: the next step.
        again: whether a new process may do better.
    """

    code: str
    message: str
    fix: str
    again: bool = True

    def error(self) -> EngineError:
        """As what is raised; a new one each time, as several threads may raise it."""
        return EngineError(self.message, fix=self.fix, code=self.code)


def not_started(error: OSError | ValueError) -> Lost:
    """The operating system started no process."""
    return Lost(
        "engine.process_died",
        f"The model's process could not be started: {error}",
        "See whether this machine has memory, processes, and room in its folder for temporary files (TMPDIR) left.",
    )


def not_loaded(failed: Failed) -> Lost:
    """The process says why it has no model."""
    return Lost(failed.code, failed.message, failed.fix, again=False)


def died(status: int, last_words: str) -> Lost:
    """The process ended by itself; with `GAVE_UP` because its engine is broken.

    Args:
        status: its exit code, or the negative number of a signal.
        last_words: the last line that it printed.
    """
    said = f"; it last said: {last_words}" if last_words else ""
    if status == GAVE_UP:
        how = "was ended because its engine failed in the midst of work"
    elif status < 0:
        how = f"was killed by {_signal_name(-status)}"
        if -status == signal.SIGKILL:
            how += ", as the kernel does where memory runs out"
    else:
        how = f"ended with exit code {status}"
    return Lost("engine.process_died", f"The model's process {how}{said}", _REPORT)


def late_loading(seconds: float, last_words: str) -> Lost:
    """The model was not loaded in its time."""
    said = f"; it last said: {last_words}" if last_words else ""
    return Lost(
        "engine.load_timeout",
        f"The model was not loaded within {seconds:g} seconds{said}",
        "Take a smaller model, or see what else keeps this machine busy.",
    )


def hung(seconds: float) -> Lost:
    """The process gives no sign of life."""
    return Lost("engine.hung", f"The model's process gave no sign of life for {seconds:g} seconds", _REPORT)


def stuck(seconds: float) -> Lost:
    """The process lives, and its engine ends nothing."""
    return Lost(
        "engine.hung", f"The model's engine ended no job for {seconds:g} seconds, not even a cancelled one", _REPORT
    )


def nonsense(error: WireError) -> Lost:
    """The process wrote what is no answer; nothing more that it writes can be trusted."""
    return Lost("engine.bad_answer", f"The model's process wrote what is no answer: {error}", _REPORT)


def over_memory(used: int, budget: int) -> Lost:
    """The process holds more memory than it may."""
    return Lost(
        "engine.out_of_memory",
        f"The model's process held {used / _GIB:.2f} GiB of memory, and {budget / _GIB:.2f} are set",
        _MEMORY,
    )


def stopped() -> Lost:
    """The process was told to stop while it had work."""
    return Lost(
        "engine.closed", "The engine was closed before the answer came", "Ask again once it is open.", again=False
    )


def defect(error: Exception) -> Lost:
    """The thread that watches the process met what it should not have."""
    said = " ".join(str(error).split())[:200]
    return Lost("engine.failed", f"The model's process could not be watched ({type(error).__name__}: {said})", _REPORT)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
