"""What a model's process answers, as documents of one line: written there, and read here as from a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from agent_agency.inference.labels import LabelScore
from agent_agency.inference.local.backend import BackendFacts, Failed, Generated, Labelled
from agent_agency.inference.local.wire import WireError, as_count, as_logprob, count_of, flag_of, list_of, text_of
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import TokenChoice


@dataclass(frozen=True, slots=True)
class PieceText:
    """Text of a streamed answer, as it comes."""

    text: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens of a prompt."""

    tokens: int


@dataclass(frozen=True, slots=True)
class Pong:
    """The process is there; ``memory_bytes`` is what it holds, 0 where it cannot tell."""

    memory_bytes: int


Answer: TypeAlias = BackendFacts | Generated | Labelled | Primed | Counted | PieceText | Pong | Failed

ANSWERED_BY: Mapping[str, type[Answer]] = MappingProxyType(
    {
        "load": BackendFacts,
        "facts": BackendFacts,
        "generate": Generated,
        "labels": Labelled,
        "prime": Primed,
        "count": Counted,
        "ping": Pong,
    }
)
"""What ends each question, apart from `Failed`."""


def write(answer: Answer) -> dict[str, Any]:  # noqa: PLR0911 - one way out for each kind
    """An answer as a document, its ``id`` left to be added."""
    match answer:
        case Generated():
            return {"is": "generated", **_generated(answer)}
        case Labelled():
            return {"is": "labelled", **_labelled(answer)}
        case BackendFacts():
            return {"is": "facts", **_facts(answer)}
        case Primed(tokens, computed):
            return {"is": "primed", "tokens": tokens, "computed": computed}
        case Counted(tokens):
            return {"is": "counted", "tokens": tokens}
        case PieceText(text):
            return {"is": "piece", "text": text}
        case Pong(memory):
            return {"is": "pong", "memory": memory}
        case Failed(code, message, fix):
            return {"is": "failed", "code": code, "message": message, "fix": fix}


def read(document: Mapping[str, Any]) -> Answer:  # noqa: PLR0911 - one way out for each kind
    """An answer of a document.

    Raises:
        WireError: it is none.
    """
    match document.get("is"):
        case "generated":
            return _read_generated(document)
        case "labelled":
            return _read_labelled(document)
        case "facts":
            return _read_facts(document)
        case "primed":
            return Primed(count_of(document, "tokens"), count_of(document, "computed"))
        case "counted":
            return Counted(count_of(document, "tokens", 1))
        case "piece":
            return PieceText(text_of(document, "text"))
        case "pong":
            return Pong(as_memory(document.get("memory")))
        case "failed":
            return Failed(text_of(document, "code"), text_of(document, "message"), text_of(document, "fix"))
    raise WireError("it says not what it is")


def as_memory(found: Any) -> int:
    """Bytes of memory.

    Raises:
        WireError: it is no such number.
    """
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise WireError("'memory' is no size")
    return found


def _generated(answer: Generated) -> dict[str, Any]:
    return {
        "text": answer.text,
        "finish": answer.finish,
        "prompt": answer.prompt_tokens,
        "completion": answer.completion_tokens,
        "cached": answer.cached_tokens,
        "logprobs": [[one.text, one.logprob, one.others] for one in answer.logprobs],
    }


def _read_generated(document: Mapping[str, Any]) -> Generated:
    finish = text_of(document, "finish")
    if finish not in {"stop", "length"}:
        raise WireError("'finish' is neither 'stop' nor 'length'")
    prompt, cached = _prompt(document)
    return Generated(
        text=text_of(document, "text"),
        finish=finish,
        prompt_tokens=prompt,
        completion_tokens=count_of(document, "completion"),
        cached_tokens=cached,
        logprobs=list_of(document, "logprobs", _choice),
    )


def _labelled(answer: Labelled) -> dict[str, Any]:
    return {
        "scores": [[one.label, one.logprob, one.tokens] for one in answer.scores],
        "prompt": answer.prompt_tokens,
        "scored": answer.scored_tokens,
        "cached": answer.cached_tokens,
    }


def _read_labelled(document: Mapping[str, Any]) -> Labelled:
    prompt, cached = _prompt(document)
    return Labelled(list_of(document, "scores", _score), prompt, count_of(document, "scored"), cached)


def _prompt(document: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens of the prompt, and how many of them were there already."""
    prompt, cached = count_of(document, "prompt", 1), count_of(document, "cached")
    if cached > prompt:
        raise WireError(f"{cached:,} tokens of a prompt of {prompt:,} were there already")
    return prompt, cached


def _choice(value: Any) -> TokenChoice:
    match value:
        case [str(text), logprob, list(others)]:
            return TokenChoice(text, as_logprob(logprob), tuple(_other(one) for one in others))
    raise WireError("'logprobs' holds what is no token")


def _other(value: Any) -> tuple[str, float]:
    match value:
        case [str(text), logprob]:
            return text, as_logprob(logprob)
    raise WireError("'logprobs' holds what is no token")


def _score(value: Any) -> LabelScore:
    match value:
        case [str(label), logprob, tokens]:
            return LabelScore(label, as_logprob(logprob), as_count(tokens, "tokens", 1))
    raise WireError("'scores' holds what is no score")


def _facts(facts: BackendFacts) -> dict[str, Any]:
    return {
        "engine": facts.engine,
        "version": facts.version,
        "precision": facts.precision,
        "context": facts.context_tokens,
        "width": facts.width,
        "schema": facts.schema,
        "logprobs": facts.logprobs,
        "labels": facts.labels,
        "seed": facts.seed,
        "notes": list(facts.notes),
    }


def _read_facts(document: Mapping[str, Any]) -> BackendFacts:
    return BackendFacts(
        engine=text_of(document, "engine"),
        version=text_of(document, "version"),
        precision=text_of(document, "precision"),
        context_tokens=count_of(document, "context", 1),
        width=count_of(document, "width", 1),
        schema=flag_of(document, "schema"),
        logprobs=count_of(document, "logprobs", -1),
        labels=flag_of(document, "labels"),
        seed=flag_of(document, "seed"),
        notes=list_of(document, "notes", _note),
    )


def _note(value: Any) -> str:
    if not isinstance(value, str):
        raise WireError("'notes' holds what is no text")
    return value
