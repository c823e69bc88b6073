"""The lists on quality and operation of a vNext spec out of an older one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.spec.migrate_head import to_moment
from agent_agency.spec.migrate_lists import text_of, texts
from agent_agency.spec.migration_notes import NoteTaker
from agent_agency.spec.yaml_writer import Gap

_QUALITIES: Mapping[str, str] = {
    "performance": "performance",
    "perf": "performance",
    "security": "security",
    "accessibility": "accessibility",
    "a11y": "accessibility",
    "reliability": "reliability",
}
_LOWEST_TIER = 3


def convert_quality(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """``non_functional`` as lists of sentences."""
    given = old.get("non_functional")
    if not isinstance(given, dict):
        message = "no requirements" if given is None else "no requirements: what stood there was no mapping"
        notes.guessed(("non_functional",), message)
        return {}
    new: dict[str, Any] = {}
    for key, value in given.items():
        at = ("non_functional", key)
        name = _QUALITIES.get(key)
        if name is None:
            notes.dropped(at, "there is no such list; move what matters to performance, security or reliability")
            continue
        found = texts(notes, at, value)
        if key != name and found:
            notes.changed(at, f"it is called '{name}'")
        if found:
            new[name] = [*new.get(name, []), *found]
    return new


def convert_blast_radius(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """``blast_radius`` with its modules."""
    given = old.get("blast_radius")
    fields = given if isinstance(given, dict) else {"modules": given}
    if given is not None and not isinstance(given, dict):
        notes.changed(("blast_radius",), "it was read as the list of modules")
    modules = texts(notes, ("blast_radius", "modules"), fields.get("modules"))
    new: dict[str, Any] = {
        "modules": modules or [notes.gap(("blast_radius", "modules"), "each module that the change can break")]
    }
    for key, value in fields.items():
        at = ("blast_radius", key)
        if key == "data_migration" and isinstance(value, bool):
            new[key] = value
        elif key == "data_migration":
            notes.dropped(at, f"'{text_of(value)}' is neither true nor false")
        elif key != "modules":
            notes.dropped(at, f"there is no such field; it was '{text_of(value)}'")
    return new


def convert_lists(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """``observability`` and ``rollback`` as lists; empty ones are left out."""
    new: dict[str, Any] = {}
    for name in ("observability", "rollback"):
        if found := texts(notes, (name,), old.get(name)):
            new[name] = found
    return new


def convert_invariants(notes: NoteTaker, old: Mapping[str, Any]) -> list[str | Gap]:
    """``invariants`` as sentences."""
    found = texts(notes, ("invariants",), old.get("invariants"))
    return [*found] or [notes.gap(("invariants",), "what must stay true before, during and after the change")]


def convert_experiment(notes: NoteTaker, old: Mapping[str, Any], tier: Any) -> dict[str, Any]:
    """``experimental_mode``; one that is switched off says nothing and is dropped."""
    trial = old.get("experimental_mode")
    at = ("experimental_mode",)
    if trial is None:
        return {}
    if not isinstance(trial, dict) or trial.get("enabled") is False:
        reason = "it is switched off" if isinstance(trial, dict) else "it is no mapping"
        notes.dropped(at, reason)
        return {}
    enabled = trial.get("enabled") if trial.get("enabled") is True else notes.gap((*at, "enabled"), "true or false")
    ends = to_moment(notes, (*at, "expires_at"), trial["expires_at"]) if trial.get("expires_at") is not None else None
    new = {
        "enabled": enabled,
        "rationale": text_of(trial.get("rationale")) or notes.gap((*at, "rationale"), "what the experiment is to show"),
        "expires_at": ends
        or notes.gap((*at, "expires_at"), "the moment at which it ends, such as 2026-01-31T08:00:00Z"),
    }
    for key in trial:
        if key not in new:
            notes.dropped((*at, key), "an experiment has no such field")
    if tier in {1, 2}:
        notes.gap(
            at, f"a decision: an experiment is allowed on tier {_LOWEST_TIER} only, and this spec has tier {tier}"
        )
    return {"experimental_mode": new}
