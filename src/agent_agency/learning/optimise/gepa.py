"""GEPA for a judge's instructions, with a proposer of ours.

DSPy's own proposer asks through ``JSONAdapter`` whatever adapter is set; a reflector that cannot answer so fails each
time, the failures are logged, and the run ends as if all were well with the prompt that it began with. Ours asks for
plain text and counts what came back, so that a run in which nothing was proposed or accepted says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.protocol import Engine, Message, Request
from agent_agency.learning.optimise.dspy_adapter import (
    PROPOSAL,
    JudgeAdapter,
    answer_of,
    dspy_examples,
    predictor,
)
from agent_agency.learning.optimise.dspy_bridge import EXTRA, language_model
from agent_agency.learning.optimise.example import decode_answer
from agent_agency.learning.optimise.limits import Halt
from agent_agency.learning.optimise.metric import Metric
from agent_agency.learning.optimise.task import Plan, Task
from agent_agency.learning.optimise.watch import Watch

REFLECTED = 4
"""Examples that one reflection looks at; a small model loses more from a longer text than it learns from it."""
LONGEST = 6_000
"""Characters that proposed instructions may have."""
_SHOWN = 1_500
_ASK = (
    "Below are the instructions that a judge works by, and cases with what it answered and what was right. Write "
    "instructions that would have led to the right answers here and on other cases of the kind. Keep what works. Do "
    "not repeat single cases. Answer with the new instructions only, at most {longest} characters."
)


def run_gepa(task: Task, plan: Plan, adapter: JudgeAdapter, watch: Watch) -> str:
    """Search with GEPA; what it finds is in ``watch``. The answer is a note on what was proposed.

    Merging stays off: it hurts small models, by GEPA's own table (arXiv 2507.19457).

    Raises:
        MissingExtraError: DSPy or GEPA is not installed.
        Halt: a limit is reached, or something failed.
    """
    require("gepa", extra=EXTRA)
    dspy = require("dspy", extra=EXTRA)
    proposer, observer = _Proposer(task, plan.trials), _Observer(adapter, task, watch)
    optimizer = dspy.GEPA(
        metric=_feedback_metric(task.metric),
        max_metric_calls=(plan.candidates + 1) * len(task.dev) + 2 * REFLECTED * plan.trials,
        reflection_minibatch_size=REFLECTED,
        reflection_lm=language_model(task.reflector),
        instruction_proposer=proposer,
        use_merge=False,
        num_threads=plan.threads,
        seed=plan.seed,
        gepa_kwargs={"callbacks": [observer], "stop_callbacks": [lambda _: proposer.asked >= plan.trials]},
    )
    optimizer.compile(predictor(task.baseline), trainset=dspy_examples(task.train), valset=dspy_examples(task.dev))
    watch.proposals = proposer.usable
    return f"{proposer.usable} of {proposer.asked} reflections gave instructions, {observer.accepted} were accepted"


def _feedback_metric(metric: Metric) -> Any:
    dspy = require("dspy", extra=EXTRA)
    most = max(metric.weights.values())

    def scored(gold: Any, prediction: Any, trace: Any = None, name: Any = None, inner: Any = None) -> Any:  # noqa: ARG001
        truth, answer = decode_answer(gold.answer), answer_of(prediction)
        score = metric.score(truth.verdict, answer, int(prediction.prompt_characters)) / most
        told = f"Answered {answer.verdict}; right is {truth.verdict}. Why: {truth.reasoning}"
        return dspy.Prediction(score=score, feedback=told)

    return scored


class _Proposer:
    """Words instructions anew, in the shape that GEPA calls a ``ProposalFn``."""

    def __init__(self, task: Task, trials: int) -> None:
        self._engine: Engine = task.reflector
        self._wordings: Sequence[str] | None = None
        if not self._engine.capabilities().language_model:
            self._wordings = task.wordings(trials) if task.wordings is not None else ()
        self.asked = 0
        self.usable = 0

    def __call__(
        self,
        candidate: Mapping[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: Sequence[str],
    ) -> dict[str, str]:
        """New texts by component; the present one where nothing usable came back.

        Raises:
            Halt: the reflector failed.
        """
        return {
            name: self._proposed(candidate[name], reflective_dataset.get(name, ())) for name in components_to_update
        }

    def _proposed(self, present: str, cases: Sequence[Mapping[str, Any]]) -> str:
        self.asked += 1
        text = self._asked(present, cases) if self._wordings is None else "".join(self._wordings[self.asked - 1 :][:1])
        if not text or len(text) > LONGEST or text == present:
            return present
        self.usable += 1
        return text

    def _asked(self, present: str, cases: Sequence[Mapping[str, Any]]) -> str:
        asked = "\n\n".join((f"Instructions:\n{present}", *(_case(one) for one in cases)))
        messages = (Message("system", _ASK.format(longest=LONGEST)), Message("user", asked))
        try:
            return self._engine.generate(Request(messages, PROPOSAL, rollout=self.asked)).text.strip()
        except EngineError as error:
            raise Halt("engine", error.message, error) from error


class _Observer:
    """Tells the watch of each candidate that GEPA scores on all development examples."""

    def __init__(self, adapter: JudgeAdapter, task: Task, watch: Watch) -> None:
        self._adapter = adapter
        self._watch = watch
        self._most = max(task.metric.weights.values())
        self._demos = predictor(task.baseline).demos
        self.accepted = 0

    def on_valset_evaluated(self, event: Mapping[str, Any]) -> None:
        """One candidate was scored."""
        (instructions,) = event["candidate"].values()
        prompt = self._adapter.prompt(instructions, self._demos)
        self._watch.seen(prompt, float(event["average_score"]) * self._most, int(event["num_examples_evaluated"]))

    def on_candidate_accepted(self, event: Mapping[str, Any]) -> None:  # noqa: ARG002 - GEPA's signature
        """One candidate joined the pool."""
        self.accepted += 1


def _case(one: Mapping[str, Any]) -> str:
    subject = str(one.get("Inputs", {}).get("subject", ""))[:_SHOWN]
    return f"Case:\n{subject}\nFeedback:\n{one.get('Feedback', '')}"
