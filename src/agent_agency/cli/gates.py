"""``agency gates``: the gates that agency.toml at the base defines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.withhold import withhold

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_agency.gate_settings import ConfiguredGate
    from agent_agency.workflows.gate_definitions import GateDefinitions, Prospect

SCHEMA_VERSION = 1


@click.group()
def gates() -> None:
    """Tell of the gates that agency.toml at the base defines; a review reads them there too."""


gates.add_command(withhold)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
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


@gates.command("list")
@_common
def list_gates(*, base: str | None, repo: Path, as_json: bool) -> int:
    """List the gates, in their order."""
    definitions = _read(repo, base)
    if as_json:
        _print_json(definitions, {"gates": [_row(gate) for gate in definitions.gates]})
    elif not definitions.gates:
        click.echo(f"agency.toml at {_told(definitions)} defines no gates. 'agency init --dry-run' looks for some.")
    else:
        _table([(gate.name, str(gate.kind), _command(gate)) for gate in definitions.gates])
    return 0


@gates.command()
@click.argument("name")
@_common
def explain(*, name: str, base: str | None, repo: Path, as_json: bool) -> int:
    """Say what a gate runs, what it is judged by, and where its failure blocks."""
    definitions = _read(repo, base)
    gate = definitions.named(name)
    if as_json:
        _print_json(definitions, {"gate": _row(gate)})
        return 0
    from agent_agency.workflows.gate_words import in_words

    place = f"agency.toml{f':{gate.line}' if gate.line else ''} at {_told(definitions)}"
    _table([("gate", gate.name), *in_words(gate), ("defined in", place)])
    return 0


@gates.command()
@_common
def doctor(*, base: str | None, repo: Path, as_json: bool) -> int:
    """Say whether each gate could run here: its program, and how it would be kept apart.

    Exit code: 0 when all could, 1 when something needs mending, 2 when a program is missing.
    """
    from agent_agency.git import Repository
    from agent_agency.sandbox.probe import probe
    from agent_agency.workflows.gate_definitions import exit_code, prospects, read_definitions

    with Repository.discover(repo) as repository:
        definitions = read_definitions(repository, base)
        found = prospects(repository, definitions, os.environ, probe)
    code = exit_code(found)
    if as_json:
        rows = [
            {"name": row.name, "standing": str(row.standing), "found": row.found, "remedy": row.remedy or None}
            for row in found
        ]
        _print_json(definitions, {"exit_code": code, "checks": rows})
    elif not found:
        click.echo(f"agency.toml at {_told(definitions)} defines no gates, so there is nothing to run.")
    else:
        _show(found)
    return code


def _read(repo: Path, base: str | None) -> GateDefinitions:
    from agent_agency.git import Repository
    from agent_agency.workflows.gate_definitions import read_definitions

    with Repository.discover(repo) as repository:
        return read_definitions(repository, base)


def _print_json(definitions: GateDefinitions, members: dict[str, Any]) -> None:
    import json

    base = {"ref": definitions.ref, "commit": definitions.commit}
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "base": base, **members}, indent=2))


def _row(gate: ConfiguredGate) -> dict[str, Any]:
    return {
        "name": gate.name,
        "kind": str(gate.kind),
        "argv": list(gate.argv),
        "report": gate.report,
        "format": gate.format,
        "threshold": {str(tier): amount for tier, amount in sorted(gate.threshold.items())},
        "blocking": list(gate.blocking),
        "timeout_s": gate.timeout_s,
        "network": gate.network,
        "environment": list(gate.environment),
        "when": list(gate.when),
        "line": gate.line,
    }


def _told(definitions: GateDefinitions) -> str:
    from agent_agency.facts import display_path

    return f"{display_path(definitions.ref)} ({definitions.commit[:12]})"


def _command(gate: ConfiguredGate) -> str:
    import shlex

    return shlex.join(gate.argv)


def _table(rows: list[tuple[str, ...]]) -> None:
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


def _show(found: tuple[Prospect, ...]) -> None:
    _table([(row.name, str(row.standing), f"{row.found}{f'; {row.remedy}' if row.remedy else ''}") for row in found])
