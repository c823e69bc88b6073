"""An optimised prompt as a JSON document: all that it takes to run it, and all that says where it came from.

Never a pickle: a program that was pickled runs code when it is read, and breaks when a class moves. The same task, plan
and answers give the same bytes; what differs from run to run (time, who, what was spent) is not in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_json
from agent_agency.errors import LearningError
from agent_agency.judging.prompt import Demonstration, JudgePrompt
from agent_agency.learning.optimise.example import (
    answer_document,
    digest_of,
    read_answer_document,
    read_subject,
    subject_document,
)
from agent_agency.learning.optimise.metric import METRIC_VERSION
from agent_agency.learning.optimise.task import Found, Plan, Task

FORMAT = "agency-optimised-prompt"
SCHEMA_VERSION = 1
LARGEST = 8 * 1024 * 1024
_MEMBERS = (
    "format",
    "schema_version",
    "judge",
    "prompt",
    "prompt_digest",
    "answer_schema",
    "parameters",
    "parents",
    "engine",
    "reflector",
    "optimizer",
    "data",
    "metric",
    "libraries",
    "scores",
)
_PROMPT = ("judge", "rubric_digest", "instructions", "demonstrations", "schema_version")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A document that was read, with the prompt in it."""

    prompt: JudgePrompt
    document: Mapping[str, Any]

    @property
    def bytes(self) -> bytes:
        """The one form in which it is kept: canonical JSON."""
        return canonical_json(dict(self.document))

    @property
    def digest(self) -> str:
        """``sha256:…`` of those bytes."""
        return digest_bytes(self.bytes)


@dataclass(frozen=True, slots=True)
class Made:
    """What only whoever runs the search knows of it.

    Args:
        answer_schema: that answers kept to.
        parameters: how answers were drawn.
        libraries: versions by name.
    """

    answer_schema: Mapping[str, Any]
    parameters: Mapping[str, Any]
    libraries: Mapping[str, str]


def artefact(task: Task, plan: Plan, found: Found, made: Made) -> Artefact:
    """Put a search's result down."""
    metric, search_plan = task.metric, asdict(plan)
    del search_plan["threads"]  # the result does not depend on it
    document = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "judge": found.prompt.judge,
        "prompt": prompt_document(found.prompt),
        "prompt_digest": found.prompt.digest,
        "answer_schema": dict(made.answer_schema),
        "parameters": dict(made.parameters),
        "parents": [task.baseline.digest],
        "engine": _engine(task.engine),
        "reflector": _engine(task.reflector),
        "optimizer": search_plan,
        "data": {
            "train": {"digest": digest_of(task.train), "n": len(task.train)},
            "dev": {"digest": digest_of(task.dev), "n": len(task.dev)},
        },
        "metric": {
            "digest": metric.digest,
            "version": METRIC_VERSION,
            "weights": dict(metric.weights),
            "prompt_characters": metric.prompt_characters,
            "guards": asdict(metric.guards),
        },
        "libraries": dict(made.libraries),
        "scores": {
            "dev": {"baseline": found.baseline_score, "optimised": found.score},
            "trials": [
                {"number": one.number, "score": one.score, "n": one.n, "whole": one.whole, "best": one.best}
                for one in found.trials
            ],
            "proposals": found.proposals,
            "note": found.note,
        },
    }
    return Artefact(found.prompt, document)


def read_artefact(data: bytes, path: str) -> Artefact:
    """Read an artefact strictly: every member there, no other, each of its kind, and the digest that of the prompt.

    Args:
        data: the file's bytes.
        path: for messages.

    Raises:
        LearningError: it is none (``learning.artefact``).
    """
    if len(data) > LARGEST:
        raise _wrong(path, f"it has {len(data):,} bytes; {LARGEST:,} are read")
    try:
        value = parse_json(data)
    except ValueError as error:
        raise _wrong(path, str(error)) from error
    document = _object(value, _MEMBERS, "the document", path)
    if document["format"] != FORMAT or document["schema_version"] != SCHEMA_VERSION:
        raise _wrong(path, f"its format is not {FORMAT} {SCHEMA_VERSION}")
    prompt = _prompt(document["prompt"], path)
    if document["judge"] != prompt.judge or document["prompt_digest"] != prompt.digest:
        raise _wrong(path, "its prompt is not the one that its digest names")
    for name in ("answer_schema", "parameters", "engine", "reflector", "optimizer", "data", "metric", "scores"):
        if not isinstance(document[name], dict):
            raise _wrong(path, f"{name} is no object")
    _texts(document["parents"], "parents", path)
    _texts(list(document["libraries"].values()) if isinstance(document["libraries"], dict) else None, "libraries", path)
    return Artefact(prompt, document)


def prompt_document(prompt: JudgePrompt) -> dict[str, Any]:
    """A prompt as plain JSON data."""
    return {
        "judge": prompt.judge,
        "rubric_digest": prompt.rubric_digest,
        "instructions": prompt.instructions,
        "demonstrations": [
            {"subject": subject_document(one.subject), "answer": answer_document(one.answer)}
            for one in prompt.demonstrations
        ],
        "schema_version": prompt.schema_version,
    }


def _prompt(value: object, path: str) -> JudgePrompt:
    known = _object(value, _PROMPT, "prompt", path)
    _texts([known["judge"], known["rubric_digest"], known["instructions"]], "prompt", path)
    version, shown = known["schema_version"], known["demonstrations"]
    if isinstance(version, bool) or not isinstance(version, int):
        raise _wrong(path, "prompt.schema_version is no whole number")
    if not isinstance(shown, list):
        raise _wrong(path, "prompt.demonstrations is no list")
    demonstrations = tuple(_demonstration(one, at, path) for at, one in enumerate(shown))
    return JudgePrompt(known["judge"], known["rubric_digest"], known["instructions"], demonstrations, version)


def _demonstration(value: object, at: int, path: str) -> Demonstration:
    where = f"{path}: prompt.demonstrations[{at}]"
    known = _object(value, ("subject", "answer"), f"prompt.demonstrations[{at}]", path)
    return Demonstration(read_subject(known["subject"], where), read_answer_document(known["answer"], where))


def _engine(engine: Any) -> dict[str, Any]:
    return {
        "name": engine.name,
        "identity": dict(engine.identity),
        "language_model": engine.capabilities().language_model,
    }


def _object(value: object, members: tuple[str, ...], what: str, path: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(members):
        raise _wrong(path, f"{what} has not just the members {', '.join(members)}")
    return value


def _texts(value: object, what: str, path: str) -> None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(path, f"{what} holds something that is no text")


def _wrong(path: str, what: str) -> LearningError:
    return LearningError(
        f"{path} is no optimised prompt: {what}",
        fix="Make it anew with agency optimize.",
        path=path,
        code="learning.artefact",
    )
