"""Look for a better prompt for one judge: search, register, compare on dev and once on the sealed test.

The order is the point: what was found is registered before the test is opened, so the test cannot choose. Nothing is
activated here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from agent_agency._version import __version__
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import AgencyError, AllowanceUsedUpError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.calls import CallSink, Metered
from agent_agency.inference.protocol import Engine, Parameters
from agent_agency.judging.answer_schema import answer_schema
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.learning.dataset import open_sealed
from agent_agency.learning.optimise.artefact import Artefact, Made, artefact
from agent_agency.learning.optimise.compare import Answered, Comparison, answer_all, compare
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.limits import CountedEngine, Halt, Limits, Spent
from agent_agency.learning.optimise.search import search
from agent_agency.learning.optimise.task import Found, Plan, Progress, Task
from agent_agency.store.database import Database
from agent_agency.store.prompts import PromptVersion, register
from agent_agency.workflows.evaluation_records import SealedUses
from agent_agency.workflows.optimise_examples import as_example, baseline_demonstrations, labelled
from agent_agency.workflows.optimise_judge import JudgeRunner
from agent_agency.workflows.optimise_wordings import reads_names, wordings

LIBRARIES = ("dspy", "gepa", "optuna")
WHO = "agency optimize"
Status = Literal["optimised", "no_op"]


@dataclass(frozen=True, slots=True)
class Workbench:
    """What a search takes from its machine.

    Args:
        database: where prompts are registered and uses of the sealed test are counted.
        cache: answers calls that were made before.
        engine: answers the judge's calls.
        reflector: words instructions; may be the same, and a stronger one does it better.
        clock: for records.
        parameters: how answers are drawn.
        deadline_s: seconds that one call may take.
        monotonic: seconds that never go back.
    """

    database: Database
    cache: CallCache
    engine: Engine
    reflector: Engine
    clock: Clock
    parameters: Parameters = field(default_factory=Parameters)
    deadline_s: float = 120.0
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Counted:
    """The engines of a search, each counting what it is asked; they may be one.

    ``calls`` takes a record of every call, those that the cache answers included.
    """

    engine: CountedEngine
    reflector: CountedEngine
    calls: CallSink | None = None

    @property
    def spent(self) -> Spent:
        """What both spent together."""
        if self.reflector is self.engine:
            return self.engine.spent
        one, other = self.engine.spent, self.reflector.spent
        return Spent(one.calls + other.calls, one.tokens + other.tokens, max(one.seconds, other.seconds))


@dataclass(frozen=True, slots=True)
class Tested:
    """Baseline and candidate on the sealed test, which was used ``uses`` times for this judge, this time included."""

    comparison: Comparison
    baseline: tuple[Answered, ...]
    optimised: tuple[Answered, ...]
    uses: int


@dataclass(frozen=True, slots=True)
class Optimised:
    """What came of one judge.

    Args:
        status: ``no_op`` where nothing better than the baseline was found on dev.
        task: what was searched over.
        found: how the search went.
        artefact: what was found, and ``version`` what it is registered as; ``None`` where nothing was.
        dev: baseline and candidate on the development examples.
        tested: likewise on the sealed test; ``None`` where it was not opened.
        spent: on calls that the cache did not answer.
    """

    judge: str
    status: Status
    task: Task
    found: Found
    artefact: Artefact | None
    version: PromptVersion | None
    dev: Comparison
    tested: Tested | None
    spent: Spent


def optimise(
    judge: str, plan: Plan, counted: Counted, bench: Workbench, progress: Progress, *, open_test: bool = True
) -> Optimised:
    """Look for a better prompt and compare it with the baseline.

    Raises:
        AllowanceUsedUpError: a limit was reached; the calls so far are kept, and the same command goes on from there.
        EngineError: the engine failed; likewise.
        LearningError: the plan does not fit.
        DatasetError: the training set is damaged.
        MissingExtraError: a library is missing.
    """
    task = task_for(judge, plan, counted, bench)
    with told_of_halts(counted):
        found = search(task, plan, progress)
        dev = _compare(task, found.prompt, task.dev, plan.seed)[0]
        kept = _register(task, plan, found, bench) if found.prompt != task.baseline else None
        tested = _test(task, found.prompt, plan.seed, bench) if kept and open_test else None
    made, number = kept or (None, None)
    return Optimised(judge, "optimised" if kept else "no_op", task, found, made, number, dev, tested, counted.spent)


def counted_engines(bench: Workbench, limits: Limits) -> Counted:
    """The bench's engines, counted from now on; one that words instructions alone has the same limits for itself."""
    engine = CountedEngine(bench.engine, limits, bench.monotonic)
    if bench.reflector is bench.engine:
        return Counted(engine, engine)
    return Counted(engine, CountedEngine(bench.reflector, limits, bench.monotonic))


