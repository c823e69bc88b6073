"""What a model's process answered, as the protocol of engines has it; what cannot be true is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelReply, LabelRequest
from agent_agency.inference.protocol import Capabilities, Reply, Request, Usage

if TYPE_CHECKING:
    from agent_agency.inference.local.answers import Answer
    from agent_agency.inference.local.backend import BackendFacts, Generated, Labelled
    from agent_agency.inference.local.local_model import LocalModel


def reply_of(found: Generated, request: Request, model: LocalModel, seconds: float) -> Reply:
    """A written answer.

    Raises:
        EngineError: ``engine.bad_answer``: it is longer than asked for; ``engine.empty_answer``: it holds nothing.
    """
    if found.completion_tokens > request.parameters.max_tokens + 1:  # the sign of its end may be counted
        raise _bad(f"{found.completion_tokens:,} tokens where {request.parameters.max_tokens:,} were asked for")
    if not found.text.strip():
        raise EngineError(
            "The model answered nothing",
            fix="Ask again with another seed, ask for more tokens, or choose another model.",
            code="engine.empty_answer",
        )
    return Reply(
        text=found.text,
        finish="stop" if found.finish == "stop" else "length",
        usage=Usage(found.prompt_tokens, found.completion_tokens, found.cached_tokens),
        model=model.model or model.name,
        model_digest=model.digest,
        latency_s=seconds,
        logprobs=found.logprobs,
    )


def label_reply_of(found: Labelled, request: LabelRequest, model: LocalModel, seconds: float) -> LabelReply:
    """Scored labels.

    Raises:
        EngineError: ``engine.bad_answer``: they are not the labels that were asked for.
    """
    if tuple(one.label for one in found.scores) != request.labels:
        raise _bad("the labels are not those that were asked for")
    return LabelReply(
        scores=found.scores,
        usage=Usage(found.prompt_tokens, found.scored_tokens, found.cached_tokens),
        model=model.model or model.name,
        model_digest=model.digest,
        latency_s=seconds,
    )


def capabilities_of(facts: BackendFacts) -> Capabilities:
    """What a loaded backend can do."""
    return Capabilities(
        schema=facts.schema,
        stream=True,
        logprobs=facts.logprobs >= 0,
        token_counts=True,
        seed=facts.seed,
        context_tokens=facts.context_tokens,
        language_model=True,
        labels=facts.labels,
        notes=facts.notes,
    )


def unexpected(found: Answer) -> EngineError:
    """An answer of another kind than the question's."""
    return _bad(f"it is {type(found).__name__}")


def _bad(what: str) -> EngineError:
    return EngineError(
        f"The model's answer cannot be used: {what}",
        fix="Ask again; try the other engine if it goes on.",
        code="engine.bad_answer",
    )
