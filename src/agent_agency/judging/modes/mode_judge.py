"""What the judges of all modes have in common, for whoever runs, records or measures one."""

from __future__ import annotations

from typing import Protocol

from agent_agency.inference.protocol import Cancel, Engine, Parameters
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.subject import Subject


class ModeJudge(Protocol):
    """A judge in some mode; `judge.Judge`, `label_judge.LabelJudge` and `label_first.LabelFirst` are such."""

    @property
    def version(self) -> str:
        """Names the judge, its mode included."""
        ...

    @property
    def prompt(self) -> JudgePrompt:
        """What is said beside the subject."""
        ...

    @property
    def prompt_digest(self) -> str:
        """Of the prompt."""
        ...

    @property
    def engine(self) -> Engine:
        """What answers."""
        ...

    @property
    def parameters(self) -> Parameters:
        """How answers are drawn."""
        ...

    @property
    def parameters_digest(self) -> str:
        """Of the parameters."""
        ...

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        """Judge one subject."""
        ...
