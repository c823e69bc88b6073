"""Gates for the usual tools of a repository, found by its files and written as ``[[gate]]`` tables.

A preset is written only where the tool itself writes the report that it names (or, without one, is judged by its exit
code). One that a fresh checkout cannot run as it stands is written as a comment that says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from agent_agency.gate_settings import GateKind


@dataclass(frozen=True, slots=True)
class Preset:
    """One gate to write.

    ``found`` says what in the repository speaks for it. ``hindrance`` says why it is not in force as written; empty
    where it is.
    """

    name: str
    kind: GateKind
    argv: tuple[str, ...]
    found: str
    report: str | None = None
    format: str | None = None
    network: bool = False
    hindrance: str = ""


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found: gates to write, and notes on tools that no gate can be written for."""

    presets: tuple[Preset, ...] = ()
    notes: tuple[str, ...] = ()

    def without(self, names: Iterable[str]) -> Detection:
        """The same without the gates of these names."""
        left_out = frozenset(names)
        return Detection(tuple(preset for preset in self.presets if preset.name not in left_out), self.notes)


def presets_text(presets: Iterable[Preset]) -> str:
    """Write presets as TOML; those that are hindered as comments."""
    return "".join(f"\n{_commented(preset)}" for preset in presets)


def _commented(preset: Preset) -> str:
    table = _table_text(preset)
    if not preset.hindrance:
        return f"# {preset.found}\n{table}"
    lines = [f"{preset.found}; not in force: {preset.hindrance}", *table.splitlines()]
    return "".join(f"# {line}\n" for line in lines)


def _table_text(preset: Preset) -> str:
    lines = ["[[gate]]", f"name = {_quoted(preset.name)}", f"kind = {_quoted(preset.kind)}"]
    lines.append(f"argv = [{', '.join(_quoted(part) for part in preset.argv)}]")
    if preset.report is not None and preset.format is not None:
        lines += [f"report = {_quoted(preset.report)}", f"format = {_quoted(preset.format)}"]
    if preset.network:
        lines.append("network = true")
    return "\n".join([*lines, "blocking = [1, 2, 3]", ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
