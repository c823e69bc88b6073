"""Modes of judging for people: how far they agree and what they cost, and what a calibration came to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agent_agency.judging.modes.agreement import AGREEMENT_AT_LEAST
from agent_agency.judging.modes.label_words import SCORED
from agent_agency.judging.modes.limits import NEVER_HIGH, NEVER_LOW
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.table import Table

    from agent_agency.workflows.judge_calibrate import Calibrated
    from agent_agency.workflows.judge_modes import ModeRow, Modes

SCHEMA_VERSION = 1
_SHORT = 19
NO_MODEL = "This engine is no language model: its figures show that everything runs, and say nothing of any model."


def modes_document(found: Modes) -> dict[str, Any]:
    """What was measured, as plain JSON data."""
    return {**found.as_dict(), "agreement_at_least": AGREEMENT_AT_LEAST}


def modes_head(found: Modes) -> Iterator[str]:
    """What was measured."""
    yield f"judge    {found.judge}, whole answers are version {found.row('full').version[:_SHORT]}"
    yield f"engine   {clean(found.engine)}"
    known = sum(one.truth is not None for one in found.items.items)
    labels = f", {known} with labels" if known else ", none with a label"
    yield f"items    {len(found.items.items)} of {clean(found.items.source)}{labels}; {found.workers} at once"


def modes_table(found: Modes) -> Table:
    """A row for each mode; ``in`` and ``out`` are tokens, ``agree`` is with whole answers, ``right`` against labels."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, collapse_padding=True)
    heads = ("mode", "asked", "calls/s", "in", "reused", "out", "agree", "95 %", "kappa", "right")
    for name in heads:
        table.add_column(name, justify="left" if name == "mode" else "right", no_wrap=True)
    for row in found.rows:
        table.add_row(*_cells(found, row))
    return table


def modes_end(found: Modes) -> Iterator[str]:
    """What follows from it, a sentence for each mode that changes verdicts or could not be measured."""
    for row in found.rows:
        if row.asked is None:
            yield f"{row.mode}: not measured. {clean(row.why_not)}."
        elif row.why_not:
            yield f"{row.mode}: some were not answered, for one: {clean(row.why_not)}"
        if row.calibrated is False:
            yield f"{row.mode}: not calibrated; agency judge calibrate {found.judge}"
        if row.abstained:
            yield f"{row.mode}: {row.abstained} of {row.answered} answers are abstentions{_for_one(row)}"
        against = found.against_full(row.mode) if row.mode != "full" else None
        if against is None and row.mode != "full" and row.answered:
            yield f"{row.mode}: on no item did it or full give a verdict, so nothing is known of it."
        if against is not None and against.standing != "keeps verdicts":
            yield (
                f"{row.mode} {against.standing}: {against.share:.0%} are as full says, {against.interval.low:.0%} to "
                f"{against.interval.high:.0%}; {AGREEMENT_AT_LEAST:.0%} is wanted."
            )
    if not found.language_model:
        yield NO_MODEL


def _for_one(row: ModeRow) -> str:
    works = () if row.asked is None else row.asked.works
    problem = next((one.problem for one in works if one.status == "abstained" and one.problem), "")
    return f", for one: {clean(problem)}" if problem else "."


def _cells(found: Modes, row: ModeRow) -> tuple[str, ...]:
    if row.asked is None:
        return (row.mode, *(["-"] * 9))
    tokens, against = row.asked.tokens, found.against_full(row.mode) if row.mode != "full" else None
    kappa = "-" if against is None or against.kappa is None else f"{against.kappa.value:.2f}"
    return (
        row.mode,
        f"{row.answered}/{len(found.items.items)}",
        "-" if row.requests_per_s is None else f"{row.requests_per_s:.1f}",
        f"{tokens.prompt:,}",
        f"{max(0, tokens.saved) / tokens.prompt:.0%}" if tokens.prompt else "-",
        f"{tokens.completion:,}",
        "-" if against is None else f"{against.share:.0%}",
        "-" if against is None else f"{against.interval.low:.0%}-{against.interval.high:.0%}",
        kappa,
        "-" if row.truth is None else f"{row.truth.accuracy:.0%}",
    )


def calibrated_document(found: Calibrated) -> dict[str, Any]:
    """A calibration as plain JSON data."""
    decided = found.decided
    return {
        "schema_version": SCHEMA_VERSION,
        "judge": found.judge,
        "engine": found.engine,
        "items": found.source,
        "without_scores": found.unanswered,
        "why_no_limits": clean(found.why_no_limits),
        "file": str(found.path),
        "calibration": {**found.calibration.as_dict(), "digest": found.calibration.digest},
        "cascade": None
        if found.calibration.limits is None
        else {
            "held_out": len(found.compared),
            "decided_by_label": len(decided),
            "agreed": sum(one.agrees for one in decided),
            "whole_abstained": sum(one.full == "abstain" for one in found.compared),
        },
    }


def calibrated_lines(found: Calibrated) -> Iterator[str]:
    """A calibration in a few lines."""
    made = found.calibration
    yield f"judge    {found.judge}, labels of version {made.base[:_SHORT]}"
    yield f"engine   {clean(found.engine)}"
    biases = ", ".join(f"{verdict} {bias:+.2f}" for verdict, bias in zip(SCORED, made.biases, strict=True))
    yield f"fit      {made.method} on {made.items} items of {clean(found.source)}: temperature {made.temperature:.2f}"
    yield f"biases   {biases}"
    if found.unanswered:
        yield f"left out {found.unanswered} items whose labels were not scored"
    if made.held is not None:
        held = made.held
        yield (
            f"held out {held.items} items: loss {held.log_loss_before:.3f} before and {held.log_loss_after:.3f} after; "
            f"right {held.accuracy_before:.0%} before, {held.accuracy_after:.0%} after"
        )
        if held.log_loss_after > held.log_loss_before:
            yield "         On these it is worse than none: calibrate on more items, or on items like those it is for."
    if found.why_no_limits:
        yield f"cascade  every record takes a whole answer: {clean(found.why_no_limits)}"
    elif made.limits is not None:
        yield f"cascade  {_limits_words(found)}"
    yield f"kept     {clean(str(found.path))}, {made.digest[:_SHORT]}"


def _limits_words(found: Calibrated) -> str:
    limits = found.calibration.limits
    empty = sum(one.full == "abstain" for one in found.compared)
    told = f"; {empty} of the whole answers are abstentions, which no label agrees with" if empty else ""
    if limits is None or (limits.low <= NEVER_LOW and limits.high >= NEVER_HIGH):
        return f"no label is sure enough on {len(found.compared)} items: every one takes a whole answer{told}"
    decided = found.decided
    sides = [f"{limits.high:.3f} or more"] if limits.high < NEVER_HIGH else []
    sides += [f"{limits.low:.3f} or less"] if limits.low > NEVER_LOW else []
    agreed = sum(one.agrees for one in decided)
    return (
        f"a label stands where pass is {' or '.join(sides)} likely: {len(decided)} of {len(found.compared)} held-out "
        f"items, {agreed} as whole answers say{told}"
    )
