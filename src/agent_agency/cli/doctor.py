"""``agency doctor``: what this machine and this repository can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent_agency.workflows.doctor import Diagnosis

SCHEMA_VERSION = 1


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def doctor(*, as_json: bool) -> int:
    """Say what this machine and this repository can do, by trying it.

    Exit 0 when everything needed is there, 1 when something found needs mending, 2 when something needed is missing.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.doctor import diagnose, this_machine

    diagnosis = diagnose(this_machine(), Path.cwd(), SystemClock().now())
    if as_json:
        import json

        click.echo(json.dumps(_document(diagnosis), indent=2))
    else:
        _show(diagnosis)
    return diagnosis.exit_code


def _document(diagnosis: Diagnosis) -> dict[str, Any]:
    from agent_agency._version import __version__
    from agent_agency.workflows.doctor import SUPPORT

    return {
        "schema_version": SCHEMA_VERSION,
        "tool_version": __version__,
        "system": diagnosis.system,
        "exit_code": diagnosis.exit_code,
        "checks": [
            {
                "name": check.name,
                "standing": check.standing.value,
                "found": check.found,
                "remedy": check.remedy or None,
            }
            for check in diagnosis.checks
        ],
        "support": [{"system": row.system, "level": row.level, "detail": row.detail} for row in SUPPORT],
    }


def _show(diagnosis: Diagnosis) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent_agency.cli.console import make_console
    from agent_agency.workflows.doctor import SUPPORT

    styles = {"fine": "green", "noted": "dim", "limited": "yellow", "problem": "red", "missing": "bold red"}
    console = make_console()
    checks = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for column in ("name", "standing", "found"):
        checks.add_column(column, overflow="fold", no_wrap=column != "found")
    for check in diagnosis.checks:
        text = Text(check.found)
        if check.remedy:
            text.append(f"\n-> {check.remedy}", style="bold")
        checks.add_row(check.name, Text(check.standing.value, styles[check.standing.value]), text)
    console.print(checks)
    console.print("\nSupported systems")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in SUPPORT:
        here = "*" if row.system == diagnosis.system else " "
        table.add_row(f"{here} {row.system}", row.level, row.detail)
    console.print(table)
