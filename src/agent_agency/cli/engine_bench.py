"""``agency engine bench``: which engine answers a judge's load quickest on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent_agency.inference.bench.row import Way
    from agent_agency.workflows.engine_bench_rows import Told

SCHEMA_VERSION = 1


@click.command("bench")
@click.argument("name", required=False)
@click.option("--model", type=click.Path(path_type=Path), metavar="FILE", help="A model's file, instead of NAME.")
@click.option("--load", type=click.Choice(["judge"]), default="judge", show_default=True, help="The shape of the load.")
@click.option("--requests", type=click.IntRange(1, 100_000), default=32, show_default=True, help="Items to judge.")
@click.option("--rubric-tokens", type=click.IntRange(16, 100_000), default=600, show_default=True)
@click.option("--item-tokens", type=click.IntRange(8, 100_000), default=150, show_default=True)
@click.option("--engine", "engines", multiple=True, type=click.Choice(["openvino", "llama.cpp"]), help="Only these.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(["full", "short", "label"]), help="Only these.")
@click.option("--at-once", "widths", multiple=True, type=click.IntRange(1, 256), help="Only so many in flight.")
@click.option("--exact", is_flag=True, help="Also the precision whose batched answers equal those alone.")
@click.option("--if-changed", is_flag=True, help="Only when model, libraries or machine changed since last time.")
@click.option("--no-keep", is_flag=True, help="Do not write what won into your configuration.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def bench(
    *,
    name: str | None,
    model: Path | None,
    load: str,
    requests: int,
    rubric_tokens: int,
    item_tokens: int,
    engines: tuple[str, ...],
    modes: tuple[Any, ...],
    widths: tuple[int, ...],
    exact: bool,
    if_changed: bool,
    no_keep: bool,
    as_json: bool,
) -> int:
    """Measure each engine that this machine can run on a load of judge's shape, and keep which was best.

    NAME is a local engine or role of your configuration. One row is always there: llama.cpp asked one at a time with
    nothing kept between requests, which all others are a multiple of. A short trial finds the numbers at once that are
    worth measuring; --at-once measures those that you name. Takes minutes on a small machine.
    """
    del load  # there is one shape so far; the option says so in scripts
    from agent_agency.inference.bench.judge_load import LoadShape
    from agent_agency.inference.bench.ways import Wanted
    from agent_agency.report.engine_bench import bench_document, print_bench
    from agent_agency.workflows.engine_bench import BenchOrder, bench_engines

    wanted = Wanted(engines, modes, widths, ("default", "exact") if exact else ("default",))
    shape = LoadShape(requests, rubric_tokens, item_tokens)
    order = BenchOrder(name, model, shape, wanted, keep=not no_keep, if_changed=if_changed)
    found = bench_engines(order, os.environ, _progress())
    if as_json:
        import json

        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **bench_document(found)}, indent=2))
        return 0
    from agent_agency.cli.console import make_console

    print_bench(found, make_console())
    return 0


def _progress() -> Told:
    """One line per way on standard error; on a terminal it counts up."""
    stream = sys.stderr
    live = stream.isatty()

    def told(way: Way, done: int, of: int, *, trial: bool) -> None:
        if not live and done != of:
            return
        kept = "" if way.prefix_cache else ", nothing kept"
        precision = "" if way.precision == "default" else f", {way.precision}"
        tried = ", trial" if trial else ""
        line = f"{way.engine} {way.mode}, {way.concurrency} at once{precision}{kept}{tried}: {done} of {of}"
        click.echo(f"\r\033[K{line}" if live else line, file=stream, nl=not live or done == of)

    return told
