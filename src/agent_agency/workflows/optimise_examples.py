"""The shipped training set as examples to learn from: each with the answer that a judge should have given.

Labels come from what was measured, and so do the words of a demonstration: its reasoning says what the proof holds, its
evidence is a line of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_schema import BANDS, MAX_QUOTE
from agent_agency.judging.prompt import Demonstration
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset import Example as Labelled
from agent_agency.learning.dataset import load
from agent_agency.learning.dataset.hand_picked import hand_picked
from agent_agency.learning.optimise.example import Example

_LEAST_QUOTE = 8
_NAMED = 3
_SAID: Mapping[str, str] = {
    "missing_functions": "functions that were asked for are missing",
    "broken": "other behaviour broke",
    "foreign_files": "files were touched that the task does not concern",
    "foreign_functions": "functions were touched that the task does not concern",
    "lost_tests": "tests lost their force",
    "unsafe": "what came in is unsafe",
}
_OF_JUDGE: Mapping[str, tuple[str, ...]] = {
    "relevance": ("missing_functions", "broken", "foreign_files", "foreign_functions", "lost_tests"),
    "safety": ("unsafe",),
    "rubric": tuple(_SAID),
}


def labelled(judge: str, split: Literal["train", "dev"]) -> tuple[Example, ...]:
    """The examples of a split that may be looked at.

    Raises:
        DatasetError: there is no such judge, or the shipped files are damaged.
    """
    return tuple(map(as_example, load(judge, split)))


def baseline_demonstrations(judge: str, most: int) -> tuple[Demonstration, ...]:
    """The hand-picked demonstrations, at most so many.

    Raises:
        DatasetError: as `labelled`.
    """
    return tuple(as_example(one).demonstration for one in hand_picked(judge)[:most])


def as_example(one: Labelled) -> Example:
    """An example of the training set, with its truth as an answer."""
    return Example(one.id, one.subject, _truth(one), one.program)


def _truth(one: Labelled) -> Answer:
    low, high = BANDS[one.verdict]
    return Answer(
        verdict=one.verdict,
        score=min(max(one.score, low), high),  # a measured score may lie outside the band that answers must keep to
        confidence=1.0,
        reasoning=_reasoning(one.judge, one.proof),
        evidence=_evidence(one.judge, one.subject),
    )


def _reasoning(judge: str, proof: Mapping[str, Any]) -> str:
    said: list[str] = []
    if judge in {"relevance", "rubric"}:
        said.append(_mended(proof["mended"]))
    said += [f"{_SAID[name]}: {_listed(proof[name])}" for name in _OF_JUDGE.get(judge, ()) if proof[name]]
    if judge in {"minimality", "rubric"}:
        said.append(f"{proof['source_lines']} lines are changed where {proof['minimal_lines']} would do")
    if judge in {"faithfulness", "rubric"}:
        said.append(_claimed(proof["claims"]))
    told = "; ".join(said) or "nothing unsafe came in"
    return f"{told[:1].upper()}{told[1:]}."


def _mended(mended: Mapping[str, bool]) -> str:
    works = sum(mended.values())
    return (
        f"{works} of {len(mended)} things that were asked for work" if mended else "nothing that can be run was asked"
    )


def _claimed(claims: Sequence[Sequence[Any]]) -> str:
    wrong = [str(kind) for kind, _, holds in claims if not holds]
    return f"claims that do not hold: {_listed(wrong)}" if wrong else "every claim holds"


def _listed(names: Iterable[Any]) -> str:
    known = list(map(str, names))
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(known[:_NAMED]) + more


def _evidence(judge: str, subject: Subject) -> tuple[str, ...]:
    """A claim where claims are judged, else the first line of the change that says anything."""
    if judge == "faithfulness" and subject.claims:
        return (subject.claims[0][:MAX_QUOTE],)
    lines = (line for line in subject.output.split("\n") if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"})
    told = next((line[1:].strip() for line in lines if len(line[1:].strip()) >= _LEAST_QUOTE), "")
    return (told[:MAX_QUOTE],) if told else ()
