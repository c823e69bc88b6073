"""Options that the commands about what judges learn from share: whose store, how many rows, and in which form."""

from __future__ import annotations

from pathlib import Path

import click

MOST = 20

folder_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Whose store; your own outside any repository. Default: here.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, 500), default=MOST, metavar="N", help="Default: 20; 500 at most."
)
