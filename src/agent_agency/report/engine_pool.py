"""The pool, rollouts, spending and the choice of an engine, for people and as JSON data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent_agency.inference.spend.money import told as money
from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.console import Console

    from agent_agency.inference.pool.rollout_book import Told
    from agent_agency.inference.pool.select import Ranked, Selection
    from agent_agency.store.spending import Spent
    from agent_agency.workflows.pool_view import PooledModel, PoolView
    from agent_agency.workflows.spend_desk import SpendView

_GIB = 1024**3
_STAGES = "shadow -> share -> all -> finished"


def pool_document(view: PoolView) -> dict[str, Any]:
    """The pool as JSON data."""
    return {
        "path": view.path,
        "budget_bytes": view.budget_bytes,
        "models": [
            {
                "name": one.settings.name,
                "kind": one.settings.kind,
                "roles": list(one.roles),
                "remote": one.remote,
                "warm_at_start": one.settings.warm,
                "keep_alive_s": one.settings.keep_alive_s if one.settings.kind == "local" else None,
                "estimate_bytes": one.estimate_bytes,
                "measured_bytes": one.measured_bytes,
                "state": one.state if one.settings.kind == "local" else None,
                "processes": [asdict(place) for place in one.processes],
                "last_event": None if one.last is None else asdict(one.last),
            }
            for one in view.models
        ],
        "events": [asdict(one) for one in view.events],
    }


def print_pool(view: PoolView, console: Console) -> None:
    """Print the models, their memory, and what happened last."""
    if not view.models:
        console.print(f"No engine is configured in {clean(view.path)}.", markup=False)
        return
    rows = [_pool_row(one) for one in view.models]
    _print_table(console, ("Engine", "Roles", "Memory", "Kept", "State"), rows)
    console.print(f"All models together may take {_gib(view.budget_bytes)}.", markup=False)
    for one in view.events:
        told = f"{one.at} {one.model} {one.event} -> {one.state}" + (f": {one.detail}" if one.detail else "")
        console.print(clean(told), markup=False, highlight=False)


def rollouts_document(found: Sequence[Told]) -> list[dict[str, Any]]:
    """Rollouts as JSON data."""
    return [
        {
            "role": one.rollout.role,
            "old": one.rollout.old,
            "new": one.rollout.new,
            "stage": one.rollout.stage,
            "under_way": one.rollout.under_way,
            "begun_at": one.rollout.at,
            "limits": asdict(one.rollout.limits),
            "pairs": one.standing.as_dict(),
            "steps": [asdict(step) for step in one.steps],
        }
        for one in found
    ]


def print_rollouts(found: Sequence[Told], console: Console) -> None:
    """Print how far each role is, what its pairs show, and its steps."""
    if not found:
        console.print("No role was ever given to another engine. Begin with agency engine roll start.", markup=False)
    for one in found:
        roll, pairs = one.rollout, one.standing
        console.print(clean(f"{roll.role}: {roll.old} -> {roll.new}, {roll.stage}"), markup=False, style="bold")
        if roll.under_way:
            told = f"  {pairs.agreed} of {pairs.pairs} pairs agree"
            if pairs.pairs:
                told += f" ({pairs.low:.1%} to {pairs.high:.1%})"
            console.print(f"{told}; {pairs.reason}. Stages: {_STAGES}.", markup=False, highlight=False)
        for step in one.steps:
            why = f": {step.reason}" if step.reason else ""
            console.print(clean(f"  {step.at} {step.event} -> {step.state} by {step.who}{why}"), markup=False)


def spend_document(view: SpendView) -> dict[str, Any]:
    """Spending as JSON data; every amount in micro-units of the currency."""
    return {
        "month": view.month,
        "currency": view.currency or None,
        "caps": {"month_micro": view.limits.month, "task_micro": view.limits.task},
        "stopped": view.stopped,
        "switch": None if view.switch is None else asdict(view.switch),
        "spent": _spent(view.spent),
        "tasks": [{"task": one.task, **_spent(one.spent)} for one in view.tasks],
        "open": [
            {
                "id": one.call.reservation.id,
                "at": one.call.reservation.at,
                "expires": one.call.reservation.expires,
                "task": one.call.reservation.task,
                "engine": one.call.reservation.engine,
                "reserved_micro": one.call.reservation.reserved,
                "stale": one.stale,
            }
            for one in view.open
        ],
        "calls": [{"engine": one.engine, **asdict(one.totals)} for one in view.local],
        "here": [asdict(one) for one in view.here],
    }


def print_spend(view: SpendView, console: Console) -> None:
    """Print month, tasks, open reservations, the switch, and what calls took."""
    if view.stopped and view.switch is not None:
        why = f": {view.switch.reason}" if view.switch.reason else ""
        told = f"Remote calls are stopped, by {view.switch.who} at {view.switch.at}{why}."
        console.print(clean(told), style="bold red", markup=False)
    rows = [(f"month {view.month}", view.spent, view.limits.month)]
    rows += [(f"task {one.task}", one.spent, view.limits.task) for one in view.tasks]
    cells = [
        (
            clean(name),
            str(spent.calls),
            money(spent.settled, view.currency),
            money(spent.reserved, view.currency),
            "none" if cap is None else money(cap, view.currency),
        )
        for name, spent, cap in rows
    ]
    _print_table(console, ("Of", "Calls", "Settled", "Reserved", "Cap"), cells)
    for call in view.open:
        one = call.call.reservation
        how = "stale; release it with agency engine spend release" if call.stale else "under way"
        told = f"{one.id} of {one.engine} for {one.task}, {money(one.reserved, one.currency)}: {how}"
        console.print(clean(told), markup=False, highlight=False)
    for use in view.here:
        failed = f", {use.failed} of them without an answer" if use.failed else ""
        told = f"{use.engine}, on this machine: {use.calls} calls{failed}, {use.latency_us / 1e6:.1f} s, "
        told += f"{use.prompt_tokens} + {use.completion_tokens} tokens"
        console.print(clean(told), markup=False, highlight=False)
    for engine in view.local:
        sums = engine.totals
        told = f"{engine.engine}, on record here: {sums.calls} calls, {sums.latency_s:.1f} s, {sums.prompt_tokens} + "
        console.print(clean(f"{told}{sums.completion_tokens} tokens"), markup=False, highlight=False)


def selection_document(found: Selection) -> dict[str, Any]:
    """A selection as JSON data."""
    return {
        "chosen": None if found.chosen is None else found.chosen.candidate.name,
        "ranked": [one.as_dict() for one in found.ranked],
        "excluded": [{"engine": one.name, "reasons": list(one.reasons)} for one in found.excluded],
    }


def print_selection(found: Selection, currency: str, console: Console) -> None:
    """Print what to take, how all that fit compare, and why others do not."""
    if found.chosen is not None:
        console.print(f"Take {clean(found.chosen.candidate.name)}.", style="bold", markup=False)
    elif found.ranked or not found.excluded:
        fix = "Label what they judged: agency label."
        console.print(f"No engine that fits was measured, so none is chosen. {fix}", style="bold", markup=False)
    else:
        fix = "Ask for less, or add another one: agency engine add."
        console.print(f"No engine meets what is needed, so none is chosen. {fix}", style="bold", markup=False)
    if found.ranked:
        rows = [_ranked_row(one, currency) for one in found.ranked]
        _print_table(console, ("Engine", "Quality", "One answer", "95 %", "Why"), rows)
    for one in found.excluded:
        console.print(clean(f"not {one.name}: {'; '.join(one.reasons)}"), markup=False, highlight=False)


def _pool_row(one: PooledModel) -> tuple[str, ...]:
    if one.settings.kind != "local":
        memory, kept = ("none here" if one.remote else "not of this pool"), ""
    else:
        known = one.measured_bytes or one.estimate_bytes
        how = "measured" if one.measured_bytes else "estimated"
        memory = "unknown" if known is None else f"{_gib(known)} {how}"
        kept = f"{one.settings.keep_alive_s:g} s" + (", warm at start" if one.settings.warm else "")
    return clean(one.settings.name), " ".join(one.roles), memory, kept, clean(_state(one))


def _state(one: PooledModel) -> str:
    """What it is now in every process that has it; what a process told that is gone counts no more."""
    if one.settings.kind != "local":
        return ""
    told = [
        f"{there.state} in process {there.pid}" + ("" if there.known else f" of {there.host}, if that lives")
        for there in one.processes
    ]
    return "; ".join(told) or "cold"


def _ranked_row(one: Ranked, currency: str) -> tuple[str, ...]:
    known = one.candidate
    quality = "not measured" if one.quality is None else f"{one.quality.low:.1%} to {one.quality.high:.1%}"
    cost = "unknown" if known.cost is None else money(known.cost, currency)
    slow = "unknown" if known.p95_s is None else f"{known.p95_s:.3g} s" if math.isfinite(known.p95_s) else "endless"
    return clean(known.name), quality, cost, slow, clean(one.reason)


def _spent(found: Spent) -> dict[str, int]:
    return {
        "reserved_micro": found.reserved,
        "settled_micro": found.settled,
        "open": found.open,
        "calls": found.calls,
    }


def _gib(size: int) -> str:
    return f"{size / _GIB:.2f} GiB"


def _print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
