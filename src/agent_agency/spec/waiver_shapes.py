"""The older shapes of a waiver, and what all shapes come to.

Four incompatible shapes exist. ``map``: the file ``waivers.yml`` of the first version, several waivers under names.
``schema``: the schema of 2025-10-07. ``loader``: what the 4.0.0 command line read (what it wrote is vNext but for its
extra fields). ``vnext``: the one that is written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.javascript_dates import javascript_date
from agent_agency.spec.javascript_values import is_true

Pointer = tuple[str | int, ...]

SCHEMA_KEYS = frozenset({"applies_to", "reason_code", "risk_owner", "mitigation"})
_LOADER_FIELDS = ("id", "title", "reason", "status", "gates", "expires_at", "approvers")


@dataclass(frozen=True, slots=True)
class Named:
    """A text and where it stands."""

    text: str
    at: Pointer


@dataclass(frozen=True, slots=True)
class RawWaiver:
    """A waiver of any shape before its values are judged; what is missing or of a wrong type is ``None`` or empty.

    ``at`` is where it stands in its file. ``interested`` are those who asked for it or own it. ``approved_at`` are the
    moments of the approvals, which stand in for a missing ``created_at``.
    """

    shape: str
    at: Pointer
    value: Mapping[str, Any]
    id: str | None
    title: str | None
    status: str | None
    reason: str | None
    gates: tuple[Named, ...]
    approvers: tuple[Named, ...]
    interested: tuple[Named, ...]
    created_at: Named | None
    expires_at: Named | None
    approved_at: tuple[Named, ...]
    spec_id: str | None
    max_uses: int | None


def raw_waivers(value: Mapping[str, Any]) -> Iterator[RawWaiver]:
    """Tell the shape of a document and read each waiver in it."""
    entries = _map_entries(value)
    if entries is not None:
        for key, at, entry in entries:
            yield _from_map(key, at, entry)
    elif SCHEMA_KEYS & value.keys():
        yield _from_schema(value)
    elif "approvers" in value and "approved_by" not in value:
        yield _common("loader", (), value)
    else:
        yield _common("vnext", (), value)


def _map_entries(value: Mapping[str, Any]) -> list[tuple[str, Pointer, Mapping[str, Any]]] | None:
    if "waivers" in value and "id" not in value:
        return _listed(value["waivers"], ("waivers",))
    if value and all(isinstance(entry, dict) and ("gate" in entry or "expiry" in entry) for entry in value.values()):
        return [(key, (key,), entry) for key, entry in value.items()]
    if "gate" in value and "gates" not in value:
        return [(str(value.get("id", value["gate"])), (), value)]
    return None


def _listed(waivers: Any, at: Pointer) -> list[tuple[str, Pointer, Mapping[str, Any]]]:
    if isinstance(waivers, dict):
        pairs: list[tuple[str | int, Any]] = list(waivers.items())
    else:
        pairs = list(enumerate(waivers)) if isinstance(waivers, list) else [(0, waivers)]
    return [
        (key if isinstance(key, str) else f"#{key + 1}", (*at, key), entry if isinstance(entry, dict) else {})
        for key, entry in pairs
    ]


def _common(shape: str, at: Pointer, value: Mapping[str, Any]) -> RawWaiver:
    scope, constraints = value.get("scope"), value.get("constraints")
    spec_id = scope.get("spec_id") if isinstance(scope, dict) else None
    max_uses = constraints.get("max_uses") if isinstance(constraints, dict) else None
    approvers, approved_at = _approvers(value, at)
    return RawWaiver(
        shape=shape,
        at=at,
        value=value,
        id=_text(value.get("id")),
        title=_text(value.get("title")),
        status=_text(value.get("status")),
        reason=_text(value.get("reason")),
        gates=_names(value.get("gates"), (*at, "gates")),
        approvers=approvers,
        interested=_interested(value, at),
        created_at=_named(value, "created_at", at),
        expires_at=_named(value, "expires_at", at),
        approved_at=approved_at,
        spec_id=_text(spec_id),
        max_uses=int(max_uses) if isinstance(max_uses, int | float) and not isinstance(max_uses, bool) else None,
    )


def _from_schema(value: Mapping[str, Any]) -> RawWaiver:
    common = _common("schema", (), value)
    description = _text(value.get("description"))
    return RawWaiver(
        shape="schema",
        at=(),
        value=value,
        id=common.id,
        title=common.title or description or common.id,
        status=common.status,
        reason=common.reason or description,
        gates=common.gates,
        approvers=common.approvers,
        interested=common.interested,
        created_at=common.created_at,
        expires_at=common.expires_at,
        approved_at=common.approved_at,
        spec_id=_text(value.get("applies_to")),
        max_uses=common.max_uses,
    )


def _from_map(key: str, at: Pointer, value: Mapping[str, Any]) -> RawWaiver:
    gate = _named(value, "gate", at)
    approvers, approved_at = _approvers(value, at)
    return RawWaiver(
        shape="map",
        at=at,
        value=value,
        id=_text(value.get("id")) or key,
        title=_text(value.get("reason")) or key,
        status="active",
        reason=_text(value.get("reason")),
        gates=(gate,) if gate else (),
        approvers=approvers,
        interested=_interested(value, at),
        created_at=_named(value, "created_at", at),
        expires_at=_named(value, "expiry", at) or _named(value, "expires_at", at),
        approved_at=approved_at,
        spec_id=None,
        max_uses=None,
    )


def _approvers(value: Mapping[str, Any], at: Pointer) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
    people: list[Named] = []
    moments: list[Named] = []
    if isinstance(value.get("approved_by"), str):
        people.extend(Named(name, (*at, "approved_by")) for name in split_people(value["approved_by"]))
    listed = value.get("approvers")
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        here: Pointer = (*at, "approvers", index)
        if isinstance(entry, str):
            people.append(Named(entry, here))
        elif isinstance(entry, dict):
            name = next((entry[key] for key in ("email", "handle", "name") if isinstance(entry.get(key), str)), None)
            if name is not None:
                people.append(Named(name, here))
            if isinstance(entry.get("approved_at"), str):
                moments.append(Named(entry["approved_at"], (*here, "approved_at")))
    return tuple(people), tuple(moments)


def split_people(text: str) -> tuple[str, ...]:
    """Split a list of addresses or handles; anything else is one person, whose name may hold a comma."""
    parts = tuple(part.strip() for part in text.replace(";", ",").split(","))
    return parts if len(parts) > 1 and all("@" in part for part in parts) else (text,)


def _interested(value: Mapping[str, Any], at: Pointer) -> tuple[Named, ...]:
    keys = ("requested_by", "requester", "owner", "risk_owner", "created_by", "author")
    return tuple(
        Named(value[key], (*at, key)) for key in keys if isinstance(value.get(key), str) and value[key].strip()
    )


def _names(value: Any, at: Pointer) -> tuple[Named, ...]:
    items = value if isinstance(value, list) else ()
    return tuple(Named(item, (*at, index)) for index, item in enumerate(items) if isinstance(item, str))


def _named(value: Mapping[str, Any], key: str, at: Pointer) -> Named | None:
    return Named(value[key], (*at, key)) if isinstance(value.get(key), str) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def check_shape(raw: RawWaiver, found: FindingCollector) -> None:
    """Refuse a waiver of an older shape that lacks what its shape demands."""
    needed: list[tuple[str, object, str]] = [
        ("id", raw.id, "Give it an id like 'WV-0001'."),
        ("gate" if raw.shape == "map" else "gates", raw.gates, "Name the gates that it covers."),
        ("expiry" if raw.shape == "map" else "expires_at", raw.expires_at, "Say when it ends."),
        ("reason", raw.reason, "Say why the gate may be passed over."),
    ]
    if raw.shape != "map":
        needed.append(("status", raw.status, "Write 'status: active'."))
    for key, present, remedy in needed:
        if not present:
            found.add("shape.missing", (*raw.at, key), f"'{key}' is missing or of a wrong type", remedy)
    statuses = {"schema": {"proposed", "active", "expired", "revoked"}, "loader": {"active", "expired", "revoked"}}
    allowed = statuses.get(raw.shape, {"active"})
    if raw.status is not None and raw.status not in allowed:
        remedy = f"Write one of: {', '.join(sorted(allowed))}."
        found.add("shape.status", (*raw.at, "status"), f"'{raw.status}' is no status of a waiver", remedy)


def accepted_by_cli4(value: Any) -> bool:
    """Whether the structure check of the 4.0.0 command line lets a parsed waiver through."""
    from agent_agency.spec.javascript_values import JavaScriptTypeError

    try:
        return _cli4_accepts(value)
    except JavaScriptTypeError:
        return False


def _cli4_accepts(value: Any) -> bool:
    from agent_agency.spec.javascript_values import UNDEFINED, member, to_number, to_text

    if not isinstance(value, dict) or any(field not in value for field in _LOADER_FIELDS):
        return False
    known_status = any(value["status"] == status for status in ("active", "expired", "revoked"))
    lists = (value["gates"], value["approvers"])
    if not _is_cli4_id(to_text(value["id"])) or not known_status:
        return False
    if not all(isinstance(entries, list) and entries for entries in lists):
        return False
    if javascript_date(value["expires_at"]) is None:
        return False
    delta = value.get("delta")
    if not is_true(delta if "delta" in value else UNDEFINED):
        return True
    amounts = (member(delta, key) for key in ("max_files", "max_loc"))
    return not any(amount is not UNDEFINED and to_number(amount) < 0 for amount in amounts)


def _is_cli4_id(text: str) -> bool:
    return len(text) == len("WV-0000") and text.startswith("WV-") and text[3:].isascii() and text[3:].isdigit()
