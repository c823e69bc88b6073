"""Asking a person yes or no on the terminal itself, whatever standard input is."""

from __future__ import annotations

import click

from agent_agency.cli.pass_phrase import TERMINAL
from agent_agency.errors import UsageError


def confirm(question: str) -> None:
    """Ask; anything but yes stops the command.

    Raises:
        UsageError: there is no terminal.
        Abort: the answer was not yes.
    """
    try:
        with open(TERMINAL, "r+b", buffering=0) as terminal:  # noqa: PTH123 - unbuffered, for reading and writing
            terminal.write(f"{question} [y/N] ".encode())
            answer = terminal.readline(100)
    except OSError as error:
        raise UsageError("There is no terminal to ask on", fix="Run it in a terminal, or with --yes.") from error
    if answer.strip().lower() not in {b"y", b"yes"}:
        raise click.Abort from UsageError("nothing was signed", fix="")
