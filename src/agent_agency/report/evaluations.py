"""Evaluations and labels for people: one line each, and sums by version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.report.console_output import fit_for_reading
from agent_agency.report.text import clean, clean_lines

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_ID = len("E-") + 12
SHOWN_DIGEST = len("sha256:") + 12
_STYLES: Mapping[str, str] = {"pass": "green", "partial": "yellow", "fail": "red", "abstain": "dim"}
_WIDEST = max(map(len, _STYLES))


def short_digest(digest: str) -> str:
    """The beginning of a digest, as people are shown it."""
    return clean(digest[:SHOWN_DIGEST])


def show_evaluations(console: Console, records: Sequence[Mapping[str, Any]], following: str | None) -> None:
    """A page of evaluations."""
    with fit_for_reading(console):
        for one in records:
            _print(console, one["verdict"], _evaluation_line(one))
        if not records:
            console.print("no evaluation found")
        if following is not None:
            console.print(f"more: --after {following[:SHOWN_ID]}", style="dim")


def show_evaluation(console: Console, one: Mapping[str, Any]) -> None:
    """All of one evaluation."""
    with fit_for_reading(console):
        for name, text in _members(one):
            console.print(f"{name:<12} {text}", soft_wrap=True)


def show_labels(console: Console, records: Sequence[Mapping[str, Any]], following: str | None) -> None:
    """A page of labels."""
    with fit_for_reading(console):
        for one in records:
            _print(console, one["verdict"], _label_line(one))
        if not records:
            console.print("no label found")
        if following is not None:
            console.print(f"more: --after {following[:SHOWN_ID]}", style="dim")


def show_statistics(console: Console, told: Mapping[str, Any]) -> None:
    """Sums by version of a judge, and what labels there are."""
    with fit_for_reading(console):
        for one in told["versions"]:
            console.print(_version_line(one), soft_wrap=True)
        for one in told["labels"]:
            line = f"{clean(one['judge'])}: {one['labels']:,} labels {one['verdict']} by {one['source']}"
            console.print(line, soft_wrap=True)
        console.print(f"{told['evaluations']:,} evaluations", soft_wrap=True)


def _print(console: Console, verdict: str, parts: tuple[str, str]) -> None:
    from rich.text import Text

    line = Text(f"{parts[0]}  ")
    line.append(f"{verdict:<{_WIDEST}}", style=_STYLES[verdict])
    line.append(f"  {parts[1]}".rstrip())
    console.print(line, soft_wrap=True)


def _evaluation_line(one: Mapping[str, Any]) -> tuple[str, str]:
    score = "    " if one["score"] is None else f"{one['score']:.2f}"
    label = f"  labelled {one['label']['verdict']} ({one['label']['source']})" if one["label"] else ""
    why = f"  {clean(one['abstained_because'])}" if one["abstained_because"] else ""
    told = f"{score}  {clean(one['judge'])} {short_digest(one['version'])}{why}{label}"
    return f"{one['id'][:SHOWN_ID]}  {one['at']}", told


def _label_line(one: Mapping[str, Any]) -> tuple[str, str]:
    score = "    " if one["score"] is None else f"{one['score']:.2f}"
    about = f"{clean(one['judge'])} {short_digest(one['subject'])}"
    told = f"{score}  {about}  {one['source']} {clean(one['who'])}{'' if one['in_force'] else '  not in force'}"
    return f"{one['id'][:SHOWN_ID]}  {one['at']}", told


def _version_line(one: Mapping[str, Any]) -> str:
    verdicts = ", ".join(f"{sums['evaluations']:,} {verdict}" for verdict, sums in sorted(one["verdicts"].items()))
    accuracy = f"; right in {one['right']:,} of {one['decided']:,} labelled" if one["decided"] else ""
    return f"{clean(one['judge'])} {short_digest(one['version'])}: {one['evaluations']:,} ({verdicts}){accuracy}"


def _members(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("id", "at", "judge", "version", "verdict", "score", "confidence", "subject", "engine", "model"):
        yield name, "none" if one[name] is None else clean(str(one[name]))
    tokens = one["tokens"]
    told = ", ".join(
        f"{tokens[name]:,} {name}" for name in ("prompt", "completion", "cached") if tokens[name] is not None
    )
    yield "tokens", told or "not told"
    yield "latency", f"{one['latency_s']:.3f} s{', from the cache' if one['cache_hit'] else ''}"
    for name in ("abstained_because", "split", "run"):
        if one[name]:
            yield name.replace("_because", ""), clean(one[name])
    if one["label"]:
        yield "label", f"{one['label']['verdict']} by {one['label']['source']}, {one['label']['id'][:SHOWN_ID]}"
    yield from (("reasoning", line) for line in clean_lines(one["reasoning"]) if line)
    for name in ("evidence", "suggestions", "counted"):
        yield from ((name, clean(text)) for text in one[name])
