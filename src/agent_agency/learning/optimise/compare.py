"""Two prompts on the same examples: how often each is right, how much they differ, and whether that could be chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_agency.inference.protocol import Engine
from agent_agency.judging.answer import Answer
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.learning.optimise.dspy_adapter import Judge
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.metric import agrees, metric_for
from agent_agency.statistics.intervals import Interval
from agent_agency.statistics.paired import paired_bootstrap

_LEAST_GROUPS = 2
"""One group alone cannot be resampled; its examples are then taken as they are."""


@dataclass(frozen=True, slots=True)
class Share:
    """How good one prompt's answers are.

    Args:
        value: balanced accuracy: the mean over the classes of truth of the share of right answers, 0 to 1.
        interval: of that, by bootstrap over groups.
        right: answers that are right, of ``n``; an abstention is not.
        abstained: abstentions.
    """

    value: float
    interval: Interval
    right: int
    abstained: int
    n: int

    @property
    def accuracy(self) -> float:
        """The plain share of right answers."""
        return self.right / self.n


@dataclass(frozen=True, slots=True)
class Comparison:
    """A baseline and a candidate on the same examples.

    ``gain`` is the candidate's balanced accuracy less the baseline's: what the search was for, and what a judge cannot
    raise by saying always the same. Intervals and p-value come from whole groups of examples (the programs that they
    were made from), as examples of one group are not independent. ``commonest`` is the plain accuracy of saying always
    the commonest verdict.
    """

    baseline: Share
    optimised: Share
    gain: float
    interval: Interval
    p_value: float
    n: int
    groups: int
    commonest: float


@dataclass(frozen=True, slots=True)
class Answered:
    """An example and what a prompt answered on it."""

    example: Example
    answer: Answer

    @property
    def right(self) -> bool:
        """Whether the answer is the right one."""
        return agrees(self.example.truth.verdict, self.answer)


def answer_all(
    prompt: JudgePrompt,
    examples: Sequence[Example],
    judge: Judge,
    engine: Engine,
    done: Callable[[int], None] = lambda _: None,
) -> tuple[Answered, ...]:
    """Judge every example with one prompt.

    Raises:
        Halt: the engine halts the run.
    """
    answered = []
    for at, one in enumerate(examples, 1):
        answered.append(Answered(one, judge(engine, prompt, one.subject)))
        done(at)
    return tuple(answered)


def compare(baseline: Sequence[Answered], optimised: Sequence[Answered], seed: int) -> Comparison:
    """Compare two prompts' answers on the same examples, in the same order.

    Raises:
        MissingExtraError: SciPy is not installed.
        ValueError: nothing to compare, or other examples.
    """
    if [one.example.id for one in baseline] != [one.example.id for one in optimised]:
        raise ValueError("the two answered different examples")
    weights = metric_for([one.example for one in baseline]).weights
    before, after = ([weights[one.example.truth.verdict] * one.right for one in some] for some in (baseline, optimised))
    groups = _groups(baseline)
    paired = paired_bootstrap(before, after, seed, groups=groups)
    return Comparison(
        baseline=_share(baseline, before, groups, seed),
        optimised=_share(optimised, after, groups, seed),
        gain=paired.difference,
        interval=paired.interval,
        p_value=paired.p_value,
        n=paired.n,
        groups=paired.groups,
        commonest=commonest(baseline),
    )


def commonest(answered: Sequence[Answered]) -> float:
    """The share of right answers that a judge gets who always gives the commonest verdict.

    Raises:
        ValueError: there are none.
    """
    counts = Counter(one.example.truth.verdict for one in answered)
    return max(counts.values()) / len(answered)


def _share(answered: Sequence[Answered], scores: Sequence[float], groups: Sequence[str] | None, seed: int) -> Share:
    held = paired_bootstrap([0.0] * len(scores), scores, seed, groups=groups)
    right = sum(one.right for one in answered)
    abstained = sum(one.answer.abstained for one in answered)
    return Share(held.difference, held.interval, right, abstained, len(answered))


def _groups(answered: Sequence[Answered]) -> Sequence[str] | None:
    groups = [one.example.group or one.example.id for one in answered]
    return groups if len(set(groups)) >= _LEAST_GROUPS else None
