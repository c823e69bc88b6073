"""Findings as cards, and the list of all of them that a little script can filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from agent_agency.gates.outcome import counted
from agent_agency.report import facts_told as told
from agent_agency.report.html.markup import Markup, el, join, prose
from agent_agency.report.rows import FindingRow, Standing
from agent_agency.report.text import clean_lines

MAX_LISTED = 500

_STANDING_WORDS = {
    Standing.DECIDES: "blocking",
    Standing.WAIVED: "waived",
    Standing.WARNS: "warning",
    Standing.ADVISES: "advice",
    Standing.LEFT_OUT: "left out",
}


def finding_card(row: FindingRow, *, filterable: bool = False) -> Markup:
    """One finding: how much it weighs, where it is, what is wrong, what mends it."""
    finding = row.finding
    where = told.place(finding)
    waived = f"waived by {row.waived_by}" if row.waived_by else _STANDING_WORDS[row.standing]
    return el(
        "li",
        el(
            "p",
            el("span", str(finding.severity), class_=f"pill sev-{finding.severity}"),
            el("code", finding.rule, class_="rule"),
            el("span", waived, class_="quiet") if filterable or row.waived_by else None,
            class_="finding-head",
        ),
        el("p", el("code", where) if where else "the change as a whole", class_="place"),
        el("p", prose(finding.message), class_="message"),
        _remedy(finding.remedy) if finding.remedy and not row.waived_by else None,
        class_=f"finding s-{row.standing}",
        data_standing=str(row.standing) if filterable else None,
        data_severity=str(finding.severity) if filterable else None,
        data_gate=row.gate if filterable else None,
    )


def findings_list(rows: Sequence[FindingRow], prefix: str) -> Markup | None:
    """All findings, folded, with filters that appear only where a script runs."""
    if not rows:
        return None
    shown = rows[:MAX_LISTED]
    cards = [finding_card(row, filterable=True) for row in shown]
    rest = len(rows) - len(shown)
    more = el("p", f"and {counted(rest, 'more finding')}; the JSON document lists all", class_="quiet")
    body = join(_filters(shown, prefix), el("ol", cards, class_="cards"), more if rest > 0 else None)
    counts = Counter(_STANDING_WORDS[row.standing] for row in rows)
    summary = ", ".join(f"{number:,} {word}" for word, number in counts.items())
    return el("details", el("summary", counted(len(rows), "finding"), ": ", summary), body, class_="fold")


def _filters(rows: Sequence[FindingRow], prefix: str) -> Markup:
    return el(
        "form",
        el("label", "Search", el("input", type="search", name="q", placeholder="rule, path, words")),
        _select("Effect", "standing", [(str(key), word) for key, word in _STANDING_WORDS.items()]),
        _select("Severity", "severity", [(name, name) for name in _present(row.finding.severity for row in rows)]),
        _select("Gate", "gate", [(name, name) for name in _present(row.gate for row in rows)]),
        el("output", counted(len(rows), "finding"), aria_live="polite"),
        class_="filters",
        id=f"{prefix}filters",
        hidden=True,
    )


def _present(names: Iterable[str]) -> list[str]:
    return sorted({str(name) for name in names})


def _select(label: str, name: str, options: Sequence[tuple[str, str]]) -> Markup:
    every = el("option", "all", value="")
    return el("label", label, el("select", every, [el("option", word, value=key) for key, word in options], name=name))


def _remedy(text: str) -> Markup:
    lines = clean_lines(text)
    return el("div", el("strong", "Fix"), el("div", [el("p", prose(line)) for line in lines]), class_="remedy")
