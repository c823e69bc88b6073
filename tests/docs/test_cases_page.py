"""The page about cases shows the table that the program follows."""

from __future__ import annotations

from pathlib import Path

from agent_agency.arbitration.cases.transitions import transitions
from agent_agency.config import LawLimits

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "cases.md"
BEGIN, END = "<!-- transitions -->\n", "<!-- end of transitions -->"


def table() -> str:
    rows = [f"| `{state}` | `{event}` | `{after}` |" for (state, event), after in transitions().items()]
    return "\n".join(["| state | event | next state |", "| --- | --- | --- |", *rows]) + "\n"


def test_the_page_shows_every_transition_and_no_other() -> None:
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == table()


def test_the_page_names_the_days_that_the_law_gives_by_default() -> None:
    text = PAGE.read_text("utf-8")
    limits = LawLimits()
    assert f"`case_days` after it was opened ({limits.case_days} unless" in text
    assert f"`condition_days` ({limits.condition_days})" in text
