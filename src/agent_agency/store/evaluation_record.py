"""One evaluation as a record: what was judged by which version of a judge, its answer, and what that cost.

The record is its canonical JSON, and its id comes from the digest of that, so that the same record brought in twice
is one record and a changed one is noticed. Texts of subjects are not kept: a record names the subject by its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import CanonicalReader, canonical_json
from agent_agency.errors import EvaluationError
from agent_agency.store.fields import Fields

SCHEMA_VERSION = 1
VERDICTS = ("pass", "partial", "fail", "abstain")
ID_DIGITS = 32
_EXACT = 2**53 - 1
_PLAIN = (
    "abstained_because",
    "at",
    "cache_hit",
    "confidence",
    "engine",
    "judge",
    "latency_s",
    "model",
    "model_digest",
    "parameters",
    "prompt",
    "reasoning",
    "repeat",
    "run",
    "score",
    "split",
    "subject",
    "verdict",
    "version",
)
"""Members that are one plain value each."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One answer of a judge on one subject.

    Args:
        at: when, RFC 3339 in UTC with milliseconds.
        judge: the judge's name.
        version: digest of the judge's version: prompt, model, backend, quantisation and parameters together.
        prompt: digest of the prompt.
        model: the model's name; ``model_digest`` may be empty where the engine tells none.
        engine: the engine's name, and what it says of itself (``identity``).
        parameters: digest of how answers are drawn.
        subject: digest of what was judged.
        verdict: ``pass``, ``partial``, ``fail`` or ``abstain``.
        score: 0 to 1; ``None`` where the judge gave none, as in every abstention. 0 is a score.
        confidence: likewise.
        prompt_tokens: as the engine counts; ``None`` where it does not tell.
        latency_s: seconds that the caller waited.
        split: which part of a data set the subject is from; may be empty.
        run: which run made it; may be empty.
        repeat: tells apart answers of one run on the same subject, counted from 0.
        counted: criteria that a program found not to be met; any of them makes the verdict ``fail``.
    """

    at: str
    judge: str
    version: str
    prompt: str
    model: str
    model_digest: str
    engine: str
    parameters: str
    subject: str
    verdict: str
    score: float | None
    confidence: float | None
    latency_s: float
    identity: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    abstained_because: str = ""
    reasoning: str = ""
    evidence: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_hit: bool = False
    split: str = ""
    run: str = ""
    repeat: int = 0
    counted: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "abstained_because": self.abstained_because,
            "at": self.at,
            "cache_hit": self.cache_hit,
            "confidence": number(self.confidence),
            "counted": list(self.counted),
            "engine": self.engine,
            "evidence": list(self.evidence),
            "identity": dict(self.identity),
            "judge": self.judge,
            "latency_s": number(self.latency_s),
            "model": self.model,
            "model_digest": self.model_digest,
            "parameters": self.parameters,
            "prompt": self.prompt,
            "reasoning": self.reasoning,
            "repeat": self.repeat,
            "run": self.run,
            "score": number(self.score),
            "split": self.split,
            "subject": self.subject,
            "suggestions": list(self.suggestions),
            "tokens": {
                "cached": self.cached_tokens,
                "completion": self.completion_tokens,
                "prompt": self.prompt_tokens,
            },
            "verdict": self.verdict,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Recorded:
    """An evaluation with its canonical JSON and the id that follows from it."""

    id: str
    line: bytes
    evaluation: Evaluation


def recorded(evaluation: Evaluation) -> Recorded:
    """Write an evaluation as a record, after holding it to the same rules as one that is read.

    Raises:
        EvaluationError: a member is not what it must be.
    """
    members = evaluation.as_dict()
    try:
        line = canonical_line(members)
    except ValueError as error:
        raise EvaluationError(f"The evaluation is no plain JSON: {error}", fix="Correct what is recorded.") from error
    read_members(members)
    return Recorded(id_of("E", line), line, evaluation)


def canonical_line(members: Mapping[str, Any]) -> bytes:
    """The canonical JSON of a record: as `canonical_json`, several times as quick where the quick way gives the same.

    Raises:
        ValueError: as `canonical_json`.
    """
    try:
        line = json.dumps(members, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        CanonicalReader().read(line)
    except (ValueError, TypeError, RecursionError):
        return canonical_json(dict(members))
    return line


def number(value: float | None) -> float | None:
    """A number as JSON has it: 1.0 is 1."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT else value


def id_of(letter: str, line: bytes) -> str:
    """The id of a record: a letter for its kind and the first 128 bits of its digest."""
    return f"{letter}-{hashlib.sha256(line).hexdigest()[:ID_DIGITS]}"


def read_members(members: Any) -> Evaluation:
    """Read an evaluation strictly.

    Raises:
        EvaluationError: a member is missing, unknown, or not what it must be.
    """
    fields = Fields(members, "evaluation")
    tokens = fields.inside("tokens")
    found = Evaluation(
        at=fields.moment("at"),
        judge=fields.name("judge"),
        version=fields.digest("version"),
        prompt=fields.digest("prompt"),
        model=fields.name("model", empty=True),
        model_digest=fields.name("model_digest", empty=True),
        engine=fields.name("engine"),
        parameters=fields.digest("parameters"),
        subject=fields.digest("subject"),
        verdict=fields.one_of("verdict", VERDICTS),
        score=fields.share("score"),
        confidence=fields.share("confidence"),
        latency_s=fields.seconds("latency_s"),
        identity=MappingProxyType(fields.names("identity")),
        abstained_because=fields.name("abstained_because", empty=True),
        reasoning=fields.text("reasoning"),
        evidence=fields.texts("evidence"),
        suggestions=fields.texts("suggestions"),
        prompt_tokens=tokens.count("prompt", optional=True),
        completion_tokens=tokens.count("completion", optional=True),
        cached_tokens=tokens.count("cached", optional=True),
        cache_hit=fields.whether("cache_hit"),
        split=fields.name("split", empty=True),
        run=fields.name("run", empty=True),
        repeat=fields.count("repeat") or 0,
        counted=fields.texts("counted"),
    )
    fields.done()
    tokens.done()
    if found.verdict == "abstain" and found.score is not None:
        raise fields.wrong("score", "must be null where the judge abstained: nothing is imputed")
    if found.verdict != "abstain" and found.abstained_because:
        raise fields.wrong("abstained_because", "must be empty where the judge did not abstain")
    return found


def believed(line: bytes) -> Evaluation:
    """Read a record that its digest vouches for: it was held to the rules when it was written.

    Raises:
        ValueError: it is none all the same; or ``KeyError`` or ``TypeError``.
    """
    members = json.loads(line.decode())
    tokens = members["tokens"]
    texts = {name: tuple(members[name]) for name in ("evidence", "suggestions", "counted")}
    whole = {name: members[name] for name in _PLAIN} | texts
    return Evaluation(
        **whole,
        identity=MappingProxyType(members["identity"]),
        prompt_tokens=tokens["prompt"],
        completion_tokens=tokens["completion"],
        cached_tokens=tokens["cached"],
    )
