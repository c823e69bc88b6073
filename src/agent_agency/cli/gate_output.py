"""What the commands of ``agency gates`` have in common: options, columns of text, one JSON document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_agency.workflows.gate_definitions import GateDefinitions

SCHEMA_VERSION = 1


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command of the group."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Write one JSON document."),
        click.option(
            "--repo",
            type=click.Path(path_type=Path),
            default=Path(),
            metavar="DIR",
            help="Where to look for the repository.",
        ),
        click.option(
            "--base", metavar="REF", help="Read the gates from its tip. Default: the upstream or default branch."
        ),
    ):
        command = option(command)
    return command


def print_json(definitions: GateDefinitions, members: dict[str, Any]) -> None:
    """Print one document about definitions."""
    import json

    base = {"ref": definitions.ref, "commit": definitions.commit}
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "base": base, **members}, indent=2))


def told_base(definitions: GateDefinitions) -> str:
    """The base in words."""
    from agent_agency.facts import display_path

    return f"{display_path(definitions.ref)} ({definitions.commit[:12]})"


def print_columns(rows: list[tuple[str, ...]]) -> None:
    """Columns of text; control characters, which could move the cursor, are written as escapes."""
    from rich.table import Table
    from rich.text import Text

    from agent_agency.cli.console import make_console
    from agent_agency.facts import display_path

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for index in range(len(rows[0])):
        last = index == len(rows[0]) - 1
        table.add_column(overflow="fold", no_wrap=not last)
    for row in rows:
        table.add_row(*(Text(display_path(cell)) for cell in row))
    make_console().print(table)
