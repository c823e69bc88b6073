"""Rulings of which hardly anything is known still give every report."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from agent_agency.arbitration.ruling import Ruling
from agent_agency.report import github, html, json_document, junit, markdown, sarif, terminal
from support import rulings

_UNKNOWN_SPEC = {"id": "X-1", "path": "x.yaml", "digest": "", "chosen_by": "option"}
SPARSE = {
    "no members": replace(rulings.approved(), spec=None, law={}, base={}, head={}, change={}, budget=None, gates=()),
    "an invalid spec": replace(rulings.conditional(), spec=_UNKNOWN_SPEC, gates=()),
    "an empty change": replace(rulings.approved(), change=rulings.a_change([]), budget=rulings.a_budget(0, 0)),
    "a budget of nothing": replace(rulings.rejected(), budget=rulings.a_budget(1, 1, max_files=0, max_loc=0)),
}


@pytest.mark.parametrize("ruling", list(SPARSE.values()), ids=list(SPARSE))
@pytest.mark.parametrize("form", [json_document, sarif, junit, markdown, github, html])
def test_every_form_is_written(form: object, ruling: Ruling) -> None:
    text = form.render(ruling)  # type: ignore[attr-defined]
    assert str(ruling.decision.verdict) in text.lower()


@pytest.mark.parametrize("ruling", list(SPARSE.values()), ids=list(SPARSE))
@pytest.mark.parametrize("width", [1, 10, 80])
def test_the_text_is_written_on_any_terminal(ruling: Ruling, width: int) -> None:
    stream = io.StringIO()
    terminal.render(ruling, Console(file=stream, width=width))
    assert str(ruling.decision.verdict).upper() in stream.getvalue().replace("\n", "").replace(" ", "")


def test_an_invalid_spec_is_told_as_such() -> None:
    stream = io.StringIO()
    terminal.render(SPARSE["an invalid spec"], Console(file=stream, width=80))
    assert "X-1: not valid\n" in stream.getvalue()


def test_a_budget_of_nothing_is_over_when_anything_is_used() -> None:
    stream = io.StringIO()
    terminal.render(SPARSE["a budget of nothing"], Console(file=stream, width=80))
    assert stream.getvalue().count("OVER by 1") == 2
