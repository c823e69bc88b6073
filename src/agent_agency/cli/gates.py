"""``agency gates``: the gates that agency.toml at the base defines."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.gate_output import common_options, print_columns, print_json, told_base
from agent_agency.cli.gates_run import run
from agent_agency.cli.withhold import withhold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent_agency.gate_settings import ConfiguredGate
    from agent_agency.workflows.gate_definitions import GateDefinitions, Prospect


@click.group()
def gates() -> None:
    """Tell of the gates that agency.toml at the base defines, and run them; a review reads them there too."""


gates.add_command(run)
gates.add_command(withhold)


@gates.command("list")
@common_options
def list_gates(*, base: str | None, repo: Path, as_json: bool) -> int:
    """List the gates, in their order."""
    definitions = _read(repo, base)
    if as_json:
        config = definitions.config
        setup = None if config.setup is None else asdict(config.setup)
        rows = [_row(gate) for gate in definitions.gates]
        print_json(definitions, {"gates": rows, "setup": setup, "readable": list(config.readable)})
    elif not definitions.gates:
        click.echo(f"agency.toml at {told_base(definitions)} defines no gates. 'agency init --dry-run' looks for some.")
    else:
        print_columns([(gate.name, str(gate.kind), _command(gate)) for gate in definitions.gates])
        _tell_what_they_need(definitions)
    return 0


@gates.command()
@click.argument("name")
@common_options
def explain(*, name: str, base: str | None, repo: Path, as_json: bool) -> int:
    """Say what a gate runs, what it is judged by, and where its failure blocks."""
    definitions = _read(repo, base)
    gate = definitions.named(name)
    if as_json:
        print_json(definitions, {"gate": _row(gate)})
        return 0
    from agent_agency.workflows.gate_words import in_words

    place = f"agency.toml{f':{gate.line}' if gate.line else ''} at {told_base(definitions)}"
    print_columns([("gate", gate.name), *in_words(gate), ("defined in", place)])
    return 0


@gates.command()
@common_options
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
        print_json(definitions, {"exit_code": code, "checks": rows})
    elif not found:
        click.echo(f"agency.toml at {told_base(definitions)} defines no gates, so there is nothing to run.")
    else:
        _show(found)
    return code


def _tell_what_they_need(definitions: GateDefinitions) -> None:
    """What all gates get beside their own settings; nothing where nothing is defined."""
    from agent_agency.facts import display_path
    from agent_agency.workflows.gate_words import setup_in_words

    config = definitions.config
    if config.setup is not None:
        click.echo(f"\nset-up: {display_path(setup_in_words(config.setup))}")
    if config.readable:
        click.echo(f"\nreadable to all: {display_path(', '.join(config.readable))}")


def _read(repo: Path, base: str | None) -> GateDefinitions:
    from agent_agency.git import Repository
    from agent_agency.workflows.gate_definitions import read_definitions

    with Repository.discover(repo) as repository:
        return read_definitions(repository, base)


def _row(gate: ConfiguredGate) -> dict[str, Any]:
    return {
        "name": gate.name,
        "kind": str(gate.kind),
        "argv": list(gate.argv),
        "shell": gate.shell,
        "report": gate.report,
        "format": gate.format,
        "threshold": _by_tier(gate.threshold),
        "changed_threshold": _by_tier(gate.changed_threshold),
        "budget": dict(gate.budget),
        "ratchet": gate.ratchet,
        "blocking": list(gate.blocking),
        "timeout_s": gate.timeout_s,
        "limits": {key: value for key, value in asdict(gate.limits).items() if value is not None},
        "network": gate.network,
        "environment": list(gate.environment),
        "needs": list(gate.needs),
        "when": list(gate.when),
        "line": gate.line,
    }


def _by_tier(amounts: Mapping[int, float]) -> dict[str, float]:
    return {str(tier): amount for tier, amount in sorted(amounts.items())}


def _command(gate: ConfiguredGate) -> str:
    import shlex

    return gate.argv[0] if gate.shell else shlex.join(gate.argv)


def _show(found: tuple[Prospect, ...]) -> None:
    print_columns(
        [(row.name, str(row.standing), f"{row.found}{f'; {row.remedy}' if row.remedy else ''}") for row in found]
    )
