"""The vNext waiver as the 12.0.0 kernel judges it, with its rule ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.javascript_dates import javascript_date, moment_of
from agent_agency.spec.schema_check import is_kind

ID_FORM = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*-[0-9]+[a-z]?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_JAVASCRIPT_BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f"
    "\u3000\ufeff"
)
_MIN_TITLE = 5
_MIN_REASON = 3

Check = Callable[[Mapping[str, Any]], tuple[str, tuple[str | int, ...], str, str] | None]


def check(value: Mapping[str, Any], found: FindingCollector, at: tuple[str | int, ...], *, parity: bool) -> None:
    """Judge one waiver; the kernel (``parity``) names the first thing that is wrong, we name all."""
    checks: tuple[Check, ...] = (
        _check_id,
        _check_title,
        _check_status,
        _check_gates,
        _check_reason,
        _check_approved_by,
        _check_created_at,
        _check_expires_at,
        _check_scope,
        _check_constraints,
        _check_revocation,
    )
    for check_one in checks:
        problem = check_one(value)
        if problem is not None:
            rule, pointer, message, remedy = problem
            found.add(f"schema.{rule}", (*at, *pointer), message, remedy)
            if parity:
                return


def effectiveness(value: Mapping[str, Any], now: datetime) -> str:
    """Tell as the kernel does whether a valid waiver is ``active``, ``revoked`` or ``expired``."""
    if value["status"] == "revoked":
        return "revoked"
    expiry = javascript_date(value["expires_at"])
    return "expired" if expiry is None or moment_of(expiry) <= now else "active"


def trimmed_length(text: str) -> int:
    """The length that JavaScript sees after trimming: in UTF-16 units."""
    return len(text.strip(_JAVASCRIPT_BLANKS).encode("utf-16-le", "surrogatepass")) // 2


def _check_id(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    if isinstance(value.get("id"), str) and ID_FORM.fullmatch(value["id"]):
        return None
    return "invalid_id", ("id",), "The id is missing or has not the form of a waiver's id", "Write one like 'WV-0001'."


def _check_title(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    if isinstance(value.get("title"), str) and trimmed_length(value["title"]) >= _MIN_TITLE:
        return None
    return "invalid_title", ("title",), "The title is missing or too short", "Say in a few words what is waived."


def _check_status(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    if isinstance(value.get("status"), str) and value["status"] in {"active", "revoked"}:
        return None
    remedy = "Write 'active' or 'revoked'; that a waiver has expired follows from 'expires_at'."
    return "invalid_status", ("status",), "The status is neither active nor revoked", remedy


def _check_gates(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    gates = value.get("gates")
    if isinstance(gates, list) and gates and all(isinstance(gate, str) and gate for gate in gates):
        return None
    return "invalid_gates", ("gates",), "'gates' is not a list of gate names", "Write 'gates: [budget_limit]'."


def _check_reason(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    if isinstance(value.get("reason"), str) and trimmed_length(value["reason"]) >= _MIN_REASON:
        return None
    return "invalid_reason", ("reason",), "There is no reason", "Say why the gate may be passed over."


def _check_approved_by(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    if isinstance(value.get("approved_by"), str) and trimmed_length(value["approved_by"]):
        return None
    return "invalid_approved_by", ("approved_by",), "Nobody approved it", "Name the approver by e-mail address."


def _check_created_at(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    return _check_moment(value, "created_at", "invalid_created_at")


def _check_expires_at(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    return _check_moment(value, "expires_at", "invalid_expiry")


def _check_moment(value: Mapping[str, Any], key: str, rule: str) -> tuple[str, tuple[str | int, ...], str, str] | None:
    if isinstance(value.get(key), str) and _MOMENT.fullmatch(value[key]):
        return None
    return rule, (key,), f"'{key}' is no moment with a time zone", "Write one like '2026-01-31T12:00:00Z'."


def _check_scope(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    scope = value.get("scope")
    if "scope" not in value or (isinstance(scope, dict) and isinstance(scope.get("spec_id", ""), str)):
        return None
    return "invalid_gates", ("scope", "spec_id"), "'scope' does not name a spec", "Write 'scope: {spec_id: FEAT-001}'."


def _check_constraints(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    limits = value.get("constraints")
    if "constraints" not in value:
        return None
    if isinstance(limits, dict):
        uses = limits.get("max_uses", 0)
        if is_kind(uses, "integer") and uses >= 0:
            return None
    remedy = "Write 'constraints: {max_uses: 1}'."
    return "invalid_gates", ("constraints", "max_uses"), "'max_uses' is no whole number of at least 0", remedy


def _check_revocation(value: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...], str, str] | None:
    record = value.get("revocation")
    if value.get("status") == "revoked":
        at = record.get("revoked_at") if isinstance(record, dict) else None
        if isinstance(at, str) and _MOMENT.fullmatch(at):
            return None
        remedy = "Add 'revocation' with 'revoked_at' and 'revoked_by'."
        rule = "revoked_without_revocation_record"
        return rule, ("revocation",), "A revoked waiver does not say when it was revoked", remedy
    if value.get("status") == "active" and "revocation" in value:
        remedy = "Write 'status: revoked' or remove the record."
        rule = "active_status_carries_revocation_record"
        return rule, ("revocation",), "An active waiver carries a record of its revocation", remedy
    return None
