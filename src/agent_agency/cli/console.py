"""The terminal for people: colours only where they are wanted, a sensible width where there is none."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 80
LEAST_WIDTH = 20


def make_console(*, stderr: bool = False) -> Console:
    """Make a console for standard output (or error).

    ``NO_COLOR`` switches colours off. Output that is no terminal is 80 columns wide, plain, and free of wrapping marks.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = _asked_width() or (None if stream.isatty() else PIPE_WIDTH)
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def _asked_width() -> int | None:
    """The width that ``COLUMNS`` asks for; below ``LEAST_WIDTH`` nothing could be read, or nothing at all is shown."""
    asked = os.environ.get("COLUMNS", "")
    return max(LEAST_WIDTH, int(asked)) if asked.isascii() and asked.isdigit() and int(asked) > 0 else None


def plain_console(stream: TextIO) -> Console:
    """Make a console that writes plain text, 80 columns wide, into a file."""
    from rich.console import Console

    return Console(file=stream, width=PIPE_WIDTH, highlight=False, emoji=False, markup=False, color_system=None)
