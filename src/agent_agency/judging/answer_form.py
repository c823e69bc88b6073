"""The forms that an answer may be asked for in: how it is described, how demonstrations show it, how it is read.

A form belongs to a mode of judging. Whole answers bring evidence; others bring less and take less time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agent_agency.canonical_json import digest_json
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_schema import answer_schema, answer_text, shape_in_words
from agent_agency.judging.read_answer import Refused, read_answer

Mode: TypeAlias = Literal["full", "short", "label"]
MODES: tuple[Mode, ...] = ("full", "short", "label")

Read: TypeAlias = Callable[[str, str], Answer | Refused]
"""Reads what a model wrote; the second text is the material that quotes must stand in."""


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """How an answer is asked for.

    Args:
        mode: the mode that it belongs to.
        shape: says in the prompt what an answer looks like.
        ask: the last sentence of the prompt.
        written: an answer as a model would write it, to be shown in a demonstration; empty where the form has no
            words for it, and then it is not shown.
        schema: the JSON schema to decode under; ``None`` for an answer that is not JSON.
        read: reads what was written.
    """

    mode: Mode
    shape: str
    ask: str
    written: Callable[[Answer], str]
    schema: Mapping[str, Any] | None
    read: Read

    @property
    def digest(self) -> str:
        """``sha256:…`` of how it is asked for: a judge that is asked for an answer of another shape is another one."""
        schema = None if self.schema is None else dict(self.schema)
        return digest_json({"shape": self.shape, "ask": self.ask, "schema": schema})


FULL = AnswerForm(
    "full", shape_in_words(), "Answer with the JSON object only.", answer_text, answer_schema(), read_answer
)
"""Evidence, reasoning, verdict, score, confidence and suggestions."""
