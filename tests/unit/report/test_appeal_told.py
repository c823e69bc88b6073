"""What became of a measured ruling on appeal stands in every form of report, in the same words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from io import StringIO

import pytest

from agent_agency.arbitration.ruling import Ruling
from agent_agency.cli.console import plain_console
from agent_agency.report import appeal_told, github, html, json_document, junit, markdown, sarif, terminal
from support import rulings

OLD = "RUL-1"
LINE = "RUL-1: rejected; on appeal A-5e1d, level 1: approved (RUL-0000000000000002)"
REASON = "scope_boundary: src/frozen/new.py lies outside"


def replaced() -> Ruling:
    """An approval by an appeal against a rejection."""
    told = rulings.appealed("overturned", ruling_id=OLD, reasons=(REASON,))
    return replace(rulings.approved(), ruling_id="RUL-0000000000000002", appeal_of=OLD, on_appeal=told)


def terminal_text(ruling: Ruling) -> str:
    stream = StringIO()
    terminal.render(ruling, plain_console(stream))
    return stream.getvalue()


def plain(text: str) -> str:
    """The text on one line, without what the forms put around and into it."""
    return " ".join(unescape(text).replace("\u200b", "").split())


FORMS: dict[str, Callable[[Ruling], str]] = {
    "terminal": terminal_text,
    "markdown": markdown.render,
    "html": html.render,
    "github": github.render,
    "junit": junit.render,
    "sarif": sarif.render,
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_shows_the_verdict_of_the_appeal_and_the_reasons_of_both(form: str) -> None:
    text = plain(FORMS[form](replaced())).replace("%3A", ":").replace("%2C", ",")
    assert LINE in text
    assert REASON in text
    assert "every rule" in text or "approved" in text


def test_the_json_document_holds_both_rulings() -> None:
    document = json.loads(json_document.render(replaced()))
    assert (document["verdict"], document["ruling_id"], document["appeal_of"]) == (
        "approved",
        "RUL-0000000000000002",
        OLD,
    )
    measured = {"ruling_id": OLD, "verdict": "rejected", "exit_code": 1, "reasons": [REASON]}
    assert document["on_appeal"]["measured"] == measured


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("filed", f"{OLD}: rejected; appeal A-5e1d, level 1 is open and must be heard by 2026-02-14T00:00:00.000Z"),
        ("upheld", f"{OLD}: rejected; on appeal A-5e1d, level 1, upheld: rejected (RUL-0000000000000002)"),
        ("lapsed", f"{OLD}: rejected; appeal A-5e1d, level 1 lapsed on 2026-02-14T00:00:00.000Z"),
    ],
)
def test_what_changes_no_verdict_is_told_without_doubling_its_reasons(state: str, line: str) -> None:
    told = rulings.appealed(state, ruling_id=OLD, reasons=(REASON,))
    ruling = replace(rulings.rejected(), ruling_id=OLD, on_appeal=told)
    assert appeal_told.on_appeal(ruling)[0].startswith(line)
    assert appeal_told.measured_reasons(ruling) == []
    assert appeal_told.measured_title(ruling) == ""


def test_an_appeal_that_does_not_follow_is_told_as_such() -> None:
    told = rulings.appealed("overturned", ruling_id=OLD, why_not="it heard another case")
    ruling = replace(rulings.rejected(), ruling_id=OLD, on_appeal=told)
    assert "counts for nothing here: it heard another case" in appeal_told.on_appeal(ruling)[0]
