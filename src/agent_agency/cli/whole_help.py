"""A group of commands whose help says of each what it is for, in a whole sentence."""

from __future__ import annotations

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
