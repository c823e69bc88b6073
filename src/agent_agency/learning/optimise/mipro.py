"""MIPROv2 with our sets of demonstrations, and without what it gets wrong for a judge.

Three things differ from DSPy's own (3.4.1), each in a method that is overridden here and pinned by a test:

- its first set of demonstrations is empty while its first score is that of the program as it came; here the first set
  is the baseline's, so that the search starts from what it is compared with;
- instructions are worded by a language model only where there is one (`task.Task.wordings`);
- a full evaluation when all combinations have had theirs already is left out; DSPy raises ``ValueError``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.extras import require
from agent_agency.learning.optimise.dspy_adapter import (
    JudgeAdapter,
    answer_of,
    dspy_demonstration,
    dspy_examples,
    predictor,
)
from agent_agency.learning.optimise.dspy_bridge import EXTRA, language_model
from agent_agency.learning.optimise.example import Example, decode_answer
from agent_agency.learning.optimise.exchange import Effort, balanced_draw, exchange
from agent_agency.learning.optimise.metric import Metric, agrees
from agent_agency.learning.optimise.task import Plan, Task
from agent_agency.learning.optimise.watch import Watch, WatchedEvaluate

_STANDARD = 3
"""DSPy's sets that always come first: none, labelled, bootstrapped."""
_BOOTSTRAPPED = 2


@dataclass(frozen=True, slots=True)
class _Run:
    """What the overridden methods need to know."""

    task: Task
    plan: Plan
    adapter: JudgeAdapter
    watch: Watch
    language: bool
    wordings: Sequence[str]


def run_mipro(task: Task, plan: Plan, adapter: JudgeAdapter, watch: Watch) -> None:
    """Search with MIPROv2; what it finds is in ``watch``.

    Raises:
        MissingExtraError: DSPy or Optuna is not installed.
        Halt: a limit is reached, or something failed.
    """
    require("optuna", extra=EXTRA)
    optimizer = _class()(
        metric=dspy_metric(task.metric),
        prompt_model=language_model(task.reflector),
        task_model=language_model(task.engine),
        auto=None,
        num_candidates=plan.candidates,
        num_threads=plan.threads,
        max_errors=1,
        max_bootstrapped_demos=max(1, plan.demonstrations // 2),
        max_labeled_demos=plan.demonstrations,
        seed=plan.seed,
        track_stats=False,
    )
    language = task.reflector.capabilities().language_model
    wordings = () if language or task.wordings is None else task.wordings(plan.candidates - 1)
    optimizer.agency = _Run(task, plan, adapter, watch, language, wordings)
    optimizer.compile(
        predictor(task.baseline),
        trainset=dspy_examples(task.train),
        valset=dspy_examples(task.dev),
        num_trials=plan.trials,
        minibatch=plan.minibatch < len(task.dev),
        minibatch_size=min(plan.minibatch, len(task.dev)),
        program_aware_proposer=False,
        data_aware_proposer=language,
        seed=plan.seed,
    )


def dspy_metric(metric: Metric) -> Any:
    """The metric as DSPy calls it: a score, or while it bootstraps whether the answer is right."""

    def scored(example: Any, prediction: Any, trace: Any = None) -> float | bool:
        truth, answer = decode_answer(example.answer).verdict, answer_of(prediction)
        if trace is not None:
            return agrees(truth, answer)
        return metric.score(truth, answer, int(prediction.prompt_characters))

    return scored


def _class() -> Any:
    dspy = require("dspy", extra=EXTRA)
    own = {
        "_bootstrap_fewshot_examples": _sets,
        "_propose_instructions": _instructions,
        "_optimize_prompt_parameters": _watched,
        "_perform_full_evaluation": _full_evaluation,
    }
    return type("AgencyMIPROv2", (dspy.MIPROv2,), own)


def _super(optimizer: Any) -> Any:
    return super(type(optimizer), optimizer)


def _sets(optimizer: Any, program: Any, trainset: list[Any], seed: int, teacher: Any, **options: Any) -> Any:
    """Candidate sets: the baseline's, one that DSPy bootstraps, and the rest by exchange."""
    run: _Run = optimizer.agency
    sets = [program.demos]
    if run.plan.candidates > 1 and run.plan.demonstrations:
        options["num_fewshot_candidates"] = _STANDARD
        standard = _super(optimizer)._bootstrap_fewshot_examples(program, trainset, seed, teacher, **options)  # noqa: SLF001
        sets.append(standard[0][_BOOTSTRAPPED])
    for number in range(len(sets), run.plan.candidates if run.plan.demonstrations else 1):
        chance = random.Random(f"{run.plan.seed} {number}")  # noqa: S311 - a seeded draw, nothing secret
        wording = run.wordings[number % len(run.wordings)] if run.wordings else run.task.baseline.instructions
        sets.append([dspy_demonstration(one.demonstration) for one in _worked_for(run, wording, chance)])
    return {0: sets}


def _worked_for(run: _Run, instructions: str, chance: random.Random) -> Sequence[Example]:
    """A set that was worked for with these instructions, as which demonstrations help depends on what is looked at."""
    task, plan = run.task, run.plan

    held = {one.id: dspy_demonstration(one.demonstration) for one in task.train}

    def right(shown: Sequence[Example], one: Example) -> bool:
        prompt = run.adapter.prompt(instructions, [held[shown_one.id] for shown_one in shown])
        return agrees(one.truth.verdict, task.judge(task.engine, prompt, one.subject))

    start = balanced_draw(task.train, plan.demonstrations, chance)
    return exchange(start, task.train, right, _effort(run), chance)


def _effort(run: _Run) -> Effort:
    """What a set of demonstrations is worth: about what the trials cost, and thrice that where calls are free."""
    if run.task.engine.capabilities().language_model:
        return Effort(exchanges=max(1, run.plan.trials // 2), probe=24)
    return Effort(exchanges=run.plan.trials, probe=60)


def _instructions(optimizer: Any, program: Any, *given: Any, **options: Any) -> Any:
    run: _Run = optimizer.agency
    baseline, proposed = program.signature.instructions, run.wordings
    if run.language:
        proposed = _super(optimizer)._propose_instructions(program, *given, **options)[0]  # noqa: SLF001
    distinct = list(dict.fromkeys([baseline, *(text for text in proposed if text.strip())]))
    run.watch.proposals = len(distinct) - 1
    return {0: distinct}


def _watched(optimizer: Any, program: Any, instructions: Any, demonstrations: Any, evaluate: Any, *given: Any) -> Any:
    run: _Run = optimizer.agency
    watched = WatchedEvaluate(
        evaluate, lambda one: run.adapter.prompt(one.signature.instructions, one.demos), run.watch
    )
    return _super(optimizer)._optimize_prompt_parameters(  # noqa: SLF001
        program, instructions, demonstrations, watched, *given
    )


def _full_evaluation(optimizer: Any, number: int, trials: int, scored: Any, evaluated: Any, *given: Any) -> Any:
    if all(key in evaluated for key in scored):
        _, _, _, calls, _, best_score, best_program, *_ = given
        return best_score, best_program, calls
    return _super(optimizer)._perform_full_evaluation(number, trials, scored, evaluated, *given)  # noqa: SLF001
