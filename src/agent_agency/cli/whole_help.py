"""A group of commands whose help says of each what it is for, in a whole sentence."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

_WHOLE = 1000
"""Characters of a command's first sentence; more than any has, so that none is cut off."""


class WholeHelpGroup(click.Group):
    """A group that wraps the sentences about its commands instead of cutting them off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by name, each with its first sentence."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in found if one is not None and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class LaterGroup(WholeHelpGroup):
    """A group some of whose commands stand in modules of their own, imported when they are called or told of.

    Args:
        later: a command's name to its module and the name of the command there; listed after the group's own.
    """

    def __init__(self, *args: Any, later: Mapping[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._later = dict(later or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *self._later})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; ``None`` where there is none of the name.

        Raises:
            TypeError: a defect: the table names something that is no command.
        """
        if cmd_name not in self._later:
            return super().get_command(ctx, cmd_name)
        module, attribute = self._later[cmd_name]
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is no command")
        return command
