"""The law of a ruling, drawn: what each rule says, what the repository weakened, the case, the precedents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.arbitration.ruling import Ruling
from agent_agency.gates.outcome import counted
from agent_agency.report import appeal_told, rules_told
from agent_agency.report.html.markup import Markup, el, join, prose
from agent_agency.report.rule_rows import TOLD, RuleRow, RuleStanding
from agent_agency.report.text import clean_lines

MAX_LISTED = 500

_PILLS = {
    RuleStanding.VIOLATED: "o-fail",
    RuleStanding.UNKNOWN: "o-not_run",
    RuleStanding.WAIVED: "o-waived",
    RuleStanding.ADVISES: "sev-advice",
    RuleStanding.SATISFIED: "o-pass",
    RuleStanding.NOT_APPLICABLE: "o-left_out",
}


def rules(ruling: Ruling, rows: Sequence[RuleRow]) -> Markup | None:
    """What stands in the way in a table, what is satisfied or does not apply folded below it."""
    if not rows and not ruling.constitution:
        return None
    titles = rules_told.titles(ruling)
    told = [row for row in rows if row.standing in TOLD]
    rest = [row for row in rows if row.standing not in TOLD]
    note = rules_told.constitution_note(ruling)
    return join(
        el("p", rules_told.rules_and_constitution(ruling, rows), class_="quiet rules-tally"),
        el("p", note) if note else None,
        _table(told, titles) if told else None,
        _weakened(ruling),
        _folded(rest, titles),
    )


def case(ruling: Ruling) -> Markup | None:
    """The case of the ruling and what it waits for."""
    told, waits = rules_told.case(ruling), rules_told.case_conditions(ruling)
    appeal = appeal_told.on_appeal(ruling)
    if not told and not appeal:
        return None
    heard = join(el("p", "On appeal", class_="subhead"), _list(appeal)) if appeal else None
    listed = join(el("p", "It waits for", class_="subhead"), _list(waits)) if waits else None
    return join(el("p", told) if told else None, heard, listed)


def measured_before(ruling: Ruling) -> Markup | None:
    """Why the review itself came to another ruling than the one that an appeal put in its place."""
    reasons = appeal_told.measured_reasons(ruling)
    return _list(reasons) if reasons else None


def precedents(ruling: Ruling) -> Markup | None:
    """The precedents that are cited, each with the facts that agree and differ."""
    if not ruling.precedents:
        return None
    shown = ruling.precedents[:MAX_LISTED]
    return join(
        el("p", "They never change the verdict.", class_="quiet"), el("ul", map(_precedent, shown), class_="cards")
    )


def _precedent(citation: Mapping[str, Any]) -> Markup:
    lines = [el("p", line, class_="quiet") for line in rules_told.precedent_facts(citation)]
    return el("li", el("p", rules_told.precedent_head(citation)), lines, class_="finding s-advises")


def _weakened(ruling: Ruling) -> Markup | None:
    found = rules_told.weakened(ruling)
    if not found:
        return None
    return join(el("p", "Default rules that this repository weakened", class_="subhead"), _list(found))


def _folded(rows: Sequence[RuleRow], titles: Mapping[str, str]) -> Markup | None:
    if not rows:
        return None
    summary = el("summary", f"What is satisfied or does not apply: {counted(len(rows), 'answer')}")
    return el("details", summary, _table(rows, titles), class_="fold")


def _table(rows: Sequence[RuleRow], titles: Mapping[str, str]) -> Markup:
    head = el("tr", [el("th", title, scope="col") for title in ("Result", "Rule", "What it says")])
    body = [_row(row, titles.get(row.outcome.rule, "")) for row in rows[:MAX_LISTED]]
    more = len(rows) - len(body)
    rest = el("p", f"and {counted(more, 'more answer')}; the JSON document lists all", class_="quiet")
    table = el("table", el("thead", head), el("tbody", body), class_="gates")
    return join(el("div", table, class_="wide"), rest if more > 0 else None)


def _row(row: RuleRow, title: str) -> Markup:
    message = rules_told.message(row) if row.standing in TOLD else title
    about = rules_told.clause(row.outcome, message)
    return el(
        "tr",
        el("td", el("span", rules_told.standing_word(row.standing), class_=f"pill {_PILLS[row.standing]}")),
        el("th", el("code", about), el("p", rules_told.kind(row), class_="quiet"), scope="row"),
        el(
            "td",
            el("p", prose(message)) if message else None,
            el("p", title, class_="quiet") if title and title != message else None,
            _remedy(row),
            _facts(row),
        ),
    )


def _remedy(row: RuleRow) -> Markup | None:
    """What mends it, where no finding or condition of the page says so."""
    if row.by_gate or not row.outcome.remedy or row.standing not in {RuleStanding.VIOLATED, RuleStanding.ADVISES}:
        return None
    lines = [el("p", prose(line)) for line in clean_lines(row.outcome.remedy)]
    return el("div", el("strong", "Fix"), el("div", lines), class_="remedy")


def _facts(row: RuleRow) -> Markup | None:
    lines = [*rules_told.facts(row.outcome), *(f"evidence {digest}" for digest in rules_told.evidence(row.outcome))]
    if not lines:
        return None
    body = el("ul", [el("li", el("code", line)) for line in lines], class_="plain")
    return el("details", el("summary", counted(len(lines), "fact")), body, class_="more")


def _list(lines: Sequence[str]) -> Markup:
    return el("ul", [el("li", line) for line in lines], class_="plain")