@contextmanager
def told_of_halts(counted: Counted) -> Iterator[None]:
    """Turn the signal that ends a search into an error that says what was kept.

    Raises:
        AllowanceUsedUpError: a limit was reached.
        EngineError: the engine failed.
    """
    try:
        yield
    except Halt as halt:
        raise _told(halt, counted.spent) from halt.error


def task_for(judge: str, plan: Plan, counted: Counted, bench: Workbench) -> Task:
    """The search for one judge: the shipped prompt with hand-picked demonstrations, and the examples to learn from.

    Raises:
        DatasetError: the training set is damaged.
        JudgeError: there is no such judge.
    """
    baseline = shipped_prompt(judge, baseline_demonstrations(judge, plan.demonstrations))
    runner = JudgeRunner(shipped_rubric(judge), bench.parameters, bench.deadline_s)
    train = labelled(judge, "train")
    named = reads_names(bench.reflector)
    return Task(
        baseline=baseline,
        train=train,
        dev=labelled(judge, "dev"),
        judge=runner,
        engine=_kept(counted.engine, counted, bench),
        reflector=_kept(counted.reflector, counted, bench),
        wordings=wordings(baseline.instructions, train, runner.shown, plan.seed) if named else None,
    )


def _kept(engine: CountedEngine, counted: Counted, bench: Workbench) -> Engine:
    """The engine behind the cache, with its calls on record where they are wanted."""
    cached = bench.cache.wrap(engine)
    return cached if counted.calls is None else Metered(cached, counted.calls, bench.clock)


def _told(halt: Halt, spent: Spent) -> BaseException:
    """Why a search ended early, as an error that says what was kept; a defect stays what it is."""
    kept = f"{spent.calls:,} answers are kept; the same command goes on from there"
    if halt.why in {"calls", "tokens", "seconds"}:
        return AllowanceUsedUpError(
            f"The search ended before it was done: {halt.detail}. Nothing was registered",
            fix=f"Allow more and run it again: {kept}.",
        )
    if isinstance(halt.error, AgencyError):
        error = halt.error
        return type(error)(error.message, fix=f"{error.fix} {kept[0].upper()}{kept[1:]}.", code=error.stable_code)
    return halt.error or halt


def libraries() -> Mapping[str, str]:
    """The versions of what searches, ours included."""
    found = {"agent-agency": __version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _register(task: Task, plan: Plan, found: Found, bench: Workbench) -> tuple[Artefact, PromptVersion]:
    made = artefact(task, plan, found, Made(answer_schema(), asdict(bench.parameters), libraries()))
    note = f"{plan.optimizer}, {plan.trials} trials, seed {plan.seed}"
    with bench.database.write() as connection:
        at = rfc3339(bench.clock.now())
        return made, register(connection, found.prompt.judge, made.document, at=at, note=note)


def _test(task: Task, prompt: JudgePrompt, seed: int, bench: Workbench) -> Tested:
    """Compare on the sealed test; the use is counted first."""
    judge, uses = prompt.judge, _Uses(SealedUses(bench.database, bench.clock))
    why = f"compare {prompt.digest} with {task.baseline.digest}"
    examples = tuple(map(as_example, open_sealed(judge, uses, who=WHO, why=why)))
    comparison, baseline, optimised = _compare(task, prompt, examples, seed)
    return Tested(comparison, baseline, optimised, uses.number)


class _Uses:
    """Remembers the count that the store answered with."""

    def __init__(self, stored: SealedUses) -> None:
        self._stored = stored
        self.number = 0

    def count_use(self, *, dataset: str, judge: str, who: str, why: str) -> int:
        self.number = self._stored.count_use(dataset=dataset, judge=judge, who=who, why=why)
        return self.number


def _compare(
    task: Task, prompt: JudgePrompt, examples: tuple[Example, ...], seed: int
) -> tuple[Comparison, tuple[Answered, ...], tuple[Answered, ...]]:
    baseline = answer_all(task.baseline, examples, task.judge, task.engine)
    optimised = answer_all(prompt, examples, task.judge, task.engine) if prompt != task.baseline else baseline
    return compare(baseline, optimised, seed), baseline, optimised
