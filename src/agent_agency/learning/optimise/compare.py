"""Two prompts on the same examples: how often each is right, how much they differ, and whether that could be chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_agency.inference.protocol import Engine
from agent_agency.judging.answer import Answer
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.learning.optimise.dspy_adapter import Judge
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.metric import agrees
from agent_agency.statistics.intervals import Interval, wilson
from agent_agency.statistics.paired import paired_bootstrap

_LEAST_GROUPS = 2
"""One group alone cannot be resampled; its examples are then taken as they are."""


@dataclass(frozen=True, slots=True)
class Share:
    """How often one prompt was right: of ``n``, with Wilson's interval. An abstention is not right."""

    right: int
    abstained: int
    n: int
    interval: Interval

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.right / self.n


@dataclass(frozen=True, slots=True)
class Comparison:
    """A baseline and a candidate on the same examples.

    ``gain`` is the candidate's share less the baseline's; interval and p-value come from whole groups of examples (the
    programs that they were made from), as examples of one group are not independent. ``balanced`` are baseline's and
    candidate's balanced accuracy, ``commonest`` is what always the commonest verdict would get.
    """

    baseline: Share
    optimised: Share
    gain: float
    interval: Interval
    p_value: float
    n: int
    groups: int
    balanced: tuple[float, float]
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
    groups: list[str] | None = [one.example.group or one.example.id for one in baseline]
    if len(set(groups or ())) < _LEAST_GROUPS:
        groups = None
    paired = paired_bootstrap(
        [float(one.right) for one in baseline], [float(one.right) for one in optimised], seed, groups=groups
    )
    return Comparison(
        baseline=share_of(baseline),
        optimised=share_of(optimised),
        gain=paired.difference,
        interval=paired.interval,
        p_value=paired.p_value,
        n=paired.n,
        groups=paired.groups,
        balanced=(balanced(baseline), balanced(optimised)),
        commonest=commonest(baseline),
    )


def balanced(answered: Sequence[Answered]) -> float:
    """The mean over the classes of truth of the share of right answers: what saying always the same gets no more of.

    Raises:
        ValueError: there are none.
    """
    return _mean([_mean([float(one.right) for one in held]) for held in _by_truth(answered).values()])


def commonest(answered: Sequence[Answered]) -> float:
    """The share of right answers that a judge gets who always gives the commonest verdict.

    Raises:
        ValueError: there are none.
    """
    return max(len(held) for held in _by_truth(answered).values()) / len(answered)


def share_of(answered: Sequence[Answered]) -> Share:
    """How often the answers are right.

    Raises:
        ValueError: there are none.
    """
    right = sum(one.right for one in answered)
    abstained = sum(one.answer.abstained for one in answered)
    return Share(right, abstained, len(answered), wilson(right, len(answered)))


def _by_truth(answered: Sequence[Answered]) -> dict[str, list[Answered]]:
    held: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        held[one.example.truth.verdict].append(one)
    return held


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("there is nothing to take a mean of")
    return sum(values) / len(values)
