"""How waivers are shown on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.facts import display_path

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Mapping[str, str] = {
    "approved": "green",
    "pending": "yellow",
    "denied": "red",
    "revoked": "red",
    "expired": "dim",
    "used_up": "dim",
}


def show_terms(console: Console, waiver: Mapping[str, Any]) -> None:
    """What a waiver is for, so that nobody signs what they have not seen."""
    for name, text in _terms(waiver):
        console.print(f"  {name:<10} {text}", soft_wrap=True)


def _terms(waiver: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, name in (("gates", "gates"), ("rules", "rules")):
        if waiver[key]:
            yield name, _names(waiver[key])
    if waiver["spec"] is not None:
        yield "spec", display_path(waiver["spec"])
    if waiver["paths"]:
        yield "paths", _names(waiver["paths"])
    if waiver["spec"] is None and not waiver["paths"]:
        yield "bounds", "none: it is for every change"
    if waiver["delta"]:
        yield "adds", f"{waiver['delta']['files']} files, {waiver['delta']['lines']} lines to the budget"
    yield "uses", f"{waiver['uses']} of {waiver['max_uses'] or 'any number'}"
    yield "until", waiver["expires_at"]
    yield "asked by", display_path(waiver["requester"]) if waiver["requester"] else "the file does not say"
    yield "reason", display_path(" ".join(waiver["reason"].split()))
    yield "digest", waiver["digest"]


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(display_path, names))


def show_standing(console: Console, waiver: Mapping[str, Any]) -> None:
    """The id and state on one line, with the reason."""
    from rich.text import Text

    line = Text(f"{waiver['id']} ")
    line.append(waiver["state"].replace("_", " ").upper(), style=_STYLES[waiver["state"]])
    line.append(f"  {display_path(waiver['why'])}" if waiver["why"] else "")
    console.print(line, soft_wrap=True)


def show_decisions(console: Console, waiver: Mapping[str, Any]) -> None:
    """Each approval with why it does not count, what ended the waiver, and what was no act at all."""
    if waiver["approvals"] == "stated":
        who = _names(waiver["approved_by"]) or "nobody"
        console.print(f"\n  approved by {who}, as the file says; nobody signed it", soft_wrap=True)
        return
    if waiver["decisions"] or waiver["discarded"]:
        console.print()
    for act in waiver["decisions"]:
        told = {"approve": "approved it", "deny": "denied it", "revoke": "revoked it"}[act["decision"]]
        why = "" if act["counts"] else f"; counts for nothing: {display_path(act['why'])}"
        note = f" - {display_path(' '.join(act['note'].split()))}" if act["note"] else ""
        console.print(f"  {act['principal']} {told} at {act['at']} ({act['where']}){why}{note}", soft_wrap=True)
    for one in waiver["discarded"]:
        console.print(f"  {display_path(one['where'])} counts for nothing: {display_path(one['why'])}", soft_wrap=True)
    if waiver["state"] == "pending":
        console.print(f"\n  {_waits(waiver)}", soft_wrap=True)


def _waits(waiver: Mapping[str, Any]) -> str:
    number = waiver["missing"]
    return f"{number} more approver{'s' if number != 1 else ''} must sign: agency waiver approve {waiver['id']}"


def show_list(console: Console, waivers: Sequence[Mapping[str, Any]]) -> None:
    """One line for each waiver."""
    from rich.text import Text

    for waiver in waivers:
        line = Text(f"{waiver['id']:<8} ")
        line.append(f"{waiver['state'].replace('_', ' '):<9}", style=_STYLES[waiver["state"]])
        what = _names([*waiver["gates"], *waiver["rules"]])
        where = display_path(waiver["spec"] or "") or _names(waiver["paths"]) or "every change"
        line.append(f" {what} for {where}, until {waiver['expires_at'][:10]}")
        line.append(f"  {len(waiver['approved_by'])}/{waiver['quorum']} {waiver['approvals']}", style="dim")
        console.print(line, soft_wrap=True)
