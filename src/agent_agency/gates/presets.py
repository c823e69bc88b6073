"""Gates for the usual tools of a repository, found by its files and written as ``[[gate]]`` tables.

A preset is written only where the tool writes the report that it names. One that cannot run here as it stands is
written as a comment that says why, so that no review fails for a tool that nobody has.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from agent_agency.gate_settings import GateKind
from agent_agency.gates.tool_presence import ToolPresence, module_of

_RUSTUP = "rustup"
_RATCHETED = frozenset({GateKind.LINT, GateKind.TYPES, GateKind.SECURITY, GateKind.COVERAGE, GateKind.MUTATION})
"""Kinds of which a repository that adopts gates often lacks something already: only what a change makes worse fails."""

_AFTER_TESTS = frozenset({GateKind.COVERAGE, GateKind.MUTATION})


@dataclass(frozen=True, slots=True)
class SetupPart:
    """What makes the packages of one ecosystem; all parts that are needed together are the ``[setup]`` table.

    ``script`` is read by ``sh`` in a folder that holds the ``lock_files`` alone, with the network open.
    """

    name: str
    script: str
    lock_files: tuple[str, ...]
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """One gate to write.

    ``found`` says what in the repository speaks for it. ``programs`` and ``modules`` (of ``python``) must be there
    beside what ``argv`` starts. ``instead`` does the same with another tool, for a machine that lacks this one.
    ``setup`` makes what it needs in a fresh checkout. ``hindrance`` says why it is not in force as written; empty
    where it is.
    """

    name: str
    kind: GateKind
    argv: tuple[str, ...]
    found: str
    report: str | None = None
    format: str | None = None
    shell: str | None = None
    network: bool = False
    timeout_s: int | None = None
    memory_mb: int | None = None
    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    setup: SetupPart | None = None
    instead: Preset | None = None
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

    def as_found_here(self, presence: ToolPresence) -> Detection:
        """The same with, for each gate, the tool that is there; where none is, the gate says so and is a comment."""
        return Detection(tuple(_as_found_here(preset, presence) for preset in self.presets), self.notes)

    @property
    def in_force(self) -> tuple[Preset, ...]:
        """The gates that are not written as comments."""
        return tuple(preset for preset in self.presets if not preset.hindrance)


def presets_text(presets: Sequence[Preset], *, with_setup: bool = True) -> str:
    """Write presets as TOML, those that are hindered as comments, and the set-up step that they need before them."""
    needed = [preset.setup for preset in presets if preset.setup is not None and not preset.hindrance]
    setup = _setup_text(list(dict.fromkeys(needed))) if needed and with_setup else ""
    tests = {preset.name for preset in presets if preset.kind is GateKind.TESTS and not preset.hindrance}
    return setup + "".join(f"\n{_commented(preset, _tests_before(preset, tests))}" for preset in presets)


def _tests_before(preset: Preset, tests: Collection[str]) -> str | None:
    """The gate of tests without which this one has nothing to measure: that of the same language."""
    name = preset.name.replace(str(preset.kind), str(GateKind.TESTS), 1)
    return name if preset.kind in _AFTER_TESTS and name in tests else None


def _as_found_here(preset: Preset, presence: ToolPresence) -> Preset:
    if preset.hindrance:
        return preset
    first = None
    tried: Preset | None = preset
    while tried is not None:
        for candidate in (tried, _with_python3(tried)):
            lacking = _lacking(candidate, presence)
            if lacking is None:
                return candidate
            first = first or lacking
        tried = tried.instead
    return replace(preset, hindrance=f"{first}; mend that and take the marks away")


def _with_python3(preset: Preset) -> Preset:
    """The same where the interpreter has no other name than ``python3``."""
    if preset.shell is not None:
        return replace(preset, argv=tuple(part.replace("python -m ", "python3 -m ") for part in preset.argv))
    return replace(preset, argv=("python3", *preset.argv[1:])) if preset.argv[0] == "python" else preset


def _lacking(preset: Preset, presence: ToolPresence) -> str | None:
    """What a preset needs and this machine lacks."""
    module = module_of(preset.argv)
    python = "python3" if "python3" in preset.argv[0] else "python"
    for name in (preset.shell or preset.argv[0], *preset.programs):
        place = presence.program(name)
        if place is None:
            return f"{name} is not installed here"
        if place.resolve().name == _RUSTUP:
            return f"{name} is a proxy of rustup here, which finds no toolchain in the empty home of a gate"
    for name in (*([module] if module else []), *preset.modules):
        if presence.lacking_module(python, name):
            return f"{name} is not installed here for {python}"
    return None


def _setup_text(parts: Sequence[SetupPart]) -> str:
    lock_files = list(dict.fromkeys(path for part in parts for path in part.lock_files))
    keep = [path for part in parts for path in part.keep]
    lines = [
        "",
        f"# Packages of {' and '.join(part.name for part in parts)}, made once for each content of the lock files.",
        "# The network is open to this step alone, which sees none of the code under review.",
        "[setup]",
        'shell = "sh"',
        f"argv = [{_quoted(' && '.join(part.script for part in parts))}]",
        f"lock_files = {_list(lock_files)}",
        *([f"keep = {_list(keep)}"] if keep else []),
        "network = true",
    ]
    return "\n".join([*lines, ""])


def _commented(preset: Preset, after: str | None) -> str:
    table = _table_text(preset, after)
    if not preset.hindrance:
        return f"# {preset.found}\n{table}"
    lines = [f"{preset.found}; not in force: {preset.hindrance}", *table.splitlines()]
    return "".join(f"# {line}\n" for line in lines)


def _table_text(preset: Preset, after: str | None) -> str:
    lines = ["[[gate]]", f"name = {_quoted(preset.name)}", f"kind = {_quoted(preset.kind)}"]
    if preset.shell is not None:
        lines.append(f"shell = {_quoted(preset.shell)}")
    lines.append(f"argv = {_list(preset.argv)}")
    if preset.report is not None and preset.format is not None:
        lines += [f"report = {_quoted(preset.report)}", f"format = {_quoted(preset.format)}"]
    lines.append("blocking = [1, 2, 3]")
    if after is not None:
        lines.append(f"needs = {_list([after])}")
    if preset.kind in _RATCHETED and preset.report is not None and not preset.network:
        lines.append("ratchet = true")
    if preset.timeout_s is not None:
        lines.append(f"timeout_s = {preset.timeout_s}")
    if preset.memory_mb is not None:
        lines.append(f"limits = {{ memory_mb = {preset.memory_mb} }}")
    if preset.network:
        lines.append("network = true")
    return "\n".join([*lines, ""])


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(_quoted(text) for text in texts)}]"


def _quoted(text: str) -> str:
    """The text as a basic string of TOML; what JSON leaves unescaped, DEL, is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
