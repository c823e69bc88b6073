"""What a judge looks at: blinded, normalised, and apart from everything that was counted by program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from agent_agency.canonical_json import digest_json

Surface = Literal["code", "text"]
Fact = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to judge.

    Args:
        id: names it in records; a model never sees it.
        surface: ``code`` for a change, whose ``output`` is a unified diff; ``text`` for any other answer.
        task: what was asked of the worker.
        output: what the worker made: the judged text.
        reference: what a faithful answer rests on: source text or reference answer; empty where there is none.
        claims: what the worker says of its own work, one statement each.
        facts: what a program counted, by name; a model is told them as facts and never asked for them.
    """

    id: str
    surface: Surface
    task: str
    output: str
    reference: str = ""
    claims: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def digest(self) -> str:
        """``sha256:…`` over all that may be judged; the id is left out, so that equal content is seen to be equal."""
        return digest_json(
            {
                "surface": self.surface,
                "task": self.task,
                "output": self.output,
                "reference": self.reference,
                "claims": list(self.claims),
                "facts": dict(self.facts),
            }
        )
