"""``agency gates withhold``: keep tests from whoever makes a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.workflows.withhold import Kept

SCHEMA_VERSION = 1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--gate", default="tests", show_default=True, help="The gate of kind tests that runs them.")
@click.option("--spec", metavar="ID", help="The working spec that they belong to. Default: every change.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def withhold(*, folder: Path, gate: str, spec: str | None, repo: Path, as_json: bool) -> int:
    """Keep the tests in DIR for reviews on this machine, outside of the repository's tree.

    DIR is laid out as the repository is: DIR/tests/test_more.py runs as tests/test_more.py. What is printed goes
    into agency.toml on the base branch; until it is there, nothing is held to these tests.
    """
    from agent_agency.git import Repository
    from agent_agency.workflows.withhold import withhold as keep

    with Repository.discover(repo) as repository:
        kept = keep(repository, folder, gate, spec)
    if as_json:
        _print_json(kept)
    else:
        click.echo(f"# {kept.files} file(s) kept in {kept.folder}; put this into agency.toml on the base branch:")
        click.echo("\n".join(["[[withheld]]", *(f"{key} = {_toml(value)}" for key, value in _table(kept))]))
    return 0


def _table(kept: Kept) -> list[tuple[str, str | int]]:
    item = kept.declaration
    rows: list[tuple[str, str | int]] = [("gate", item.gate), ("digest", item.digest), ("tests", item.tests)]
    return rows if item.spec is None else [("spec", item.spec), *rows]


def _toml(value: str | int) -> str:
    import json

    # a JSON string of printable text is a TOML basic string
    return json.dumps(value, ensure_ascii=True)


def _print_json(kept: Kept) -> None:
    import json

    document = {
        "schema_version": SCHEMA_VERSION,
        "folder": str(kept.folder),
        "files": kept.files,
        "withheld": dict(_table(kept)),
    }
    click.echo(json.dumps(document, indent=2))
