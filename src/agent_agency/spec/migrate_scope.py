"""The scope of a vNext spec out of an older one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.spec.migrate_lists import texts
from agent_agency.spec.migration_notes import NoteTaker
from agent_agency.spec.yaml_writer import Gap

_WILD = "*?"
_GLOB = "*?[]{}()!+@|"


def convert_scope(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """``scope`` with ``in``, ``out`` and ``support``; wildcards in ``out`` become folders or a question."""
    scope = old.get("scope")
    if not isinstance(scope, dict):
        return {"in": [notes.gap(("scope", "in"), "the paths that the change may touch")]}
    inside = _entries(notes, scope, "in", "include")
    new: dict[str, Any] = {"in": inside or [notes.gap(("scope", "in"), "the paths that the change may touch")]}
    outside = _entries(notes, scope, "out", "exclude")
    kept = [_outside_entry(notes, index, entry, inside) for index, entry in enumerate(outside)]
    if any(entry is not None for entry in kept):
        new["out"] = [entry for entry in kept if entry is not None]
    if support := _entries(notes, scope, "support", "support"):
        new["support"] = support
    for key in scope:
        if key not in {"in", "out", "support", "include", "exclude"}:
            notes.dropped(("scope", key), "the scope has no such list")
    return new


def _entries(notes: NoteTaker, scope: Mapping[str, Any], name: str, alias: str) -> list[str]:
    if scope.get(name) is None and scope.get(alias) is not None:
        notes.changed(("scope", alias), f"it is called '{name}'")
        return _paths(notes, ("scope", alias), scope[alias])
    if alias != name and alias in scope:
        notes.dropped(("scope", alias), f"'{name}' stands beside it")
    return _paths(notes, ("scope", name), scope.get(name))


def _paths(notes: NoteTaker, at: tuple[str, ...], value: Any) -> list[str]:
    """The paths of a list; a mapping names none, however it is read."""
    if isinstance(value, dict):
        notes.dropped(at, "a mapping is no list of paths")
        return []
    return texts(notes, at, value)


def _outside_entry(notes: NoteTaker, index: int, entry: str, inside: list[str]) -> str | Gap | None:
    """An exclusion without wildcards: kept, a folder for ``folder/**``, dropped where it bars nothing, or a gap."""
    if not any(char in entry for char in _WILD):
        return entry
    at = ("scope", "out", index)
    folder = entry.removesuffix("/*").removesuffix("/**")
    if entry.endswith(("/**", "/**/*")) and folder and not any(char in folder for char in _GLOB):
        notes.changed(at, f"'{entry}' became '{folder}', which is the whole folder")
        return folder
    reach = _fixed_part(entry)
    if not any(_overlap(reach, _fixed_part(admitted)) for admitted in inside):
        notes.dropped(at, f"'{entry}' has a wildcard, and 'scope.in' admits nothing there anyway")
        return None
    return notes.gap(at, f"the folders that '{entry}' stood for, or delete this line; wildcards are not read here")


def _fixed_part(path: str) -> tuple[str, ...]:
    """The leading segments of a path or glob that are spelt out."""
    segments: list[str] = []
    for segment in path.split("/"):
        if any(char in segment for char in _GLOB):
            break
        if segment not in {"", "."}:
            segments.append(segment)
    return tuple(segments)


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path lies within the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
