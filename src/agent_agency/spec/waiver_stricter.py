"""What a waiver must fulfil here, whatever its shape: the standard's reference lets all of this through."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agent_agency.attestation.person import distinct, same_principal
from agent_agency.config import WAIVABLE_GATES, LawLimits
from agent_agency.spec.datetimes import moment
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.javascript_dates import javascript_date, moment_of
from agent_agency.spec.model import Budget, Policy
from agent_agency.spec.near_miss import did_you_mean
from agent_agency.spec.policy import max_waiver_days
from agent_agency.spec.schema_check import is_kind
from agent_agency.spec.waiver_shapes import Named, RawWaiver

OLDER_GATES = frozenset(
    {
        "coverage",
        "mutation",
        "contracts",
        "a11y",
        "perf",
        "security",
        "coverage_threshold",
        "mutation_threshold",
        "contract_tests",
        "manual_review",
    }
)
"""Gates that earlier versions of the standard had and none has now; a waiver may still name them and covers nothing."""

FIELDS = (
    "id",
    "title",
    "status",
    "gates",
    "reason",
    "approved_by",
    "approvers",
    "created_at",
    "expires_at",
    "scope",
    "constraints",
    "revocation",
    "delta",
    "requested_by",
    "applies_to",
    "gate",
    "expiry",
)
"""Fields that decide something."""

IGNORED_FIELDS = frozenset(
    {
        "approved_at",
        "description",
        "justification",
        "impact_level",
        "mitigation",
        "mitigation_plan",
        "metadata",
        "reason_code",
        "risk_owner",
        "owner",
        "requester",
        "created_by",
        "author",
        "compensating_control",
        "ticket_url",
        "notes",
    }
)
"""Fields of one shape or another that carry information for people."""

MIN_REASON = 10
_LEAST_LETTERS = 4
_EMPTY_REASONS = frozenset({"todo", "tbd", "fixme", "n/a", "none", "because", "placeholder", "no reason"})


@dataclass(frozen=True, slots=True)
class Judged:
    """The values of a waiver that stood the rules."""

    approvers: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    delta: Budget | None


def judge(
    raw: RawWaiver,
    found: FindingCollector,
    limits: LawLimits,
    policy: Policy | None,
    own_gates: Collection[str] = (),
) -> Judged:
    """Hold one waiver to the rules; what is wrong is added to ``found``."""
    _check_gates(raw, found, (*WAIVABLE_GATES, *own_gates, *(policy.gates if policy else ())))
    _check_fields(raw, found)
    _check_reason(raw, found)
    created, expires = _check_times(raw, found, limits, policy)
    delta = _read_delta(raw, found)
    approvers = _check_approvers(raw, found)
    if raw.spec_id is None:
        found.advise(
            "strict.project_wide",
            raw.at,
            "The waiver names no spec, so it covers its gates for every change",
            "Write 'scope: {spec_id: …}' to bind it to one spec.",
        )
    return Judged(approvers, created, expires, delta)


def _check_gates(raw: RawWaiver, found: FindingCollector, known: Collection[str]) -> None:
    for gate in raw.gates:
        if gate.text in known:
            continue
        if gate.text in OLDER_GATES and raw.shape != "vnext":
            found.advise(
                "strict.gate_gone",
                gate.at,
                f"No gate here is named '{gate.text}', so the waiver covers nothing there",
                "Remove the gate from the waiver.",
            )
            continue
        remedy = _meant(gate.text, known) or f"Name one of: {', '.join(WAIVABLE_GATES)}, or a gate of agency.toml."
        found.add("strict.unknown_gate", gate.at, f"'{gate.text}' is no gate, so nothing would be waived", remedy)


def _check_fields(raw: RawWaiver, found: FindingCollector) -> None:
    """A misspelt field is as good as missing: without this, ``scop`` would make a waiver cover every spec."""
    for key in raw.value:
        meant = _meant(key, FIELDS) if key not in FIELDS else None
        if meant is not None and key not in IGNORED_FIELDS:
            found.add("strict.unknown_field", (*raw.at, key), f"'{key}' is no field of a waiver", meant, at_key=True)
    for table, known in (("scope", ("spec_id",)), ("constraints", ("max_uses",))):
        inner = raw.value.get(table)
        for key in inner if isinstance(inner, dict) else ():
            if key not in known:
                remedy = _meant(key, known) or f"Only {known[0]} can be said here; remove it."
                message = f"'{table}.{key}' would not be held to"
                found.add("strict.unknown_field", (*raw.at, table, key), message, remedy, at_key=True)


def _meant(word: str, known: Collection[str]) -> str | None:
    name = did_you_mean(word, known)
    return f"Did you mean '{name}'?" if name else None


def _check_reason(raw: RawWaiver, found: FindingCollector) -> None:
    if raw.reason is None:
        return
    if not is_reason(raw.reason):
        found.add(
            "strict.reason_too_short",
            (*raw.at, "reason"),
            "The reason does not say why",
            f"Say in at least {MIN_REASON} characters what stands against it and until when.",
        )


def is_reason(text: str) -> bool:
    """Whether a text may say why: long enough, of words, and none of the usual fillers."""
    words = " ".join(text.split())
    letters = {char for char in words.casefold() if char.isalnum()}
    filler = words.casefold().strip(".!…- ") in _EMPTY_REASONS
    return len(words) >= MIN_REASON and len(letters) >= _LEAST_LETTERS and not filler


def _check_times(
    raw: RawWaiver, found: FindingCollector, limits: LawLimits, policy: Policy | None
) -> tuple[datetime | None, datetime | None]:
    created = _moment(raw.created_at, raw, found)
    expires = _moment(raw.expires_at, raw, found)
    if raw.created_at is None and created is None:
        approvals = [at for at in (_moment(named, raw, found) for named in raw.approved_at) if at is not None]
        created = min(approvals, default=None)
    if raw.expires_at is None or expires is None or created is None:
        return created, expires
    longest = min(days for days in (limits.waiver_max_days, max_waiver_days(policy)) if days is not None)
    if expires <= created:
        found.add(
            "strict.expires_before_created",
            raw.expires_at.at,
            "The waiver ends before it begins",
            "Write an 'expires_at' after 'created_at'.",
        )
    elif expires - created > timedelta(days=longest):
        latest = _shown(created + timedelta(days=longest))
        found.add(
            "strict.lasts_too_long",
            raw.expires_at.at,
            f"The waiver lasts {(expires - created).days} days; the law allows {longest}",
            f"Write {latest} or earlier, or ask for 'waiver_max_days' in agency.toml.",
        )
    return created, expires


def _moment(named: Named | None, raw: RawWaiver, found: FindingCollector) -> datetime | None:
    if named is None:
        return None
    at = moment(named.text)
    if at is None and raw.shape != "vnext" and _is_real_day(named.text):
        at = moment_of(javascript_date(named.text))
    if at is None:
        found.add(
            "strict.impossible_date",
            named.at,
            f"'{named.text}' is no moment of the calendar with a time zone",
            "Write one like '2026-01-31T12:00:00Z'.",
        )
    return at


def _is_real_day(text: str) -> bool:
    """A bare day, as the older shapes wrote it: it counts as its first moment in UTC."""
    try:
        datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return len(text) == len("2026-01-31") and text.isascii()


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_delta(raw: RawWaiver, found: FindingCollector) -> Budget | None:
    if "delta" not in raw.value:
        return None
    delta, at = raw.value["delta"], (*raw.at, "delta")
    if not isinstance(delta, dict):
        found.add("strict.delta", at, "'delta' is not a mapping", "Write 'delta: {max_files: 5, max_loc: 200}'.")
        return None
    known = ("max_files", "max_loc")
    for key in delta:
        if key not in known:
            remedy = _meant(key, known) or "Only max_files and max_loc can be added."
            found.add("strict.delta", (*at, key), f"'{key}' is no budget", remedy, at_key=True)
    for key in known:
        if key in delta and not (is_kind(delta[key], "integer") and delta[key] >= 0):
            message = f"'{key}' of the delta is no whole number of at least 0"
            found.add("strict.delta", (*at, key), message, "Write how much it adds; a waiver cannot take away.")
    if "budget_limit" not in [gate.text for gate in raw.gates]:
        found.advise(
            "strict.delta_without_gate",
            at,
            "The delta has no effect, because the waiver does not name budget_limit",
            "Add budget_limit to its gates or remove the delta.",
            at_key=True,
        )
    return _budget(delta)


def _budget(delta: Mapping[str, Any]) -> Budget:
    files, lines = (delta.get(key, 0) for key in ("max_files", "max_loc"))
    return Budget(*(int(value) if is_kind(value, "integer") else 0 for value in (files, lines)))


def _check_approvers(raw: RawWaiver, found: FindingCollector) -> tuple[str, ...]:
    names = [person for person in raw.approvers if person.text.strip()]
    if not names:
        key = "approved_by" if raw.shape in {"vnext", "map"} else "approvers"
        found.add(
            "strict.not_approved", (*raw.at, key), "Nobody approved the waiver", "Name the approver by e-mail address."
        )
    kept: list[str] = []
    for person in names:
        own = next((other for other in raw.interested if same_principal(person.text, other.text)), None)
        if own is None:
            kept.append(person.text)
    if names and not kept:
        found.add(
            "strict.self_approval",
            names[0].at,
            f"'{names[0].text}' approved an exception of their own",
            "Have somebody approve it who neither asked for it nor owns it.",
        )
    return distinct(kept)
