"""A model with random weights that was made: progress meanwhile, and what it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from agent_agency.report.text import clean

if TYPE_CHECKING:
    from rich.console import Console

    from agent_agency.inference.local.test_model.make import MadeModel

MEGABYTE = 1_000_000


def made_document(made: MadeModel) -> dict[str, Any]:
    """The model as JSON data."""
    return {
        "path": str(made.path),
        "digest": made.digest,
        "parameters": made.parameters,
        "size_bytes": made.size_bytes,
        "architecture": made.order.shape.architecture,
        "shape": made.order.shape.name,
        "quantisation": made.order.quantisation,
        "seed": made.order.seed,
        "vocabulary": made.order.shape.vocabulary,
        "context": made.order.shape.context,
        "modelled_on": made.order.shape.modelled_on or None,
    }


def made_lines(made: MadeModel) -> list[str]:
    """The model in a few lines for people."""
    shape = made.order.shape
    like = f", the sizes of {shape.modelled_on}" if shape.modelled_on else ""
    kept = f"{made.order.quantisation}, context {shape.context}"
    return [
        f"Made {clean(str(made.path))}: {made.size_bytes / MEGABYTE:.1f} MB, {made.digest}",
        f"{shape.name}: {shape.architecture}, {made.parameters / MEGABYTE:.1f} M parameters, {kept}{like}.",
        "Its weights are random: its speed is real, its answers mean nothing.",
    ]


@contextlib.contextmanager
def weights_progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how much of the model is written; elsewhere show nothing."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Training the tokeniser", total=None)

        def told(written: int, whole: int) -> None:
            progress.update(task, description="Writing weights", completed=written, total=whole)

        yield told
