"""Versions of prompts for people: lists, one version, and how two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.report.console_output import fit_for_reading
from agent_agency.report.text import clean, clean_lines

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_DIGEST = len("sha256:") + 12
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_versions(console: Console, judges: Sequence[Mapping[str, Any]], *, history: bool) -> None:
    """What there is of each judge; with ``history``, every act too."""
    from rich.text import Text

    with fit_for_reading(console):
        for one in judges:
            console.print(clean(one["judge"]), style="bold", soft_wrap=True)
            for version in one["versions"]:
                line = Text(f"  {version['version']:>3}  {clean(version['digest'][:SHOWN_DIGEST])}  ")
                line.append("active" if version["active"] else "      ", style="green")
                line.append("  ".join(["", *(clean(text) for text in (version["at"], version["note"]) if text)]))
                console.print(line, soft_wrap=True)
            for act in one["history"] if history else ():
                told = f"  {act['at']}  {act['act']} to version {act['version']} by {clean(act['who'])}"
                console.print(f"{told}: {clean(act['reason'])}", soft_wrap=True)


def show_prompt(console: Console, one: Mapping[str, Any]) -> None:
    """One version: its instructions and what its demonstrations are about."""
    prompt = one["document"]["prompt"]
    with fit_for_reading(console):
        active = ", active" if one["active"] else ""
        console.print(f"{clean(one['judge'])} version {one['version']}{active}, {one['digest']}", soft_wrap=True)
        for line in clean_lines(prompt["instructions"]):
            console.print(f"  {line}", soft_wrap=True)
        shown = prompt["demonstrations"]
        console.print(f"{len(shown)} {'demonstration' if len(shown) == 1 else 'demonstrations'}", soft_wrap=True)
        for each in shown:
            console.print(f"  {clean(each['subject']['id'])}: {each['answer']['verdict']}", soft_wrap=True)


def show_differences(console: Console, told: Mapping[str, Any]) -> None:
    """How two versions differ."""
    with fit_for_reading(console):
        if told["same_prompt"]:
            console.print("both ask the same", soft_wrap=True)
        for line in told["instructions"]:
            console.print(clean(line), style=_STYLES.get(line[:1]), soft_wrap=True)
        shown = told["demonstrations"]
        for sign, name in (("+", "added"), ("-", "removed")):
            for one in shown[name]:
                console.print(f"{sign} {_demonstration(one)}", style=_STYLES[sign], soft_wrap=True)
        if shown["added"] or shown["removed"] or shown["reordered"]:
            order = ", in another order" if shown["reordered"] else ""
            console.print(f"{shown['kept']} demonstrations kept{order}", soft_wrap=True)
        for name in told["changed"]:
            console.print(f"{name} differ (see --json)", soft_wrap=True)


def _demonstration(one: Mapping[str, Any]) -> str:
    score = "" if one["score"] is None else f" {one['score']:.2f}"
    return f"demonstration {clean(one['subject'])}: {one['verdict']}{score}"
