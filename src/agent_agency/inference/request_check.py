"""What no engine can be asked, refused before it is."""

from __future__ import annotations

import math

from agent_agency.errors import EngineError
from agent_agency.inference.keys import prompt_digest_of
from agent_agency.inference.protocol import Request

_MOST_LOGPROBS = 20


def check_request(request: Request) -> None:
    """Refuse what no engine can be asked.

    Raises:
        EngineError: ``engine.bad_request``.
    """
    prompt_digest_of(request)
    wrong = _wrong(request)
    if wrong is not None:
        raise EngineError(
            f"The question cannot be asked: {wrong}", fix="Mend the parameters.", code="engine.bad_request"
        )


def _wrong(request: Request) -> str | None:
    how = request.parameters
    rules = (
        ("there is no message", bool(request.messages)),
        ("the temperature is no number from 0", math.isfinite(how.temperature) and how.temperature >= 0),
        ("top_p is not above 0 and up to 1", 0 < how.top_p <= 1),
        ("max_tokens is below 1", how.max_tokens >= 1),
        ("top_logprobs is not 0 to 20", 0 <= how.top_logprobs <= _MOST_LOGPROBS),
        ("the repeat penalty is no number above 0", math.isfinite(how.repeat_penalty) and how.repeat_penalty > 0),
        ("the context is below 1", how.context is None or how.context >= 1),
        ("the deadline is no time", request.deadline_s > 0),
    )
    return next((what for what, right in rules if not right), None)
