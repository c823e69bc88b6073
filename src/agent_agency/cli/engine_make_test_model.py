"""``agency engine make-test-model``: a model with random weights, to test and measure with."""

from __future__ import annotations

from pathlib import Path

import click

SCHEMA_VERSION = 1
_SHAPES = "smol (134.5 M parameters), tiny (17 M), nano (1 M), qwen05 (494 M); tinyq2 and tinyq3 lay it out as Qwen."


@click.command("make-test-model")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The GGUF file to make.")
@click.option("--shape", default="smol", show_default=True, metavar="NAME", help=_SHAPES)
@click.option("--quantisation", default="Q8_0", show_default=True, metavar="NAME", help="Q8_0, Q4_0 or F16.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of the weights.")
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def make_test_model(*, out: Path, shape: str, quantisation: str, seed: int, force: bool, as_json: bool) -> int:
    """Make a language model with random weights, in seconds and without a network.

    Its speed, memory and tokens are those of a trained model of its size, its answers mean nothing: it is for tests
    and for 'agency engine bench'. The same options make the same file, byte for byte.
    """
    import json

    from agent_agency.cli.console import make_console
    from agent_agency.report.test_model import made_document, made_lines, weights_progress
    from agent_agency.workflows.make_test_model import make_test_model as make

    with weights_progress(make_console(stderr=True)) as told:
        made = make(out, shape=shape, quantisation=quantisation, seed=seed, force=force, told=told)
    if as_json:
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "model": made_document(made)}, indent=2))
        return 0
    for line in made_lines(made):
        click.echo(line)
    return 0
