"""The one table that ``agency try`` shows: a branch, what it does, the verdict, and what decided it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent_agency.arbitration.ruling import Verdict
from agent_agency.report.console_output import fit_for_reading
from agent_agency.report.styles import VERDICT_STYLES
from agent_agency.report.text import clean


@dataclass(frozen=True, slots=True)
class TryRow:
    """One example branch: ``does`` says in a few words what it does, ``reason`` what decided the verdict."""

    branch: str
    does: str
    verdict: Verdict
    reason: str


def render(rows: Sequence[TryRow], console: Console) -> None:
    """Print the table, within the console's width."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("Branch", overflow="fold", ratio=3)
    table.add_column("What it does", overflow="fold", ratio=4)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Why", overflow="fold", ratio=6)
    for row in rows:
        verdict = Text(str(row.verdict), VERDICT_STYLES[row.verdict])
        table.add_row(Text(clean(row.branch)), Text(clean(row.does)), verdict, Text(clean(row.reason)))
    with fit_for_reading(console):
        console.print(table, highlight=False)
