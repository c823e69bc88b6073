"""What the pool says when a model cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError

if TYPE_CHECKING:
    from agent_agency.inference.pool.memory_claims import Others

_GIB = 1024**3


def no_such_model(name: str, known: Sequence[str]) -> EngineError:
    """Nobody told the pool of it."""
    fix = f"Name one of: {', '.join(known)}." if known else "Write [engines.NAME] into your engines.toml."
    return EngineError(f"The pool has no model {name!r}", fix=fix, code="engine.unknown")


def over_budget(name: str, needed: int, budget: int) -> EngineError:
    """It does not fit even when nothing else is loaded."""
    return EngineError(
        f"The model {name} takes {needed / _GIB:.2f} GiB of memory, and all models together may take "
        f"{budget / _GIB:.2f} GiB",
        fix="Raise memory_gb below [pool] in your engines.toml, or take a smaller model or context.",
        code="engine.over_budget",
    )


def not_in_time(name: str, state: str, busy: Sequence[str], others: Others) -> EngineError:
    """The deadline passed while it was not warm; ``busy`` models and ``others``, processes, hold the memory."""
    beside = [*busy, *([_elsewhere(others)] if others.held else [])]
    why = "it is still loading" if state == "loading" else f"no memory came free beside {', '.join(beside) or 'others'}"
    return EngineError(
        f"The model {name} was not loaded in time: {why}",
        fix="Ask again with a longer deadline, or give the models more memory_gb below [pool].",
        code="engine.timeout",
    )


def _elsewhere(others: Others) -> str:
    numbers = ", ".join(map(str, others.processes))
    which = f"process {numbers}" if len(others.processes) == 1 else f"processes {numbers}"
    return f"the models of {which} ({others.held / _GIB:.2f} GiB)"


def same_again(error: EngineError, seconds: float) -> EngineError:
    """The failure of the last try, for one more who asks; ``seconds`` until the next try."""
    later = f" It is tried again in {seconds:.0f} s." if seconds >= 1 else ""
    return EngineError(
        error.message, fix=error.fix + later, code=error.stable_code, retry_after_s=seconds if seconds > 0 else None
    )


def cancelled(name: str) -> EngineError:
    """Whoever asked wants it no more."""
    message = f"The question was cancelled while the model {name} was loading"
    return EngineError(message, fix="Ask again.", code="engine.cancelled")


def closed() -> EngineError:
    """The pool takes no more requests."""
    return EngineError("The models were closed", fix="Ask again once they are open.", code="engine.closed")


def unexpected(name: str, error: Exception) -> EngineError:
    """The engine raised what it should not."""
    said = " ".join(str(error).split())[:200]
    return EngineError(
        f"The model {name} cannot be used: {type(error).__name__}: {said}",
        fix="Run agency engine check on it; try its other engine.",
        code="engine.failed",
    )
