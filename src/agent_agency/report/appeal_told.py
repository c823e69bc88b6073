"""What became of a measured ruling on appeal, told in the same words by every form of report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent_agency.arbitration.ruling import Ruling
from agent_agency.report.text import clean


def on_appeal(ruling: Ruling) -> list[str]:
    """What a ruling follows from, or one line from the measured ruling over each level to the one that stands."""
    told = ruling.on_appeal
    if not told:
        return [clean(f"a new hearing of {ruling.appeal_of}")] if ruling.appeal_of else []
    measured = told["measured"]
    steps = [f"{measured['ruling_id']}: {measured['verdict']}", *map(_step, told["appeals"])]
    return [clean("; ".join(steps))]


def measured_reasons(ruling: Ruling) -> list[str]:
    """Why the review itself came to another ruling than the one that stands after the appeal; else nothing."""
    return [clean(reason) for reason in _replaced(ruling).get("reasons") or ()]


def measured_title(ruling: Ruling) -> str:
    """The heading of those reasons."""
    measured = _replaced(ruling)
    return clean(f"Measured before the appeal: {measured['verdict']} ({measured['ruling_id']})") if measured else ""


def all_lines(ruling: Ruling) -> Iterator[str]:
    """Both, for forms that know no headings."""
    for line in on_appeal(ruling):
        yield f"appeal: {line}"
    for reason in measured_reasons(ruling):
        yield f"measured before the appeal: {reason}"


def _replaced(ruling: Ruling) -> Mapping[str, Any]:
    measured: Mapping[str, Any] = (ruling.on_appeal or {}).get("measured") or {}
    return measured if measured.get("ruling_id") != ruling.ruling_id else {}


def _step(appeal: Mapping[str, Any]) -> str:
    which = f"appeal {appeal['id']}, level {appeal['level']}"
    if appeal["why_not"]:
        return f"{which} was decided and counts for nothing here: {appeal['why_not']}"
    if appeal["counts"]:
        held = ", upheld" if appeal["outcome"] == "upheld" else ""
        return f"on {which}{held}: {appeal['verdict']} ({appeal['ruling']})"
    if appeal["state"] == "lapsed":
        return f"{which} lapsed on {appeal['due']}, and the ruling stands"
    return f"{which} is open and must be heard by {appeal['due']}; until then the ruling stands"
