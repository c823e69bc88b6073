"""A judge's prompt as a value: what an optimiser may change, and what its version is made of."""

from __future__ import annotations

from dataclasses import dataclass

from agent_agency.canonical_json import digest_json
from agent_agency.judging.answer import Answer
from agent_agency.judging.subject import Subject


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A subject with the answer that is right for it, shown to the model as an earlier turn."""

    subject: Subject
    answer: Answer


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """Everything that a judge says to a model but the subject.

    Args:
        judge: one of the shipped judges, or a project's own.
        rubric_digest: the rubric that it is written for.
        instructions: free text before the rubric; what an optimiser words anew.
        demonstrations: labelled examples, in the order in which they are shown.
        schema_version: of the answer's schema and the prompt's layout.
    """

    judge: str
    rubric_digest: str
    instructions: str
    demonstrations: tuple[Demonstration, ...] = ()
    schema_version: int = 1

    @property
    def digest(self) -> str:
        """``sha256:…`` of the prompt: the first part of a judge's version."""
        return digest_json(
            {
                "judge": self.judge,
                "rubric": self.rubric_digest,
                "instructions": self.instructions,
                "demonstrations": [[one.subject.digest, *_shown(one.answer)] for one in self.demonstrations],
                "schema": self.schema_version,
            }
        )


def _shown(answer: Answer) -> list[object]:
    """All that a model is shown of a demonstration's answer."""
    words = [list(answer.evidence), answer.reasoning, list(answer.suggestions)]
    return [answer.verdict, answer.score, answer.confidence, *words]
