"""Lists of text out of whatever an old spec wrote there."""

from __future__ import annotations

from typing import Any

from agent_agency.spec.migration_notes import NoteTaker

Pointer = tuple[str | int, ...]


def text_of(value: Any) -> str | None:
    """A scalar as text, without blanks at its ends; ``None`` where it says nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return (value.strip() or None) if isinstance(value, str) else None


def texts(notes: NoteTaker, at: Pointer, value: Any) -> list[str]:
    """The texts of a list, a single text or a mapping, each thing that was not plain text with a note."""
    if value is None:
        return []
    if isinstance(value, list):
        found = [_item(notes, (*at, index), item) for index, item in enumerate(value)]
        return [item for item in found if item is not None]
    if isinstance(value, dict):
        flat = _flat(value)
        if flat:
            notes.changed(at, "a mapping became a list")
        return flat
    single = text_of(value)
    if single is None:
        return []
    notes.changed(at, "a single value became a list of one")
    return [single]


def _item(notes: NoteTaker, at: Pointer, item: Any) -> str | None:
    if isinstance(item, str) and item.strip():
        return item
    if isinstance(item, dict) and (flat := _flat(item)):
        notes.guessed(at, "a mapping was read as the sentence that it probably is")
        return "; ".join(flat)
    single = text_of(item)
    if single is None:
        notes.dropped(at, "it is blank or no text")
        return None
    notes.changed(at, f"{single} became text")
    return single


def _flat(value: dict[str, Any]) -> list[str]:
    """Each entry as ``key: text``; a list gives one text per item."""
    flat: list[str] = []
    for key, inner in value.items():
        items = inner if isinstance(inner, list) else [inner]
        words = [text_of(item) if not isinstance(item, dict) else "; ".join(_flat(item)) for item in items]
        flat += [f"{key}: {word}" for word in words if word]
    return flat
