from __future__ import annotations

import io

from rich.cells import cell_len
from rich.console import Console

from agent_agency.arbitration.ruling import Verdict
from agent_agency.report.try_table import TryRow, render
from support.rulings import HOSTILE


def _text(*rows: TryRow) -> str:
    stream = io.StringIO()
    render(rows, Console(file=stream, width=80))
    return stream.getvalue()


def test_each_branch_is_told_with_what_it_does_its_verdict_and_why() -> None:
    text = _text(
        TryRow("good", "rounds totals", Verdict.APPROVED, "every blocking gate passed"),
        TryRow("leaves-scope", "renames a module", Verdict.REJECTED, "scope_boundary: outside"),
    )
    head, first, second = text.splitlines()
    assert head.split() == ["Branch", "What", "it", "does", "Verdict", "Why"]
    assert first.split() == ["good", "rounds", "totals", "approved", "every", "blocking", "gate", "passed"]
    assert second.split() == ["leaves-scope", "renames", "a", "module", "rejected", "scope_boundary:", "outside"]


def test_the_table_fits_80_columns_whatever_a_reason_says() -> None:
    text = _text(TryRow("b" * 100, "d" * 100, Verdict.CONDITIONAL, HOSTILE * 5))
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert all(char.isprintable() or char == "\n" for char in text)
