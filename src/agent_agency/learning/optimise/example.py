"""One labelled subject, and the text in which DSPy carries subjects and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import canonical_json, digest_json, parse_json
from agent_agency.errors import LearningError
from agent_agency.judging.answer import VERDICTS, Answer
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.subject import Subject


@dataclass(frozen=True, slots=True)
class Example:
    """A subject whose right answer is known.

    Args:
        id: names it in records.
        subject: what is judged.
        truth: the right answer, whose reasoning stands in a demonstration.
        group: what it shares with others that are not independent of it, as the program that both were made from.
    """

    id: str
    subject: Subject
    truth: Answer
    group: str = ""

    @property
    def demonstration(self) -> Demonstration:
        """The example as one to be shown."""
        return Demonstration(self.subject, self.truth)


def digest_of(examples: Sequence[Example]) -> str:
    """``sha256:…`` over contents and labels, in order."""
    return digest_json([[one.subject.digest, one.truth.verdict, one.truth.score, one.group] for one in examples])


def subject_document(subject: Subject) -> dict[str, Any]:
    """A subject as plain JSON data."""
    return {
        "id": subject.id,
        "surface": subject.surface,
        "task": subject.task,
        "output": subject.output,
        "reference": subject.reference,
        "claims": list(subject.claims),
        "facts": dict(subject.facts),
    }


def answer_document(answer: Answer) -> dict[str, Any]:
    """An answer as plain JSON data, in the order in which it is asked for."""
    return {
        "evidence": list(answer.evidence),
        "reasoning": answer.reasoning,
        "verdict": answer.verdict,
        "score": answer.score,
        "confidence": answer.confidence,
        "suggestions": list(answer.suggestions),
        "abstained_because": answer.abstained_because,
    }


def encode(document: Mapping[str, Any]) -> str:
    """Canonical JSON as text, which is what a field of DSPy holds."""
    return canonical_json(document).decode()


def read_subject(value: object, where: str) -> Subject:
    """Read what `subject_document` wrote.

    Raises:
        LearningError: it is something else.
    """
    known = _members(value, subject_document(Subject("", "text", "", "")), where)
    surface = known["surface"]
    if surface not in ("code", "text"):
        raise _wrong(where, "surface is neither code nor text")
    facts = known["facts"]
    if not isinstance(facts, dict) or not all(isinstance(one, str | int | float | bool) for one in facts.values()):
        raise _wrong(where, "facts is no object of plain values")
    return Subject(
        id=_text(known, "id", where),
        surface=surface,
        task=_text(known, "task", where),
        output=_text(known, "output", where),
        reference=_text(known, "reference", where),
        claims=_texts(known, "claims", where),
        facts=facts,
    )


def read_answer_document(value: object, where: str) -> Answer:
    """Read what `answer_document` wrote.

    Raises:
        LearningError: it is something else.
    """
    known = _members(value, answer_document(Answer("abstain", None, None)), where)
    verdict = known["verdict"]
    if verdict not in VERDICTS:
        raise _wrong(where, f"verdict is none of {', '.join(VERDICTS)}")
    return Answer(
        verdict=verdict,
        score=_share(known, "score", where),
        confidence=_share(known, "confidence", where),
        reasoning=_text(known, "reasoning", where),
        evidence=_texts(known, "evidence", where),
        suggestions=_texts(known, "suggestions", where),
        abstained_because=_text(known, "abstained_because", where),
    )


def decode_subject(text: str) -> Subject:
    """A subject from a field of DSPy.

    Raises:
        LearningError: the text is none.
    """
    return read_subject(_parsed(text), "a subject")


def decode_answer(text: str) -> Answer:
    """An answer from a field of DSPy.

    Raises:
        LearningError: the text is none.
    """
    return read_answer_document(_parsed(text), "an answer")


def _parsed(text: str) -> object:
    try:
        return parse_json(text.encode())
    except ValueError as error:
        raise _wrong("a field of an example", str(error)) from error


def _members(value: object, wanted: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(wanted):
        raise _wrong(where, f"it has not just the members {', '.join(wanted)}")
    return value


def _text(known: Mapping[str, Any], name: str, where: str) -> str:
    value = known[name]
    if not isinstance(value, str):
        raise _wrong(where, f"{name} is no text")
    return value


def _texts(known: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = known[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(where, f"{name} is no list of texts")
    return tuple(value)


def _share(known: Mapping[str, Any], name: str, where: str) -> float | None:
    value = known[name]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _wrong(where, f"{name} is no number from 0 to 1")
    return float(value)


def _wrong(where: str, what: str) -> LearningError:
    return LearningError(f"{where} cannot be read: {what}", fix="Make it anew with agency optimize.")
