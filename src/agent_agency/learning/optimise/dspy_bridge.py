"""Our engines under DSPy's, and DSPy's language model as one of ours: both ways nothing of a request is lost.

DSPy 3.4 takes an engine as an object with ``complete(lm15.Request) -> lm15.Response``. Its own caches stay off, as
`inference` has one that is content-addressed and that a run resumes from. What DSPy's request has no place for
(deadline, rollout, window, penalty) travels in its extensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.protocol import (
    Cancel,
    Engine,
    Message,
    Parameters,
    Piece,
    Reply,
    Request,
    Usage,
)

EXTRA = "optimize"
MODEL = "agency/engine"
"""What DSPy calls any engine of ours; the real name is in the engine's identity."""
_OWN = "agency"


def language_model(engine: Engine) -> Any:
    """A ``dspy.LM`` that asks this engine, without DSPy's caches and retries.

    Raises:
        MissingExtraError: DSPy is not installed.
    """
    dspy = require("dspy", extra=EXTRA)
    return dspy.LM(MODEL, engine=EngineForDspy(engine), cache=False, num_retries=0)


class EngineForDspy:
    """One of our engines, as DSPy wants it.

    Args:
        engine: what answers.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def complete(self, request: Any) -> Any:
        """Answer an ``lm15.Request`` with an ``lm15.Response``.

        Raises:
            EngineError: as the engine; DSPy wraps it, and `LmAsEngine` unwraps it.
        """
        lm15 = require("dspy.lm15", extra=EXTRA)
        reply = self.engine.generate(from_dspy(request))
        return lm15.Response(
            id=None,
            model=reply.model or MODEL,
            message=lm15.Message(role="assistant", parts=(lm15.TextPart(reply.text),)),
            finish_reason=reply.finish,
            usage=lm15.Usage(input_tokens=reply.usage.prompt, output_tokens=reply.usage.completion),
            provider_data={
                "model_digest": reply.model_digest,
                "latency_s": reply.latency_s,
                "cache_hit": reply.cache_hit,
                "cached": reply.usage.cached,
            },
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> EngineForDspy:
        """Itself: DSPy copies programs with what they hold, and an engine holds connections."""
        return self


class LmAsEngine(AroundEngine):
    """A ``dspy.LM`` over one of our engines, as an engine again: so a judge runs whole, repair and all, inside DSPy.

    Args:
        lm: made by `language_model`, or a copy of one.
    """

    def __init__(self, lm: Any) -> None:
        super().__init__(lm.engine.engine)
        self._lm = lm

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:  # noqa: ARG002 - DSPy cannot cancel
        """Ask through DSPy.

        Raises:
            EngineError: as the engine below.
        """
        errors = require("dspy.utils.exceptions", extra=EXTRA)
        try:
            response = self._lm(to_dspy(request))
        except errors.LMError as error:
            if isinstance(error.__cause__, EngineError):
                raise error.__cause__ from None
            raise
        told = response.provider_data
        return Reply(
            text=response.message.text or "",
            finish=response.finish_reason,
            usage=Usage(response.usage.input_tokens, response.usage.output_tokens, told["cached"]),
            model=response.model,
            model_digest=told["model_digest"],
            latency_s=told["latency_s"],
            cache_hit=told["cache_hit"],
        )

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer in one piece.

        Raises:
            EngineError: as `generate`.
        """
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)


def to_dspy(request: Request) -> Any:
    """Our request as an ``lm15.Request``.

    Raises:
        MissingExtraError: DSPy is not installed.
    """
    lm15 = require("dspy.lm15", extra=EXTRA)
    asked = request.parameters
    system = [one.content for one in request.messages if one.role == "system"]
    turns = [one for one in request.messages if one.role != "system"]
    schema = None if request.schema is None else {"type": "json_schema", "schema": dict(request.schema)}
    own = {
        "deadline_s": request.deadline_s,
        "rollout": request.rollout,
        "context": asked.context,
        "repeat_penalty": asked.repeat_penalty,
        "top_logprobs": asked.top_logprobs,
    }
    return lm15.Request(
        model=MODEL,
        system=tuple(lm15.TextPart(text) for text in system) or None,
        messages=tuple(lm15.Message(role=one.role, parts=(lm15.TextPart(one.content),)) for one in turns),
        config=lm15.Config(
            max_tokens=asked.max_tokens,
            temperature=asked.temperature,
            top_p=asked.top_p,
            stop=asked.stop,
            seed=asked.seed,
            response_format=schema,
            extensions={_OWN: own},
        ),
    )


def from_dspy(request: Any) -> Request:
    """An ``lm15.Request``, ours or one that DSPy put together, as our request; what it leaves open is our default."""
    config, usual = request.config, Parameters()
    own = (config.extensions or {}).get(_OWN, {})
    parameters = Parameters(
        temperature=usual.temperature if config.temperature is None else config.temperature,
        top_p=usual.top_p if config.top_p is None else config.top_p,
        max_tokens=usual.max_tokens if config.max_tokens is None else config.max_tokens,
        seed=config.seed if own or config.seed is not None else usual.seed,
        context=own.get("context"),
        repeat_penalty=own.get("repeat_penalty", usual.repeat_penalty),
        top_logprobs=own.get("top_logprobs", usual.top_logprobs),
        stop=tuple(config.stop),
    )
    turns = tuple(Message(one.role, one.text or "") for one in request.messages)
    return Request(
        messages=_system(request.system) + turns,
        parameters=parameters,
        schema=None if config.response_format is None else config.response_format.get("schema"),
        deadline_s=own.get("deadline_s", 120.0),
        rollout=own.get("rollout", 0),
    )


def _system(system: Any) -> tuple[Message, ...]:
    if system is None:
        return ()
    if isinstance(system, str):
        return (Message("system", system),)
    return tuple(Message("system", part.text) for part in system)
