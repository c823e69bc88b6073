"""What a server can do, found out by having it do it: documentation and version numbers promise too much."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Capabilities, Message, Parameters, Request
from agent_agency.inference.server_labels import NOTE

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Reply

PROBE_S = 120.0
_MARK = "zq7"
_SCHEMA = {
    "type": "object",
    "properties": {"mark": {"type": "string", "enum": [_MARK]}},
    "required": ["mark"],
    "additionalProperties": False,
}
_QUESTION = (Message("user", "Write one short sentence about rain."),)
_CANNOT = frozenset(
    {
        "engine.refused",
        "engine.not_found",
        "engine.bad_answer",
        "engine.bad_request",
        "engine.empty_answer",
        "engine.no_logprobs",
        "engine.server_failed",
    }
)


def probe_capabilities(engine: Engine, window: int | None) -> Capabilities:
    """Ask two short questions: one under a schema that no free answer meets by chance, one for log-probabilities.

    Args:
        engine: a server's.
        window: its context in tokens, where known.

    Raises:
        EngineError: the server cannot be reached, is busy, or is late: then nothing is known of what it can do.
    """
    obeyed = _try(engine, Request(_QUESTION, Parameters(max_tokens=64), _SCHEMA, PROBE_S))
    likely = _try(engine, Request(_QUESTION, Parameters(max_tokens=8, top_logprobs=1), None, PROBE_S))
    plain = obeyed or likely or engine.generate(Request(_QUESTION, Parameters(max_tokens=8), None, PROBE_S))
    logprobs = likely is not None and bool(likely.logprobs)
    return Capabilities(
        schema=obeyed is not None and _keeps_schema(obeyed.text),
        stream=True,
        logprobs=logprobs,
        token_counts=plain.usage.prompt is not None,
        seed=True,
        context_tokens=window,
        language_model=True,
        labels=logprobs,
        notes=(NOTE,) if logprobs else (),
    )


def _try(engine: Engine, request: Request) -> Reply | None:
    """The answer, or ``None`` where the server cannot answer in that way."""
    try:
        return engine.generate(request)
    except EngineError as error:
        if error.stable_code in _CANNOT:
            return None
        raise


def _keeps_schema(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"mark": _MARK})
    except (ValueError, RecursionError):
        return False
