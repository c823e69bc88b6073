"""What commands say on standard error of a local model whose measurement is not of today."""

from __future__ import annotations

import os
from pathlib import Path

import click


def tell_hint(spec: str | None) -> None:
    """Say in a line that a model was measured for other versions, or that what was measured cannot be read."""
    from agent_agency.workflows.engine_remeasure import hint

    if said := hint(spec, os.environ):
        _tell(said)


def measure_before_long_work(spec: str | None) -> None:
    """Measure a local model again where versions or machine changed, briefly; each step is told."""
    from agent_agency.workflows.engine_remeasure import Measuring, measure_again

    measure_again(spec, os.environ, Measuring(_tell))


def many_records(source: Path) -> bool:
    """Whether a file has so many lines that judging them is long work; what is no plain file is not read for that."""
    from agent_agency.workflows.engine_remeasure import MANY

    try:
        if not source.is_file():
            return False
        with source.open("rb") as stream:
            return any(number >= MANY for number, _ in enumerate(stream, 1))
    except OSError:
        return False


def _tell(sentence: str) -> None:
    click.echo(f"agency: {sentence}", err=True)
