"""What was measured of engines, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.console import Console

    from agent_agency.inference.bench.row import Row
    from agent_agency.workflows.engine_bench import EngineBench

_LOADED = 0.1
"""Above this share of processor time taken by others a row is marked."""


def print_bench(found: EngineBench, console: Console) -> None:
    """Print the rows, what won, what was left out, and where the choice is kept."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("Engine")
    table.add_column("Mode")
    for column in ("At once", "Requests/s", "Tokens/s", "p50 s", "p95 s", "Valid", "Reused", "MiB", "x naive"):
        table.add_column(column, justify="right")
    for row in found.rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    console.print(table)
    for line in _lines(found):
        console.print(Text(line))


def _cells(row: Row) -> tuple[str, ...]:
    engine = row.engine + (" exact" if row.precision == "exact" else "") + ("" if row.prefix_cache else " naive")
    return (
        engine,
        row.mode,
        str(row.concurrency),
        f"{row.requests_per_s:.3g}",
        f"{row.tokens_per_s:.3g}",
        f"{row.p50_s:.3g}",
        f"{row.p95_s:.3g}",
        "" if row.valid is None else f"{row.valid:.0%}",
        f"{1 - row.computed_tokens / row.prompt_tokens:.0%}" if row.prompt_tokens else "",
        "" if row.memory_mib is None else f"{row.memory_mib:.0f}",
        "" if row.ratio_to_naive is None else f"{row.ratio_to_naive:.1f}",
    )


def _lines(found: EngineBench) -> list[str]:
    lines = [f"{mode}: {one.engine}, {one.width} at once ({one.why})" for mode, one in found.choices.items()]
    lines += [f"Not measured: {clean(what)}: {clean(why)}" for what, why in found.skipped]
    loaded = [row for row in found.rows if row.other_load is not None and row.other_load > _LOADED]
    if loaded:
        most = max(row.other_load or 0.0 for row in loaded)
        lines.append(
            f"Other processes took up to {most:.0%} of the processor meanwhile: measure again on a quiet machine."
        )
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
        "skipped": [{"what": what, "why": why} for what, why in found.skipped],
        "choices": {
            mode: {"engine": one.engine, "precision": one.precision, "width": one.width, "why": one.why}
            for mode, one in found.choices.items()
        },
        "kept": found.kept,
        "measured": found.measured,
    }
