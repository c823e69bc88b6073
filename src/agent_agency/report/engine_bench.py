"""What was measured of engines, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent_agency.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from agent_agency.inference.bench.row import Row
    from agent_agency.inference.bench.trial import Trial
    from agent_agency.workflows.engine_bench import EngineBench

_LOADED = 0.1
"""Above this share of processor time taken by others a row is marked."""


def print_bench(found: EngineBench, console: Console) -> None:
    """Print the rows, what won, what was left out, and where the choice is kept."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("Engine", no_wrap=True)
    table.add_column("Mode", no_wrap=True)
    for column in ("At once", "Req/s", "Tok/s", "p50 ms", "p95 ms", "Valid", "Reused", "MiB", "x naive"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    if found.rows:
        console.print(table)
    if found.trials:
        console.print(Text(_trials(found.trials), style="dim"))
    for line in _lines(found):
        console.print(Text(line))


def _cells(row: Row) -> tuple[str, ...]:
    engine = row.engine + (" exact" if row.precision == "exact" else "") + ("" if row.prefix_cache else " naive")
    return (
        engine,
        row.mode,
        str(row.concurrency),
        _short(row.requests_per_s),
        _short(row.tokens_per_s),
        _short(row.p50_s * 1000),
        _short(row.p95_s * 1000),
        "" if row.valid is None else f"{row.valid:.0%}",
        f"{1 - row.computed_tokens / row.prompt_tokens:.0%}" if row.prompt_tokens else "",
        "" if row.memory_mib is None else f"{row.memory_mib:.0f}",
        "" if row.ratio_to_naive is None else f"{row.ratio_to_naive:.1f}",
    )


def _short(value: float) -> str:
    """Three digits that count, and no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - from here on all three stand before the point


def _trials(trials: Sequence[Trial]) -> str:
    """What was only tried, in one sentence; `close` ones by name."""
    left = [one for one in trials if not one.measured]
    told = ", ".join(_tried(one) for one in left) or "none"
    close = (
        " (*: near the best of an engine that cannot win; --at-once measures it)"
        if any(one.close for one in left)
        else ""
    )
    return f"Tried with a few requests and not measured whole: {told}{close}."


def _tried(one: Trial) -> str:
    exact = " exact" if one.way.precision == "exact" else ""
    mark = "*" if one.close else ""
    return f"{one.way.engine}{exact} {one.way.mode} {one.way.concurrency} at once{mark} {_short(one.requests_per_s)}/s"


def _lines(found: EngineBench) -> list[str]:
    lines = [] if found.measured else ["Nothing changed since it was measured, so it was not measured again."]
    lines += [f"{mode}: {one.engine}, {one.width} at once ({one.why})" for mode, one in found.choices.items()]
    lines += [f"Not measured: {clean(what)}: {clean(why)}" for what, why in found.skipped]
    loaded = [row for row in found.rows if row.other_load is not None and row.other_load > _LOADED]
    if loaded:
        most = max(row.other_load or 0.0 for row in loaded)
        lines.append(
            f"Other processes took up to {most:.0%} of the processor meanwhile: measure again on a quiet machine."
        )
    if found.moved:
        lines.append(f"What stood there could not be read, and is now {clean(found.moved)}.")
    if found.kept:
        lines.append(f'Kept in {clean(found.kept)}; engine = "auto" goes by it.')
    return lines


def bench_document(found: EngineBench) -> dict[str, Any]:
    """The measurement as JSON data."""
    return {
        "model": {
            "digest": found.on.model_digest,
            "parameters": found.parameters,
            "name": found.model,
        },
        "machine": {key: value for key, value in found.on.document().items() if key != "model_digest"},
        "load": {
            "kind": "judge",
            "requests": found.shape.requests,
            "rubric_tokens": found.shape.rubric_tokens,
            "item_tokens": found.shape.item_tokens,
        },
        "rows": [row.document() for row in found.rows],
        "trials": [one.document() for one in found.trials],
        "skipped": [{"what": what, "why": why} for what, why in found.skipped],
        "choices": {
            mode: {"engine": one.engine, "precision": one.precision, "width": one.width, "why": one.why}
            for mode, one in found.choices.items()
        },
        "kept": found.kept,
        "moved": found.moved,
        "measured": found.measured,
    }
