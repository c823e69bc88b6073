"""Judges, and what came of a batch, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.judging.batch_outcome import STATUSES
from agent_agency.judging.rubric import Criterion
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from agent_agency.workflows.judge_run import BatchResult
    from agent_agency.workflows.judge_shelf import ShelvedJudge

SCHEMA_VERSION = 1
NO_MODEL = "This engine is no language model: it learns from the demonstrations in its prompt."
_SHORT = 19
_STATUS_WORDS = {"judged": "judged", "abstained": "abstained", "error": "failed", "not_run": "not asked"}


def batch_document(result: BatchResult, *, with_outcomes: bool) -> dict[str, Any]:
    """A batch as plain JSON data.

    Args:
        result: what came of it.
        with_outcomes: whether each record's outcome is in it; they are in the output file otherwise.
    """
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "judge": result.judge,
        "version": result.version,
        "engine": result.engine,
        "language_model": result.language_model,
        "records": len(result.outcomes),
        "by_status": {status: result.by_status.get(status, 0) for status in STATUSES},
        "by_verdict": dict(sorted(result.by_verdict.items())),
        "by_reason": dict(sorted(result.by_reason.items())),
        "resumed": result.resumed,
        "seconds": round(result.seconds, 3),
        "run": result.run,
        "recorded": result.recorded,
        "not_recorded": [clean(one) for one in result.refused],
        "mode": result.way.mode,
        "order": result.way.order,
        "by_mode": dict(sorted(result.by_mode.items())),
        "tokens": result.tokens.as_dict(),
        "notes": [clean(one) for one in result.notes],
    }
    if with_outcomes:
        document["outcomes"] = [one.as_dict() for one in result.outcomes]
    return document


def batch_lines(result: BatchResult) -> Iterator[str]:
    """A batch in a few lines."""
    mode = "" if result.way.mode == "full" else f", mode {result.way.mode}"
    yield f"judge    {result.judge}{mode}, version {result.version[:_SHORT]}"
    yield f"engine   {clean(result.engine)}"
    counts = (f"{result.by_status.get(status, 0)} {_STATUS_WORDS[status]}" for status in STATUSES)
    yield f"records  {len(result.outcomes)}: {', '.join(counts)}"
    if result.by_verdict:
        yield "verdicts " + ", ".join(f"{count} {name}" for name, count in sorted(result.by_verdict.items()))
    if result.by_reason:
        yield "without  " + ", ".join(f"{count} {name}" for name, count in sorted(result.by_reason.items()))
        if result.problem:
            yield f"         for one: {clean(result.problem)}"
    yield from _cost_lines(result)
    if result.resumed:
        yield f"resumed  {result.resumed} subjects were settled by an earlier run"
    if result.recorded:
        yield f"recorded {result.recorded} new evaluations, run {result.run}"
    if result.refused:
        yield f"not recorded: {len(result.refused)}, for one: {clean(result.refused[0])}"
    yield from map(clean, result.notes)
    if not result.language_model:
        yield NO_MODEL


def _cost_lines(result: BatchResult) -> Iterator[str]:
    """What it cost, and what a cascade and the engine's kept prefixes saved of that."""
    tokens = result.tokens
    if tokens.prompt:
        share = tokens.saved / tokens.prompt
        saved = f", {tokens.saved:,} of them reused ({share:.0%})" if tokens.saved > 0 else ""
        yield f"tokens   {tokens.prompt:,} of prompts{saved}, {tokens.completion:,} of answers, in {tokens.calls} calls"
    if tokens.kept:
        yield f"kept     {tokens.kept} answers were there already, and cost nothing"
    if result.way.mode == "cascade":
        by_label, on = result.by_mode.get("label", 0), result.by_mode.get("full", 0)
        yield f"cascade  {by_label} decided by label, {on} went on to a whole answer"
        if on and by_label:
            yield f"         about {result.saved_by_labels:,} tokens of answers were not written"


def judges_document(judges: Sequence[ShelvedJudge]) -> dict[str, Any]:
    """Judges as plain JSON data, without their prompts' texts."""
    return {"schema_version": SCHEMA_VERSION, "judges": [_head(one) for one in judges]}


def judge_document(judge: ShelvedJudge) -> dict[str, Any]:
    """One judge as plain JSON data, with rubric and instructions."""
    return {
        "schema_version": SCHEMA_VERSION,
        **_head(judge),
        "instructions": judge.prompt.instructions,
        "criteria": [_criterion(one) for one in judge.rubric.criteria],
    }


def judges_rows(judges: Sequence[ShelvedJudge]) -> list[tuple[str, ...]]:
    """Judges, a row each."""
    return [(one.rubric.judge, one.rubric.title, _prompt_words(one).split(" prompt")[0]) for one in judges]


def judge_lines(judge: ShelvedJudge) -> Iterator[str]:
    """One judge for people."""
    yield f"{judge.rubric.judge}: {clean(judge.rubric.title)}"
    yield f"rubric   version {judge.rubric.version}, {judge.rubric.digest[:_SHORT]}"
    yield f"prompt   {_prompt_words(judge)}, {judge.prompt.digest[:_SHORT]}"
    yield ""
    yield from (clean(line) for line in judge.prompt.instructions.splitlines())
    yield ""
    for one in judge.rubric.criteria:
        how = f"counted by program: {one.counted}" if one.counted else "asked of the model"
        yield f"{one.id} ({one.scale}, weight {one.weight:g}, {' and '.join(one.surfaces)}; {how})"
        yield f"  {clean(one.question)}"


def _head(judge: ShelvedJudge) -> dict[str, Any]:
    return {
        "judge": judge.rubric.judge,
        "title": judge.rubric.title,
        "rubric_version": judge.rubric.version,
        "rubric": judge.rubric.digest,
        "prompt": judge.prompt.digest,
        "shipped_prompt": judge.shipped,
        "demonstrations": len(judge.prompt.demonstrations),
    }


def _prompt_words(judge: ShelvedJudge) -> str:
    origin = "shipped" if judge.shipped else "activated"
    return f"{origin} prompt with {len(judge.prompt.demonstrations)} demonstrations"


def _criterion(one: Criterion) -> dict[str, Any]:
    return {
        "id": one.id,
        "question": one.question,
        "scale": one.scale,
        "weight": one.weight,
        "surfaces": list(one.surfaces),
        "counted": one.counted,
    }
