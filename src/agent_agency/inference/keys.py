"""Names of calls: two calls with one name may be answered by one reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.protocol import Parameters, Request


def parameters_document(parameters: Parameters) -> dict[str, Any]:
    """How an answer is drawn, as plain JSON data."""
    return {
        "temperature": parameters.temperature,
        "top_p": parameters.top_p,
        "max_tokens": parameters.max_tokens,
        "seed": parameters.seed,
        "context": parameters.context,
        "repeat_penalty": parameters.repeat_penalty,
        "top_logprobs": parameters.top_logprobs,
        "stop": list(parameters.stop),
    }


def is_determined(parameters: Parameters) -> bool:
    """Whether the same question is to have the same answer: nothing is drawn, or from a seed that is told."""
    return parameters.temperature == 0 or parameters.seed is not None


def prompt_digest_of(request: Request | LabelRequest) -> str:
    """The digest of what is asked.

    Raises:
        EngineError: the messages, the schema or the labels hold what JSON has no form for.
    """
    try:
        return request.prompt_digest
    except ValueError as error:
        raise _no_json(error) from error


def request_key(request: Request) -> str:
    """``sha256:…`` over messages, schema, parameters and rollout; the deadline is left out, as it draws no answer.

    Raises:
        EngineError: the request holds what JSON has no form for, such as a lone surrogate or NaN.
    """
    return _digest(["request", 1, prompt_digest_of(request), parameters_document(request.parameters), request.rollout])


def call_key(request: Request, identity: Mapping[str, str]) -> str:
    """``sha256:…`` over the request and all that an engine says it is: backend, model, its digest, quantisation.

    Raises:
        EngineError: as `request_key`.
    """
    return _digest(["call", 1, request_key(request), dict(identity)])


def label_call_key(request: LabelRequest, identity: Mapping[str, str]) -> str:
    """``sha256:…`` over a request for labels and all that an engine says it is.

    Raises:
        EngineError: as `request_key`.
    """
    return _digest(["labels", 1, prompt_digest_of(request), request.rollout, dict(identity)])


def _digest(value: Any) -> str:
    try:
        return digest_json(value)
    except ValueError as error:
        raise _no_json(error) from error


def _no_json(error: ValueError) -> EngineError:
    return EngineError(
        f"The prompt or its parameters cannot be sent: {error}",
        fix="Give text that UTF-8 has a form for, and finite numbers.",
        code="engine.bad_request",
    )
