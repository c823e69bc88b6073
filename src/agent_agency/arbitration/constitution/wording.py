"""Placeholders in the message and remedy of a rule: ``{it.name}`` stands for a fact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent_agency.arbitration.constitution.fact_paths import IT
from agent_agency.arbitration.constitution.facts_schema import lists, records
from agent_agency.facts import display_path

NOT_KNOWN = "(not known)"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_MAX_VALUE = 200


def fill(text: str, facts: Mapping[str, Any], it: Mapping[str, Any] | None = None) -> str:
    """Put the facts in; one that is missing reads ``(not known)``, and none can forge lines or colours."""
    if "{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda found: _value(found[1], facts, it), text)


def problems_of(text: str, each: str) -> Iterator[str]:
    """What is wrong with the placeholders of a text, one clause each."""
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        yield "has a brace that belongs to no placeholder"
    known = {**records(), **({IT: lists()[each]} if each in lists() else {})}
    for name in _PLACEHOLDER.findall(text):
        record, _, field = name.partition(".")
        if field not in {fact.name for fact in known.get(record, ())}:
            yield f"names '{{{name}}}', which is no fact"


def _value(name: str, facts: Mapping[str, Any], it: Mapping[str, Any] | None) -> str:
    record, _, field = name.partition(".")
    members = it if record == IT else facts.get(record)
    if not isinstance(members, Mapping) or field not in members:
        return NOT_KNOWN
    return _shown(members[field])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value[:10]) + (", ..." if len(value) > 10 else "") or "none"  # noqa: PLR2004 - ten are enough to read
    text = display_path(str(value))
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 3] + "..."
