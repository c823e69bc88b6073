"""Looking over an optimiser's shoulder: every evaluation becomes a trial, and the best prompt is always known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_agency.judging.prompt import JudgePrompt
from agent_agency.learning.optimise.limits import Halt
from agent_agency.learning.optimise.task import Progress, Trial


class Watch:
    """Keeps what was tried, and the best prompt that was scored on all development examples.

    Args:
        n: how many development examples there are.
        progress: told of each trial.
    """

    def __init__(self, n: int, progress: Progress) -> None:
        self._n = n
        self._progress = progress
        self.trials: list[Trial] = []
        self.best: JudgePrompt | None = None
        self.best_score = 0.0
        self.baseline_score = 0.0
        self.proposals = 0

    def seen(self, prompt: JudgePrompt, score: float, n: int) -> None:
        """Take note of one evaluation; the first one is the baseline's."""
        whole = n >= self._n
        if not self.trials:
            self.baseline_score = score
        if whole and (self.best is None or score > self.best_score):
            self.best, self.best_score = prompt, score
        trial = Trial(len(self.trials), score, n, whole, self.best_score)
        self.trials.append(trial)
        self._progress(trial)


class WatchedEvaluate:
    """A ``dspy.Evaluate`` that reports, and that lets no failure pass for a score.

    Args:
        evaluate: DSPy's.
        prompt_of: the prompt that a program stands for.
        watch: told of each evaluation.
    """

    def __init__(self, evaluate: Any, prompt_of: Callable[[Any], JudgePrompt], watch: Watch) -> None:
        self._evaluate = evaluate
        self._prompt_of = prompt_of
        self._watch = watch

    def __call__(self, program: Any, *, devset: list[Any], callback_metadata: Any = None) -> Any:
        """Evaluate.

        Raises:
            Halt: it failed; DSPy would take the failure for a score of 0.
        """
        try:
            result = self._evaluate(program, devset=devset, callback_metadata=callback_metadata)
        except Exception as error:
            raise Halt("failure", str(error), error) from error
        scores = [float(score) for _, _, score in result.results]
        self._watch.seen(self._prompt_of(program), sum(scores) / len(scores), len(scores))
        return result
