"""One labelled example, and its plain form in the shipped files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import canonical_json, parse_json
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset.truth import TrueVerdict

_VERDICTS = ("pass", "partial", "fail")
_SUBJECT_KEYS = frozenset({"id", "judge", "task", "output", "claims", "facts"})
_LABEL_KEYS = frozenset({"id", "verdict", "score", "proof", "program", "kind"})


@dataclass(frozen=True, slots=True)
class Example:
    """A subject with what a judge should say of it.

    Args:
        id: follows from the subject's content, so that it tells nothing of the label.
        judge: whose question it is.
        subject: all that the judge sees.
        verdict: the label; ``score`` from 0 to 1 goes with it.
        proof: what was measured, from which the label was computed; never shown.
        program: the program that was changed; no program is in two splits.
        kind: how the change was made; never shown.
    """

    id: str
    judge: str
    subject: Subject
    verdict: TrueVerdict
    score: float
    proof: Mapping[str, Any]
    program: str
    kind: str


def subject_line(example: Example) -> bytes:
    """What a judge may see of it, as one line of canonical JSON."""
    subject = example.subject
    return canonical_json(
        {
            "id": example.id,
            "judge": example.judge,
            "task": subject.task,
            "output": subject.output,
            "claims": list(subject.claims),
            "facts": dict(subject.facts),
        }
    )


def label_line(example: Example) -> bytes:
    """The rest of it, as one line of canonical JSON."""
    return canonical_json(
        {
            "id": example.id,
            "verdict": example.verdict,
            "score": example.score,
            "proof": dict(example.proof),
            "program": example.program,
            "kind": example.kind,
        }
    )


def read_subject(line: bytes) -> tuple[str, Subject]:
    """The judge and the subject of one line.

    Raises:
        ValueError: it has another form.
    """
    row = _row(line, _SUBJECT_KEYS)
    claims = tuple(str(claim) for claim in row["claims"])
    subject = Subject(
        id=row["id"],
        surface="code",
        task=row["task"],
        output=row["output"],
        claims=claims,
        facts=MappingProxyType(dict(row["facts"])),
    )
    return row["judge"], subject


def read_example(subject: bytes, label: bytes) -> Example:
    """An example of its two lines.

    Raises:
        ValueError: one has another form, or they are of different examples.
    """
    judge, seen = read_subject(subject)
    row = _row(label, _LABEL_KEYS)
    if row["id"] != seen.id or row["verdict"] not in _VERDICTS or not 0 <= row["score"] <= 1:
        raise ValueError(f"the label of {seen.id} does not fit")
    return Example(
        id=seen.id,
        judge=judge,
        subject=seen,
        verdict=row["verdict"],
        score=float(row["score"]),
        proof=MappingProxyType(row["proof"]),
        program=row["program"],
        kind=row["kind"],
    )


def _row(line: bytes, keys: frozenset[str]) -> dict[str, Any]:
    row = parse_json(line)
    if not isinstance(row, dict) or set(row) != keys:
        raise ValueError(f"a line must have the keys {', '.join(sorted(keys))}")
    return row
