"""The single-valued fields of a vNext spec, out of an older one: id, title, tier, mode, state and dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent_agency.spec.migrate_lists import text_of
from agent_agency.spec.migration_notes import NoteTaker
from agent_agency.spec.v10 import LIFECYCLES
from agent_agency.spec.yaml_writer import Gap

SPEC_ID = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+[a-z]*\Z")
MODES = ("feature", "refactor", "fix", "doc", "chore")
STATES = ("draft", "active", "closed", "archived")
MAX_TITLE = 200
_WORKTREE = re.compile(r"[a-zA-Z0-9_-]+\Z")
_TIER = re.compile(r"[Tt]?([123])\Z")
_DATE = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<time>[0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2})?(?P<fraction>\.[0-9]+)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?\Z"
)
_MODE_WORDS: Mapping[str | None, str] = {"docs": "doc", **{mode: mode for mode in MODES}}


def convert_id(notes: NoteTaker, old: Mapping[str, Any]) -> str | Gap:
    """Keep an id that follows the grammar; capital letters are the only guess."""
    written = text_of(old.get("id"))
    if written is None:
        return notes.gap(("id",), "an id such as FEAT-0042")
    if SPEC_ID.match(written):
        return written
    if SPEC_ID.match(written.upper()):
        notes.guessed(("id",), f"'{written}' was put in capital letters")
        return written.upper()
    return notes.gap(("id",), f"an id such as FEAT-0042; '{written}' does not follow the grammar")


def convert_title(notes: NoteTaker, old: Mapping[str, Any]) -> str | Gap:
    """Keep a title of up to 200 characters."""
    title = text_of(old.get("title"))
    if title is None:
        return notes.gap(("title",), "a title of one line")
    if len(title) > MAX_TITLE:
        return notes.gap(("title",), f"a title of at most {MAX_TITLE} characters; it has {len(title)}")
    return title


def convert_tier(notes: NoteTaker, old: Mapping[str, Any]) -> int | Gap:
    """Read 2, 2.0, '2' and T2 as 2; nothing else."""
    tier = old.get("risk_tier")
    written = text_of(tier) if not isinstance(tier, bool) else None
    match = _TIER.match(written) if written else None
    if match is None:
        return notes.gap(("risk_tier",), "1 (critical), 2 (standard) or 3 (low risk)")
    if not isinstance(tier, int):
        notes.changed(("risk_tier",), f"'{tier}' became {match[1]}")
    return int(match[1])


def convert_mode(notes: NoteTaker, old: Mapping[str, Any]) -> str | Gap:
    """Keep a mode that still exists; else take the old ``type`` for it, as a guess."""
    mode, kind = text_of(old.get("mode")), text_of(old.get("type"))
    if mode in _MODE_WORDS:
        if mode != _MODE_WORDS[mode]:
            notes.changed(("mode",), f"'{mode}' became '{_MODE_WORDS[mode]}'")
        if "type" in old:
            notes.dropped(("type",), f"'mode: {_MODE_WORDS[mode]}' says what kind of change it is (type was '{kind}')")
        return _MODE_WORDS[mode]
    if kind in _MODE_WORDS:
        notes.guessed(("mode",), f"'{_MODE_WORDS[kind]}', from 'type: {kind}'; {_was(mode)}")
        return _MODE_WORDS[kind]
    if "type" in old:
        notes.dropped(("type",), f"'{kind}' is no mode")
    return notes.gap(("mode",), f"one of {', '.join(MODES)}; {_was(mode)}")


def _was(mode: str | None) -> str:
    return f"the mode was '{mode}'" if mode else "there was no mode"


def convert_state(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """``lifecycle_state`` out of ``status``, with the ``resolution`` that a closed spec needs."""
    state, resolution = _state(notes, old), None
    if state in {"closed", "archived"}:
        resolution = _resolution(notes, old)
    elif "resolution" in old:
        notes.dropped(("resolution",), "only a closed spec has one")
    return {"lifecycle_state": state, **({"resolution": resolution} if resolution else {})}


def _state(notes: NoteTaker, old: Mapping[str, Any]) -> str | Gap:
    given = old.get("lifecycle_state")
    if isinstance(given, str) and given in STATES:
        if "status" in old:
            notes.dropped(("status",), "'lifecycle_state' stands beside it")
        return given
    if old.get("status") is None:
        notes.guessed(("lifecycle_state",), "'active': the old form has no state and always governed")
        return "active"
    status = text_of(old["status"]) or ""
    if status not in LIFECYCLES:
        return notes.gap(("status",), f"draft, active, closed or archived; the status was '{status}'")
    notes.changed(("status",), f"'{status}' became 'lifecycle_state: {LIFECYCLES[status]}'")
    return LIFECYCLES[status]


def _resolution(notes: NoteTaker, old: Mapping[str, Any]) -> str:
    given = old.get("resolution")
    if isinstance(given, str) and given in {"completed", "superseded", "abandoned"}:
        return given
    if old.get("status") == "completed":
        notes.changed(("status",), "'completed' became 'resolution: completed'")
    else:
        notes.guessed(("resolution",), "'completed': the old form does not say how the spec ended")
    return "completed"


def convert_dates(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """``created_at`` and ``updated_at`` as moments with a zone."""
    dates: dict[str, Any] = {}
    for name, short in (("created_at", "created"), ("updated_at", "updated")):
        source = name if old.get(name) is not None else short
        if old.get(source) is None:
            continue
        moment = to_moment(notes, (source,), old[source])
        if moment is not None:
            dates[name] = moment
            if source == short:
                notes.changed((short,), f"it is now called '{name}'")
    return dates


def to_moment(notes: NoteTaker, at: tuple[str | int, ...], value: Any) -> str | None:
    """A date or time as RFC 3339; a time of day or zone that is missing is a guess, an impossible date is dropped."""
    from datetime import datetime

    match = _DATE.match(value.strip()) if isinstance(value, str) else None
    if match is not None:
        zone = (match["zone"] or "Z").upper()
        zone = zone if zone == "Z" or ":" in zone else f"{zone[:3]}:{zone[3:]}"
        clock = f"{match['time'] or '00:00'}{match['second'] or ':00'}{match['fraction'] or ''}"
        moment = f"{match['date']}T{clock}{zone}"
        try:
            datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}{match['second'] or ':00'}{zone}")
        except ValueError:
            match = None
    if match is None:
        notes.dropped(at, f"'{text_of(value)}' is no date")
        return None
    if match["zone"] is None:
        notes.guessed(at, f"'{value}' was read as {moment}, in UTC")
    elif moment != value:
        notes.changed(at, f"'{value}' became {moment}")
    return moment


def convert_worktree(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the name of a worktree that follows the grammar."""
    name = old.get("worktree")
    if isinstance(name, str) and _WORKTREE.match(name):
        return {"worktree": name}
    if name is not None:
        notes.dropped(("worktree",), f"'{text_of(name)}' is no name of a worktree")
    return {}
