"""One search for a better prompt, from the baseline to the best candidate that all development examples scored."""

from __future__ import annotations

from agent_agency.errors import LearningError
from agent_agency.extras import require
from agent_agency.learning.optimise.dspy_adapter import JudgeAdapter
from agent_agency.learning.optimise.dspy_bridge import EXTRA, language_model
from agent_agency.learning.optimise.gepa import run_gepa
from agent_agency.learning.optimise.mipro import run_mipro
from agent_agency.learning.optimise.silence import silence
from agent_agency.learning.optimise.task import Found, Plan, Progress, Task
from agent_agency.learning.optimise.watch import Watch


def search(task: Task, plan: Plan, progress: Progress) -> Found:
    """Look for a better prompt than the baseline.

    The same task and plan find the same prompt as long as the engine answers the same; calls that a cache under
    ``task.engine`` has answered before cost nothing, which is how a run that was stopped goes on.

    Raises:
        LearningError: the examples or the plan allow no search.
        MissingExtraError: DSPy is not installed.
        Halt: a limit is reached, or something failed; nothing was written.
    """
    _check(task, plan)
    dspy = require("dspy", extra=EXTRA)
    adapter, watch = JudgeAdapter(task.baseline, task.judge), Watch(len(task.dev), progress)
    settings = {"lm": language_model(task.engine), "adapter": adapter, "disable_history": True}
    with silence(), dspy.context(callbacks=[], track_usage=False, **settings):
        note = run_gepa(task, plan, adapter, watch) if plan.optimizer == "gepa" else _mipro(task, plan, adapter, watch)
    better = watch.best is not None and watch.best_score > watch.baseline_score
    return Found(
        prompt=watch.best if better and watch.best else task.baseline,
        baseline_score=watch.baseline_score,
        score=watch.best_score,
        trials=tuple(watch.trials),
        proposals=watch.proposals,
        note=note,
    )


def _mipro(task: Task, plan: Plan, adapter: JudgeAdapter, watch: Watch) -> str:
    run_mipro(task, plan, adapter, watch)
    if task.reflector.capabilities().language_model:
        return f"{watch.proposals} other wordings of the instructions were proposed"
    if task.wordings is not None:
        told = f"{watch.proposals} wordings that name features were tried instead"
        return f"{task.reflector.name} is no language model and words nothing; {told}"
    return f"{task.reflector.name} is no language model, so only demonstrations were searched"


def _check(task: Task, plan: Plan) -> None:
    if not task.train or not task.dev:
        raise LearningError("There are no examples to learn from", fix="Give labelled examples for train and dev.")
    if plan.trials < 1 or plan.candidates < 1 or plan.minibatch < 1 or plan.threads < 1:
        raise LearningError("Trials, candidates, minibatch and threads are counted from 1", fix="Give numbers above 0.")
    if plan.demonstrations < len(task.baseline.demonstrations):
        raise LearningError(
            f"The baseline holds {len(task.baseline.demonstrations)} demonstrations, more than {plan.demonstrations}",
            fix="Allow as many demonstrations as the baseline has.",
        )
    shared = {one.group for one in task.train if one.group} & {one.group for one in task.dev}
    if shared:
        raise LearningError(f"Train and dev share the group {min(shared)}", fix="Split the examples by group.")
