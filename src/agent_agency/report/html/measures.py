"""What was measured, drawn: the budget, the files of the change, the size of each edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.facts import display_path
from agent_agency.gates.outcome import counted
from agent_agency.report import facts_told as told
from agent_agency.report.html.markup import Markup, el, join

MAX_FILES = 500

_LETTERS = {
    "added": "A",
    "deleted": "D",
    "modified": "M",
    "renamed": "R",
    "copied": "C",
    "type_changed": "T",
}


def budget(limits: Mapping[str, Any] | None) -> Markup | None:
    """A bar per limit; what is over the limit is drawn beyond a mark."""
    if limits is None:
        return None
    bars = [_meter(meter) for meter in told.meters(limits)]
    notes = [el("p", note, class_="quiet") for note in told.budget_notes(limits)]
    return join(el("div", bars, class_="meters"), notes)


def _meter(meter: told.Meter) -> Markup:
    whole = max(meter.used, meter.limit, 1)
    used = min(meter.used, meter.limit) / whole
    over = max(meter.used - meter.limit, 0) / whole
    word = f"over by {meter.used - meter.limit:,}" if meter.is_over else f"{meter.limit - meter.used:,} left"
    bar = el(
        "svg",
        el("rect", width="100%", height="100%", class_="track"),
        el("rect", width=_percent(used), height="100%", class_="used"),
        el("rect", x=_percent(used), width=_percent(over), height="100%", class_="over") if over else None,
        el("rect", x=_percent(meter.limit / whole), width="2", height="100%", class_="mark") if over else None,
        class_="bar",
        role="img",
        aria_label=f"{meter.used:,} of {meter.limit:,} {meter.name}",
    )
    line = el(
        "p",
        el("strong", meter.name),
        el("span", f"{meter.used:,} of {meter.limit:,}", class_="mono"),
        el("span", word, class_="pill o-fail" if meter.is_over else "quiet"),
    )
    return el("div", line, bar, class_="meter")


def change(measured: Mapping[str, Any]) -> Markup | None:
    """The files with their added and deleted lines, then what is told apart."""
    files = measured.get("files_changed") or ()
    shown = files[:MAX_FILES]
    most = max((_lines(file) for file in shown), default=0)
    rows = [_file(file, most) for file in shown]
    rest = len(files) - len(shown)
    groups = (
        ("Edits to what governs the change", told.governance(measured)),
        ("Not counted", told.excluded(measured)),
        ("Notes", told.notes(measured)),
    )
    lists = [_list(title, lines) for title, lines in groups if lines]
    if not rows and not lists:
        return None
    table = el("table", el("thead", _file_head()), el("tbody", rows), class_="files") if rows else None
    more = el("p", f"and {counted(rest, 'more file')}; the JSON document lists all", class_="quiet")
    return join(el("div", table, class_="wide"), more if rest > 0 else None, lists)


def minimality(measured: Mapping[str, Any]) -> Markup | None:
    """How large each edit is beside what it edits."""
    rows = (measured.get("minimality") or {}).get("files") or ()
    if not rows:
        return None
    body = [
        el(
            "tr",
            el("th", el("code", display_path(str(row.get("path")))), scope="row"),
            el("td", _ratio(row.get("ratio")), class_="draw"),
            el("td", told.minimality_of(row)),
        )
        for row in rows[:MAX_FILES]
    ]
    titles = (("File", None), ("Share", "draw"), ("Edited, of the whole", None))
    head = el("tr", [el("th", title, scope="col", class_=kind) for title, kind in titles])
    rest = len(rows) - len(body)
    more = el("p", f"and {counted(rest, 'more file')}; the JSON document lists all", class_="quiet")
    table = el("table", el("thead", head), el("tbody", body), class_="files")
    return join(el("div", table, class_="wide"), more if rest > 0 else None)


def _file_head() -> Markup:
    titles = (("Status", "vh"), ("File", None), ("Added", None), ("Deleted", None), ("Balance", "vh"))
    cells = [
        el("th", el("span", title, class_=hidden), scope="col", class_="num" if title in {"Added", "Deleted"} else None)
        for title, hidden in titles
    ]
    return el("tr", cells)


def _file(file: Mapping[str, Any], most: int) -> Markup:
    status = str(file.get("status"))
    path, old = display_path(str(file.get("path"))), file.get("old_path")
    added, deleted = told.file_lines(file)
    came = [el("span", display_path(str(old)), class_="old"), " \N{RIGHTWARDS ARROW} "] if old and old != path else None
    marks = [el("span", mark, class_="mark-chip") for mark in told.file_marks(file)]
    return el(
        "tr",
        el("td", el("span", _LETTERS.get(status, "?"), class_=f"letter l-{status}", title=status)),
        el("th", el("code", came, path), el("span", status, class_="vh"), marks, scope="row"),
        el("td", added, class_="num plus"),
        el("td", deleted, class_="num minus"),
        el("td", _balance(file, most), class_="draw"),
    )


def _balance(file: Mapping[str, Any], most: int) -> Markup | None:
    if not _lines(file):
        return None
    added, deleted = (int(file.get(key) or 0) / most for key in ("added", "deleted"))
    return el(
        "svg",
        el("rect", width=_percent(added), height="100%", class_="plus"),
        el("rect", x=_percent(added), width=_percent(deleted), height="100%", class_="minus"),
        class_="bar thin",
        aria_hidden="true",
        focusable="false",
    )


def _ratio(ratio: object) -> Markup | None:
    if not isinstance(ratio, (int, float)):
        return None
    return el(
        "svg",
        el("rect", width="100%", height="100%", class_="track"),
        el("rect", width=_percent(min(max(ratio, 0.0), 1.0)), height="100%", class_="used"),
        class_="bar thin",
        aria_hidden="true",
        focusable="false",
    )


def _list(title: str, lines: Sequence[str]) -> Markup:
    shown = lines[:MAX_FILES]
    rest = len(lines) - len(shown)
    items = [el("li", line) for line in shown]
    return join(
        el("p", title, class_="subhead"),
        el("ul", items, el("li", f"and {rest:,} more") if rest > 0 else None, class_="plain"),
    )


def _lines(file: Mapping[str, Any]) -> int:
    return int(file.get("added") or 0) + int(file.get("deleted") or 0)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"
