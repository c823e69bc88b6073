"""How precedents are shown on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.facts import display_path

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Mapping[str, str] = {
    "in_force": "green",
    "proposed": "yellow",
    "dormant": "yellow",
    "overruled": "red",
    "superseded": "red",
    "void": "red",
}


def show_line(console: Console, one: Mapping[str, Any]) -> None:
    """One precedent in two lines: how it stands, what was ruled, what it holds."""
    from rich.text import Text

    line = Text(f"{one['id']} ")
    line.append(one["status"].replace("_", " "), style=_STYLES[one["status"]])
    score = f"  {one['comparison']['score']:.2f} alike" if one["comparison"] else ""
    line.append(f"  {one['verdict'] or 'no verdict'} in {one['ruling'] or 'no ruling'}{score}")
    console.print(line, soft_wrap=True)
    console.print(f"  {display_path(one['holding']) or 'no promotion of it counts'}", soft_wrap=True)
    for text in _compared(one["comparison"] or {}):
        console.print(f"  {text}", soft_wrap=True)


def show_whole(console: Console, one: Mapping[str, Any]) -> None:
    """Everything about one precedent."""
    show_line(console, one)
    for name, text in _terms(one):
        console.print(f"  {name:<14} {text}", soft_wrap=True)


def show_check(console: Console, told: Mapping[str, Any]) -> None:
    """What a check found."""
    index = told["index"]
    console.print(f"{told['precedents']} precedents, {told['in_force']} in force", soft_wrap=True)
    state = "follows the ledger" if index["same"] else "does NOT follow the ledger: run agency precedent reindex"
    console.print(f"index: {index['rows']} of {index['expected']}, {state}", soft_wrap=True)
    for one, other in told["contradictions"]:
        console.print(f"contradiction: {one} and {other} are near-equal, and hold or were ruled otherwise")
    for trouble in (*told["troubles"], *told["notes"]):
        console.print(f"{trouble['precedent']}: {display_path(trouble['what'])}", soft_wrap=True)


def _compared(comparison: Mapping[str, Any]) -> Iterator[str]:
    if not comparison:
        return
    agree = [f"{one['fact']}={one['value']}" for one in comparison["agree"]]
    yield f"agree: {', '.join(map(display_path, agree))}"
    for one in comparison["differ"]:
        yield f"differ: {one['fact']}: here {_values(one['here'])}, there {_values(one['there'])}"


def _terms(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    signed = _values(one["promoted_by"])
    yield "promoted by", f"{signed} ({len(one['promoted_by'])} of {one['promotions_needed']}), entry {one['entry']}"
    used = one["usage"]
    yield "cited", f"{used['cited']}: " + ", ".join(f"{used[name]} {name}" for name in list(used)[1:])
    if one["overruled_by_persons"]:
        state = f"by {one['overruled_by']}" if one["overruled_by"] else "not yet: too few have signed it"
        yield "overruled", f"{state} ({_values(one['overruled_by_persons'])}): {display_path(one['overruling_reason'])}"
    for told in one["distinguished"]:
        facts = "; ".join(f"{f['fact']}: {_values(f['here'])}, not {_values(f['there'])}" for f in told["because"])
        yield "distinguished", f"{told['ruling']} by {told['by']}: {facts}"
    for other in one["contradicts"]:
        yield "contradicts", f"{other}, which is near-equal and holds or was ruled otherwise"
    for told in one["ignored"]:
        yield "ignored", f"entry {told['entry']} ({told['kind']}): {display_path(told['why'])}"
    for key, values in (one["facts"] or {}).items():
        yield key, _values(values)


def _values(values: Sequence[str]) -> str:
    return ", ".join(map(display_path, values)) or "nothing"
