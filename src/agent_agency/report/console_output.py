"""Printing to a console of any encoding: nothing is lost, nothing is taken for an order, no line ends in blanks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from agent_agency.report.text import no_command


@contextmanager
def fit_for_reading(console: Console) -> Iterator[None]:
    """Hold back what is printed inside and write it at the end, made fit.

    A character that the console's encoding lacks is spelt out; blanks at line ends go where no colour needs them.
    """
    with console.capture() as captured:
        yield
    plain = console.color_system is None
    lines = (no_command(line.rstrip() if plain else line) for line in captured.get().splitlines())
    text = "".join(f"{line}\n" for line in lines)
    console.file.write(text.encode(console.encoding, "backslashreplace").decode(console.encoding))
