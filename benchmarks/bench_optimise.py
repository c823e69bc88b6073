"""The optimiser's overhead over bare DSPy: the same trials over the same examples, asked of the same instant engine.

Bare is DSPy's MIPROv2 with its own adapter and its own metric call; ours is the whole loop: adapter, judge, layout,
reader, metric, watch. Ours with the cache of calls writes every answer down, which is what a run resumes from.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent_agency.extras import require
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.protocol import (
    Cancel,
    Capabilities,
    Engine,
    Health,
    Message,
    Parameters,
    Piece,
    Reply,
    Request,
    Usage,
)
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.learning.optimise.dspy_bridge import language_model
from agent_agency.learning.optimise.search import search
from agent_agency.learning.optimise.silence import silence
from agent_agency.learning.optimise.task import Plan, Task
from agent_agency.workflows.optimise_examples import baseline_demonstrations, labelled
from agent_agency.workflows.optimise_judge import JudgeRunner
from benchmarks.figures import Figure, figure_of

JUDGE = "relevance"
TRIALS = 20
CANDIDATES = 3
EXAMPLES = 24
RUNS = 5
_FIELDS = "[[ ## answer ## ]]\npass\n\n[[ ## proposed_instruction ## ]]\nJudge it.\n"
BARE = "bare DSPy, MIPROv2, per call"


@dataclass
class InstantEngine:
    """Answers at once and always the same: what is measured is everything else."""

    calls: int = 0
    name: str = "instant"

    @property
    def identity(self) -> Mapping[str, str]:
        return {"backend": "instant", "model_digest": "sha256:0"}

    def capabilities(self) -> Capabilities:
        return Capabilities(
            schema=True,
            stream=False,
            logprobs=False,
            token_counts=True,
            seed=True,
            context_tokens=None,
            language_model=False,
        )

    def health(self) -> Health:
        return Health(ready=True, detail="")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return sum(len(one.content) // 4 for one in messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        del cancel
        self.calls += 1
        answer: dict[str, Any] = {
            "evidence": [],
            "reasoning": "It is so.",
            "verdict": "abstain",
            "score": None,
            "confidence": None,
        }
        text = json.dumps({**answer, "suggestions": []}) if request.schema else _FIELDS
        return Reply(text, "stop", Usage(100, 10), self.name, "sha256:0", 0.0)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)


def measure() -> Iterator[Figure]:
    """Milliseconds per call of the judge, whole run divided by the calls that it makes."""
    with tempfile.TemporaryDirectory() as folder:
        folders = (Path(folder) / str(number) for number in range(RUNS))
        bare = [_timed(_bare) for _ in range(RUNS)]
        ours = [_timed(_ours) for _ in range(RUNS)]
        kept = [_timed(lambda asked: _ours(asked, CallCache(next(folders)).wrap(asked))) for _ in range(RUNS)]
    yield figure_of(BARE, "ms", bare)
    yield figure_of("agency optimize, per call", "ms", ours, rival=BARE)
    yield figure_of("agency optimize, per call, each answer kept", "ms", kept, rival=BARE)


def _timed(run: Callable[[InstantEngine], None]) -> float:
    engine = InstantEngine()
    start = time.perf_counter()
    run(engine)
    return (time.perf_counter() - start) * 1000 / engine.calls


def _ours(engine: InstantEngine, asked: Engine | None = None) -> None:
    examples = labelled(JUDGE, "train")
    baseline = shipped_prompt(JUDGE, baseline_demonstrations(JUDGE, 8))
    runner = _Plain(JudgeRunner(shipped_rubric(JUDGE), Parameters(), 60.0))
    used = asked or engine
    dev = tuple(replace(one, group=f"dev {one.group}") for one in examples[:EXAMPLES])
    task = Task(baseline, examples[EXAMPLES:], dev, runner, used, used)
    search(task, Plan(trials=TRIALS, candidates=CANDIDATES, minibatch=EXAMPLES), lambda _: None)


class _Plain:
    """A judge that remembers nothing, so that as many calls are made as by bare DSPy."""

    def __init__(self, runner: JudgeRunner) -> None:
        self._runner = runner

    def __call__(self, engine: Engine, prompt: Any, subject: Any) -> Any:
        return self._runner.judge(engine, prompt).assess(subject).answer


def _bare(engine: InstantEngine) -> None:
    dspy = require("dspy", extra="optimize")
    rows = [
        dspy.Example(subject=one.subject.output, answer=one.truth.verdict).with_inputs("subject")
        for one in labelled(JUDGE, "train")
    ]
    lm = language_model(engine)
    fields = {"subject": (str, dspy.InputField()), "answer": (str, dspy.OutputField())}
    settings = {"lm": lm, "adapter": dspy.ChatAdapter(), "disable_history": True}
    with silence(), dspy.context(**settings):
        optimizer = dspy.MIPROv2(
            metric=lambda example, prediction, _trace=None: float(example.answer == prediction.answer),
            auto=None,
            num_candidates=CANDIDATES,
            num_threads=1,
            max_bootstrapped_demos=4,
            max_labeled_demos=8,
            seed=0,
        )
        optimizer.compile(
            dspy.Predict(dspy.Signature(fields, "Judge.")),
            trainset=rows[EXAMPLES:],
            valset=rows[:EXAMPLES],
            num_trials=TRIALS,
            minibatch=False,
            program_aware_proposer=False,
            data_aware_proposer=False,
        )
