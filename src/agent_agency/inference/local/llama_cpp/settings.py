"""What the options of loading come to for llama.cpp and one model."""

from __future__ import annotations

import os
from dataclasses import dataclass

from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import LoadOptions

USUAL_CONTEXT = 8192
"""Tokens of one request's window where none is asked for; a model made for less gets what it was made for."""
SHORTEST_USUAL_CONTEXT = 1024
"""Less than this is not taken for want of memory; it is asked for, or loading fails."""
USUAL_CACHE_GB = 3.0
_RUNNING_SHARE = 2 / 3
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Settings:
    """How llama.cpp is set up.

    Args:
        path: the GGUF file.
        exact: numbers that do not depend on what else is computed; see `server`.
        width: slots.
        context: tokens of one slot.
        threads: of the processor.
        reuse: keep and copy what prompts have in common.
        kept_bytes: room for kept prefixes.
    """

    path: str
    exact: bool
    width: int
    context: int
    threads: int
    reuse: bool
    kept_bytes: int


def settings_of(options: LoadOptions, trained_context: int | None, token_bytes: int | None = None) -> Settings:
    """Read the options.

    Args:
        options: ``extra`` knows ``prefix_cache`` (true): false computes every prompt anew, as one who measures wants.
        trained_context: the window that the model was made for, where its file tells one.
        token_bytes: that a token of a window takes. Where no context is asked for, the windows of all slots keep to two
            thirds of ``cache_gb``; kept prefixes have the rest.

    Raises:
        EngineError: ``engine.bad_settings``.
    """
    unknown = sorted(set(options.extra) - {"prefix_cache"})
    if unknown:
        raise _bad(f"llama.cpp knows no setting {unknown[0]!r}", "Its one setting is 'prefix_cache'.")
    reuse = options.extra.get("prefix_cache", True)
    if not isinstance(reuse, bool):
        raise _bad("'prefix_cache' is neither true nor false", "Write true or false.")
    if options.precision not in {"default", "exact"}:
        raise _bad(f"there is no precision {options.precision!r}", "Name 'default' or 'exact'.")
    width = _at_least_one(options.width, "width")
    memory = (USUAL_CACHE_GB if options.cache_gb is None else options.cache_gb) * _GIB
    most = USUAL_CONTEXT if token_bytes is None else int(memory * _RUNNING_SHARE / (width * token_bytes))
    return Settings(
        path=options.path,
        exact=options.precision == "exact",
        width=width,
        context=_context(options.context_tokens, trained_context, most),
        threads=_at_least_one(options.threads or usable_cores(), "threads"),
        reuse=reuse,
        kept_bytes=int(memory * (1 - _RUNNING_SHARE)),
    )


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context(asked: int | None, trained: int | None, most: int) -> int:
    if asked is None:
        return min(USUAL_CONTEXT, trained or USUAL_CONTEXT, max(SHORTEST_USUAL_CONTEXT, most // 256 * 256))
    if trained is not None and asked > trained:
        raise _bad(
            f"a context of {asked:,} tokens is asked for, and the model was made for {trained:,}",
            f"Ask for at most {trained:,}.",
        )
    return _at_least_one(asked, "context")


def _at_least_one(value: int, name: str) -> int:
    if value < 1:
        raise _bad(f"{name!r} is {value}", "Give at least 1.")
    return value


def _bad(problem: str, fix: str) -> EngineError:
    return EngineError(f"The engine's settings cannot be used: {problem}", fix=fix, code="engine.bad_settings")
