"""The form ``label``: what stands for each verdict as the beginning of an answer, and how it is asked for.

Words are the default: ``pass``, ``partial`` and ``fail`` are one token each in the usual vocabularies, none is the
beginning of another, and what a word means need not be told. Letters are there for servers that show single tokens
only and whose vocabulary cuts one of the words. There is no label for an abstention: that follows from a probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from agent_agency.judging.answer import Answer, Verdict
from agent_agency.judging.answer_form import AnswerForm
from agent_agency.judging.read_answer import Refused

Wording: TypeAlias = Literal["words", "letters"]
WORDINGS: tuple[Wording, ...] = ("words", "letters")

SCORED: tuple[Verdict, ...] = ("fail", "partial", "pass")
"""The verdicts that have a label, from the lowest to the highest."""
_LABELS: Mapping[Wording, Mapping[Verdict, str]] = MappingProxyType(
    {
        "words": MappingProxyType({"fail": "fail", "partial": "partial", "pass": "pass"}),
        "letters": MappingProxyType({"fail": "C", "partial": "B", "pass": "A"}),
    }
)


def labels_of(wording: Wording) -> tuple[str, ...]:
    """The labels, in the order of `SCORED`."""
    return tuple(_LABELS[wording][verdict] for verdict in SCORED)


def label_form(wording: Wording) -> AnswerForm:
    """The form that asks for one label."""
    shown = _LABELS[wording]
    if wording == "words":
        shape = 'Answer with one word and nothing else: "pass", "partial" or "fail".'
        ask = "Answer with the one word only."
    else:
        shape = "Answer with one letter and nothing else: A for pass, B for partial, C for fail."
        ask = "Answer with the one letter only."
    return AnswerForm("label", shape, ask, lambda answer: shown.get(answer.verdict, ""), None, _no_text)


def _no_text(text: str, material: str) -> Answer | Refused:  # noqa: ARG001 - the signature of every form
    return Refused("invalid", "labels are scored and never read")
