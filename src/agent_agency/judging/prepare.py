"""What a judge is shown of a subject: blinded, normalised, a change as its canonical diff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from agent_agency.judging.blinding import blinded
from agent_agency.judging.normalise import normalised
from agent_agency.judging.subject import Fact, Subject
from agent_agency.judging.unified_diff import read_diff

LEFT_OUT = "lines_before_the_diff_left_out"
"""The fact that tells how many lines, such as a commit message, stood before the diff and are not shown."""


def prepared(subject: Subject, names: Iterable[str] = ()) -> Subject:
    """A subject as judges see it; doing it again changes nothing.

    Args:
        subject: as it came from the worker.
        names: of authors and agents, to be blinded wherever they stand.

    Raises:
        JudgeError: ``judge.too_long``.
    """
    known = tuple(names)

    def shown(text: str, name: str) -> str:
        return normalised(blinded(normalised(text, name=name), known), name=name)

    output, left_out = _output(subject, shown(subject.output, "output"))

    def line(text: str, name: str) -> str:
        """On one line before it is blinded, as what a name stands beside changes with it."""
        return shown(" ".join(normalised(text, name=name).split()), name)

    facts = {
        line(key, "fact"): line(value, "fact") if isinstance(value, str) else value
        for key, value in subject.facts.items()
    }
    if left_out:
        facts[LEFT_OUT] = left_out
    return replace(
        subject,
        task=shown(subject.task, "task"),
        output=output,
        reference=shown(subject.reference, "reference"),
        claims=tuple(line(claim, "claim") for claim in subject.claims),
        facts=MappingProxyType(facts),
    )


def _output(subject: Subject, text: str) -> tuple[str, int]:
    """The judged text, and the lines that were left out before it; what is no diff stays as it is."""
    if subject.surface != "code":
        return text, 0
    diff = read_diff(text)
    if not diff.files:
        return text, 0
    return diff.text, diff.preamble_lines


def material(subject: Subject) -> str:
    """The judged text with the claims and what they rest on: where evidence must stand.

    Args:
        subject: a prepared one.
    """
    return "\n".join(part for part in (subject.output, *subject.claims, subject.reference) if part)


def fact_lines(facts: dict[str, Fact]) -> tuple[str, ...]:
    """Facts as lines, in the order of their names."""
    return tuple(f"{name} = {_told(facts[name])}" for name in sorted(facts))


def _told(value: Fact) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        " ".join(value.split()) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    )
