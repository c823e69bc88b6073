"""What an optimiser is given, how it shall go about it, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agent_agency.inference.protocol import Engine
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.learning.optimise.dspy_adapter import Judge, prompt_characters
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.metric import Metric, metric_for

Optimizer = Literal["mipro", "gepa"]
OPTIMIZERS: tuple[Optimizer, ...] = ("mipro", "gepa")
MINIBATCH = 35


@dataclass(frozen=True, slots=True)
class Plan:
    """How to search.

    Args:
        optimizer: ``mipro`` looks for instructions and demonstrations, ``gepa`` for instructions by reflection.
        trials: candidates that are tried out.
        candidates: sets of demonstrations, and wordings of the instructions, to choose from.
        seed: of everything that is drawn; the same seed with the same engine finds the same prompt.
        demonstrations: the most that a prompt may hold; the baseline has no fewer.
        minibatch: development examples per trial; every fifth trial is followed by one over all of them.
        threads: calls at a time. The result does not depend on it.
    """

    optimizer: Optimizer = "mipro"
    trials: int = 50
    candidates: int = 5
    seed: int = 0
    demonstrations: int = 8
    minibatch: int = MINIBATCH
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """What to search over.

    Args:
        baseline: the prompt to start from, demonstrations included.
        train: examples that demonstrations are taken from.
        dev: examples that candidates are scored on; none shares a group with ``train``.
        judge: runs a prompt.
        engine: answers the judge's calls; a cache belongs in it.
        reflector: words instructions anew; may be a stronger one.
        wordings: other wordings of the baseline's instructions, as many as are asked for at most; in the place of a
            reflector that is no language model.
    """

    baseline: JudgePrompt
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    judge: Judge
    engine: Engine
    reflector: Engine
    wordings: Callable[[int], Sequence[str]] | None = None

    @property
    def metric(self) -> Metric:
        """The metric over the development examples, with the baseline's length as the measure of cost."""
        return metric_for(self.dev, prompt_characters(self.baseline))


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate tried out: its score (0 to 1) on ``n`` examples, and the best on all of them so far."""

    number: int
    score: float
    n: int
    whole: bool
    best: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search ended with.

    Args:
        prompt: the best that was scored on all development examples; the baseline where none was better.
        baseline_score: of the baseline on all development examples.
        score: of the prompt, likewise.
        trials: in their order.
        proposals: wordings of the instructions that were proposed and differ from the baseline's.
        note: what a person should know about how it went.
    """

    prompt: JudgePrompt
    baseline_score: float
    score: float
    trials: tuple[Trial, ...]
    proposals: int = 0
    note: str = ""


Progress = Callable[[Trial], None]
"""Told of each trial as it ends."""
