"""What an optimisation came to, as plain JSON data: for ``--json``, for reports, and between processes."""

from __future__ import annotations

from typing import Any

from agent_agency.learning.optimise.compare import Comparison, Share
from agent_agency.workflows.optimise import Optimised

SCHEMA_VERSION = 1
LEVEL = 0.05
DECIMALS = 4


def judge_document(done: Optimised, *, run: str = "", evaluations: int = 0, experiment: str = "") -> dict[str, Any]:
    """One judge's part of a report.

    Figures at the top are those of the sealed test. Where nothing better was found, the test stays sealed: baseline and
    optimised are one prompt, shown with its figures on dev, the gain is 0 and ``n_test`` is 0.

    Args:
        done: what came of the judge.
        run: names the run in the store, its evaluations and its calls.
        evaluations: how many of the baseline were recorded.
        experiment: the name of the experiment that it is recorded as.
    """
    shown = done.tested.comparison if done.tested else done.dev
    held = {"baseline": done.task.baseline, "optimised": done.found.prompt}
    return {
        "status": done.status,
        **comparison_document(shown),
        "n_test": done.tested.comparison.n if done.tested else 0,
        "dev": comparison_document(done.dev),
        "search": {"baseline": rounded(done.found.baseline_score), "optimised": rounded(done.found.score)},
        "trials": [
            {"number": one.number, "score": rounded(one.score), "best": rounded(one.best), "n": one.n}
            | {"whole": one.whole}
            for one in done.found.trials
        ],
        "proposals": done.found.proposals,
        "note": done.found.note,
        "version": done.version.version if done.version else None,
        "instructions": done.found.prompt.instructions,
        "demonstrations": {name: len(prompt.demonstrations) for name, prompt in held.items()},
        "prompt_digest": done.found.prompt.digest,
        "parent_digest": done.task.baseline.digest,
        "artefact_digest": done.artefact.digest if done.artefact else None,
        "sealed_uses": done.tested.uses if done.tested else 0,
        "baseline_evaluations": evaluations,
        "experiment": experiment or None,
        "run": run or None,
        "spent": {"calls": done.spent.calls, "tokens": done.spent.tokens, "seconds": round(done.spent.seconds, 2)},
    }


def comparison_document(one: Comparison) -> dict[str, Any]:
    """A comparison: balanced accuracies, their difference, and how sure it is; plain accuracies beside them."""
    return {
        "baseline": rounded(one.baseline.value),
        "baseline_interval": _interval(one.baseline),
        "optimised": rounded(one.optimised.value),
        "optimised_interval": _interval(one.optimised),
        "gain": rounded(one.gain),
        "interval": [rounded(one.interval.low), rounded(one.interval.high)],
        "p_value": one.p_value,
        "n": one.n,
        "groups": one.groups,
        "accuracy": {"baseline": rounded(one.baseline.accuracy), "optimised": rounded(one.optimised.accuracy)},
        "commonest_verdict": rounded(one.commonest),
        "abstained": {"baseline": one.baseline.abstained, "optimised": one.optimised.abstained},
    }


def with_holm(judges: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The judges' parts with Holm's correction over all of them; one that was not tested counts with p = 1."""
    from agent_agency.statistics.holm import holm_by_name

    raw = {name: one["p_value"] if one["n_test"] else 1.0 for name, one in judges.items()}
    adjusted = holm_by_name(raw)
    return {
        name: {**one, "p_value": raw[name], "p_holm": adjusted[name], "significant": adjusted[name] < LEVEL}
        for name, one in judges.items()
    }


def rounded(value: float) -> float:
    """A share as it is written down."""
    return round(value, DECIMALS)


def _interval(share: Share) -> list[float]:
    return [rounded(share.interval.low), rounded(share.interval.high)]
