"""What goes wrong with OpenVINO, told in sentences for people: its own messages name places in C++ files."""

from __future__ import annotations

import re
from dataclasses import replace

from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import Failed

CANCELLED = Failed("engine.cancelled", "The call was cancelled", "Ask again.")
CLOSED = Failed("engine.closed", "The model was let go of before the call had ended", "Ask again.")
CACHE_FULL = Failed(
    "engine.out_of_memory",
    "The memory for running requests (memory_gb) is too small for this one",
    "Give the engine more memory_gb, or a smaller width or context.",
)
NATIVE = (RuntimeError, IndexError, ValueError, TypeError)
"""As what exceptions of the library's C++ come through."""
_SHOWN = 160
_PLACE = re.compile(r"(Exception from |Check '|at )?\S*\.(cpp|hpp)\S*( failed)?:?")


def detail(error: BaseException) -> str:
    """An exception's words on one line, without places in source code."""
    words = " ".join(_PLACE.sub(" ", str(error)).split())
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def failed(error: BaseException) -> Failed:
    """What an exception in the midst of work means to those who wait."""
    if isinstance(error, EngineError):
        return Failed(error.stable_code, error.message, error.fix)
    if isinstance(error, MemoryError):
        return Failed(
            "engine.out_of_memory",
            "The model's process has no memory left",
            "Take a smaller model, width or context, or give it more memory_gb.",
        )
    return Failed(
        "engine.failed",
        f"OpenVINO gave up ({detail(error) or type(error).__name__})",
        "Ask again; try the engine llama.cpp if this goes on.",
    )


def gave_up(error: BaseException) -> Failed:
    """What an exception in the midst of a step means: nobody knows how far its requests were computed."""
    return replace(failed(error), broken=True)


def unsupported(path: str, error: BaseException) -> EngineError:
    """The error of a model that OpenVINO does not load."""
    what = "its file lacks something that it should hold" if isinstance(error, IndexError) else detail(error)
    return EngineError(
        f"OpenVINO cannot run this model ({what})",
        fix='Use engine = "llama.cpp" for it, or a file that OpenVINO reads (llama, qwen2, qwen3; Q8_0, Q4_0, Q6_K).',
        path=path,
        code="engine.model_unsupported",
    )


def not_rightly(path: str, why: str) -> EngineError:
    """The error of a model that OpenVINO may load, and would not compute as its file says."""
    return EngineError(
        f"OpenVINO does not run this model rightly: {why}",
        fix='Use engine = "llama.cpp" for it, or convert the model into a folder of OpenVINO\'s form.',
        path=path,
        code="engine.model_unsupported",
    )


def no_labels(error: BaseException) -> EngineError:
    """The error of a model that writes text, and whose graph cannot be driven by hand."""
    return EngineError(
        f"Labels cannot be scored with this model ({detail(error)})",
        fix="Use the mode 'short' with it, or the engine llama.cpp.",
        code="engine.no_labels",
    )


def prompt_too_long(tokens: int, context: int, *, or_more: bool = False) -> EngineError:
    """The error of a prompt that leaves no room for an answer."""
    long = f"{tokens:,} tokens or more" if or_more else f"{tokens:,} tokens"
    return EngineError(
        f"The prompt is {long} long, and the model's window here is {context:,}",
        fix="Shorten the rubric or the item, or set a larger context for the engine.",
        code="engine.prompt_too_long",
    )
