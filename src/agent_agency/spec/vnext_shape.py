"""The shape of a ``caws-vnext`` spec: fields, types, vocabularies, patterns, with the reference's rule ids.

Source: ``spec.v1.json`` of CAWS 12.0.0 as its schema library reads it with all errors reported. Two habits of that
library show in the answers: a wrong type does not stop the vocabulary check of the same value (two rule ids), and a
``scope.out`` entry that is no text counts as a glob too. The reader is written out by hand because a hook runs it on
every edit, where loading a schema library would cost more than everything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from agent_agency.facts import Finding
from agent_agency.spec.document import Document
from agent_agency.spec.finding_collector import FindingCollector

Pointer: TypeAlias = tuple[str | int, ...]
Check: TypeAlias = Callable[[FindingCollector, Pointer, Any], None]

_VIOLATION: Final = "schema.violation"
_ID: Final = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+[a-z]*")
_CRITERION: Final = re.compile(r"A[0-9]+")
_WORKTREE: Final = re.compile(r"[a-zA-Z0-9_-]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")
_ID_FORM: Final = "Write capitals, dashes and a number, such as 'PAY-42' or 'AUTH-API-7b'."
_CRITERION_FORM: Final = "Write a capital A and a number, such as 'A1'."
_TITLE_LIMIT: Final = 200
_MOST_HINTS: Final = 50
"""For how many unknown keys a near name is sought: beyond it is no slip of the pen."""

_FORBIDDEN: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "change_budget": (
            "change_budget",
            "Remove it: budgets come from risk_tiers in .caws/policy.yaml, and a waiver may add to them.",
        ),
        "acceptance_criteria": ("acceptance_criteria", "Rename it to 'acceptance'."),
        "include": ("scope_include", "Rename it to 'in'."),
        "exclude": ("scope_exclude", "Rename it to 'out'."),
        "status": ("status", "Use lifecycle_state: draft, active, closed or archived."),
    }
)
"""Unknown keys that have a rule id of their own, at whatever depth they stand."""

_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "Add an id such as 'PAY-42'.",
        "title": f"Add a title of 1 to {_TITLE_LIMIT} characters.",
        "risk_tier": "Add 'risk_tier: 1', 2 or 3; 1 is the strictest.",
        "mode": "Add a mode: feature, refactor, fix, doc or chore.",
        "lifecycle_state": "Add 'lifecycle_state: draft', active, closed or archived.",
        "blast_radius": "Add blast_radius with a list 'modules'.",
        "modules": "Add a list 'modules' with at least one entry.",
        "scope": "Add scope with a list 'in' of the paths that the change may touch.",
        "in": "Add a list 'in' of the paths that the change may touch.",
        "invariants": "Add a list 'invariants' with what must stay true.",
        "acceptance": "Add a list 'acceptance' with id, given, when and then for each criterion.",
        "non_functional": "Add 'non_functional: {}', or lists security, performance, accessibility, reliability.",
        "contracts": "Add a list 'contracts'; 'contracts: []' is enough on tier 3.",
    }
)

_PARENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "modules": "blast_radius",
        "data_migration": "blast_radius",
        "in": "scope",
        "out": "scope",
        "support": "scope",
        "security": "non_functional",
        "performance": "non_functional",
        "accessibility": "non_functional",
        "reliability": "non_functional",
    }
)
"""Where a key belongs that is unknown at the top."""


def check_shape(document: Document) -> tuple[Finding, ...]:
    """Check the shape; no finding means that every field has the type that its name promises."""
    found = FindingCollector(document, "spec")
    _SPEC(found, (), document.value)
    return found.findings


def _text(
    *,
    least: int = 0,
    most: int | None = None,
    form: re.Pattern[str] | None = None,
    rule: str = _VIOLATION,
    hint: str = "",
) -> Check:
    """A text of a length in code points, of a form; ``rule`` is the rule id of a wrong form."""

    def check(found: FindingCollector, at: Pointer, value: Any) -> None:
        if type(value) is not str:
            _wrong_type(
                found, at, "a text", "Write a text; put it in quotes if it looks like a number or a word such as true."
            )
            return
        if len(value) < least:
            found.add(_VIOLATION, at, f"{_name(at)} is empty", f"Write it. {hint}".rstrip())
        if most is not None and len(value) > most:
            found.add(_VIOLATION, at, f"{_name(at)} has {len(value)} characters; {most} are allowed", "Shorten it.")
        if form is not None and not form.fullmatch(value):
            found.add(rule, at, f"{_name(at)} has not the required form: {_shown(value)}", hint)

    return check


def _choice(*words: str, rule: str = _VIOLATION) -> Check:
    """One word of a vocabulary; ``rule`` is the rule id of any other value."""
    allowed = frozenset(words)

    def check(found: FindingCollector, at: Pointer, value: Any) -> None:
        if type(value) is str and value in allowed:
            return
        if type(value) is not str:
            _wrong_type(found, at, "a text", f"Write one of: {', '.join(words)}.")
        from agent_agency.spec.near_miss import did_you_mean

        near = did_you_mean(value, words)
        hint = f"Did you mean '{near}'? " if near else ""
        message = f"{_name(at)} is {_shown(value)}, which is not in its vocabulary"
        found.add(rule, at, message, f"{hint}Write one of: {', '.join(words)}.")

    return check


def _list(item: Check, *, least: int = 0, rule: str = _VIOLATION) -> Check:
    """A list; ``rule`` is the rule id of one that is too short."""

    def check(found: FindingCollector, at: Pointer, value: Any) -> None:
        if type(value) is not list:
            _wrong_type(found, at, "a list", "Write a list: one '- ' line for each entry, or [] for none.")
            return
        if len(value) < least:
            found.add(rule, at, f"{_name(at)} is empty", "Add at least one entry.")
        for index, entry in enumerate(value):
            item(found, (*at, index), entry)

    return check


def _object(required: tuple[str, ...], fields: Mapping[str, Check]) -> Check:
    """An object with known keys only."""

    def check(found: FindingCollector, at: Pointer, value: Any) -> None:
        if type(value) is not dict:
            _wrong_type(found, at, "an object", "Write 'key: value' lines below the name.")
            return
        for key in required:
            if key not in value:
                _missing(found, (*at, key), value, fields)
        for key, entry in value.items():
            known = fields.get(key)
            if known is None:
                _unknown_key(found, (*at, key), fields)
            else:
                known(found, (*at, key), entry)

    return check


def _missing(found: FindingCollector, at: Pointer, value: Mapping[str, Any], fields: Mapping[str, Check]) -> None:
    from agent_agency.spec.near_miss import did_you_mean

    key = str(at[-1])
    strangers = [other for other in value if other not in fields]
    near = next((other for other in strangers[:_MOST_HINTS] if did_you_mean(other, [key])), None)
    advice = f"Did you write {_shown(near)} instead?" if near else _ADVICE.get(key, f"Add '{key}'.")
    found.add(_VIOLATION, at, f"{_name(at)} is missing", advice)


def _unknown_key(found: FindingCollector, at: Pointer, fields: Mapping[str, Check]) -> None:
    key = str(at[-1])
    if key in _FORBIDDEN:
        rule, remedy = _FORBIDDEN[key]
        found.add(
            f"schema.forbidden_field.{rule}", at, f"{_name(at)} is not allowed in this profile", remedy, at_key=True
        )
        return
    if len(at) == 1 and key in _PARENTS:
        remedy = f"Move it below '{_PARENTS[key]}'."
    else:
        remedy = _meant(key, fields) if found.count < _MOST_HINTS else "Remove it."
    found.add(_VIOLATION, at, f"{_name(at)} is not a known field", remedy, at_key=True)


def _meant(key: str, fields: Mapping[str, Check]) -> str:
    from agent_agency.spec.near_miss import did_you_mean

    near = did_you_mean(key, fields)
    return f"Did you mean '{near}'?" if near else f"Remove it; known here are: {', '.join(fields)}."


def _risk_tier(found: FindingCollector, at: Pointer, value: Any) -> None:
    if not _is_integer(value):
        message = f"'risk_tier' is {_shown(value)}, not a whole number"
        found.add(
            "schema.risk_tier.type_rejected", at, message, "Write the number 1, 2 or 3, without quotes or letters."
        )
    if type(value) is bool or value not in (1, 2, 3):
        message = f"'risk_tier' is {_shown(value)}; there are the tiers 1, 2 and 3"
        found.add("schema.risk_tier.out_of_range", at, message, "Write 1 (strictest), 2 or 3.")


def _scope_out_entry(found: FindingCollector, at: Pointer, value: Any) -> None:
    _ENTRY(found, at, value)
    if type(value) is not str or "*" in value or "?" in value:
        message = f"{_name(at)} is {_shown(value)}, but an exclusion is a plain path without * and ?"
        found.add(
            "schema.scope.out_glob_forbidden", at, message, "Name the folder or file itself, such as 'src/generated'."
        )


def _boolean(found: FindingCollector, at: Pointer, value: Any) -> None:
    if type(value) is not bool:
        _wrong_type(found, at, "true or false", "Write true or false, without quotes.")


def _integer(found: FindingCollector, at: Pointer, value: Any) -> None:
    if not _is_integer(value):
        _wrong_type(found, at, "a whole number", "Write a whole number, without quotes.")


def _moment(found: FindingCollector, at: Pointer, value: Any) -> None:
    from agent_agency.spec.datetimes import is_date_time

    if type(value) is not str:
        _wrong_type(found, at, "a date with time", "Write it as text, such as '2026-01-31T08:00:00Z'.")
    elif not is_date_time(value):
        message = f"{_name(at)} is {_shown(value)}, not a date with time and zone"
        found.add(_VIOLATION, at, message, "Write it such as '2026-01-31T08:00:00Z'; the zone is required.")


def _is_integer(value: Any) -> bool:
    kind = type(value)
    return kind is int or (kind is float and math.isfinite(value) and value.is_integer())


def _wrong_type(found: FindingCollector, at: Pointer, wanted: str, remedy: str) -> None:
    found.add(_VIOLATION, at, f"{_name(at)} is not {wanted}", remedy)


def _name(at: Pointer) -> str:
    name = ""
    for part in at:
        name += f"[{part}]" if type(part) is int else f".{part}"
    return f"'{name.lstrip('.')}'" if name else "The document"


def _shown(value: Any) -> str:
    limit = 50
    if type(value) in {list, dict}:
        return "a list" if type(value) is list else "an object"
    text = {None: "empty", True: "true", False: "false"}.get(value) if type(value) in {bool, type(None)} else None
    text = text or (repr(value) if type(value) is not str else f"'{value}'")
    return text if len(text) <= limit else text[: limit - 1] + "…"


_ANY_TEXT: Final = _text()
_ENTRY: Final = _text(least=1)
_TEXTS: Final = _list(_ANY_TEXT)
_ENTRIES: Final = _list(_ENTRY)
_SPEC_ID: Final = _text(form=_ID, hint=_ID_FORM)
_CRITERION_ID: Final = _text(form=_CRITERION, hint=_CRITERION_FORM)

_SPEC: Final = _object(
    (
        "id", "title", "risk_tier", "mode", "lifecycle_state", "blast_radius", "scope", "invariants", "acceptance",
        "non_functional", "contracts",
    ),
    {
        "id": _text(least=1, form=_ID, rule="schema.id.pattern_violation", hint=_ID_FORM),
        "title": _text(least=1, most=_TITLE_LIMIT),
        "risk_tier": _risk_tier,
        "mode": _choice("feature", "refactor", "fix", "doc", "chore", rule="schema.mode.development_removed"),
        "lifecycle_state": _choice("draft", "active", "closed", "archived"),
        "resolution": _choice("completed", "superseded", "abandoned"),
        "blockers": _list(_object(("reason",), {"reason": _ENTRY, "waiting_on": _ANY_TEXT, "since": _moment})),
        "supersedes": _SPEC_ID,
        "superseded_by": _SPEC_ID,
        "successors": _list(
            _object(
                ("target_spec_id", "disposition"),
                {
                    "target_spec_id": _SPEC_ID,
                    "disposition": _choice("required", "declined", "absorbed"),
                    "rationale": _ENTRY,
                    "absorbed_by": _SPEC_ID,
                },
            )
        ),
        "worktree": _text(form=_WORKTREE, hint="Use letters, digits, '_' and '-' only."),
        "operational_rollback_slo": _ANY_TEXT,
        "blast_radius": _object(("modules",), {"modules": _list(_ENTRY, least=1), "data_migration": _boolean}),
        "scope": _object(
            ("in",),
            {
                "in": _list(_ENTRY, least=1, rule="schema.scope.in_empty"),
                "out": _list(_scope_out_entry),
                "support": _ENTRIES,
            },
        ),
        "invariants": _list(_ENTRY, least=1),
        "acceptance": _list(
            _object(
                ("id", "given", "when", "then"),
                {
                    "id": _CRITERION_ID,
                    "given": _ENTRY,
                    "when": _ENTRY,
                    "then": _ENTRY,
                    "test_command": _ANY_TEXT,
                    "test_nodeids": _TEXTS,
                    "evidence": _ANY_TEXT,
                    "narrative": _ANY_TEXT,
                },
            ),
            least=1,
        ),
        "non_functional": _object(
            (), {"performance": _TEXTS, "security": _TEXTS, "accessibility": _TEXTS, "reliability": _TEXTS}
        ),
        "contracts": _list(
            _object(
                ("name", "type"),
                {
                    "name": _ENTRY,
                    "type": _choice("api", "schema", "contract-test", "behavior"),
                    "path": _ANY_TEXT,
                    "description": _ANY_TEXT,
                },
            )
        ),
        "observability": _TEXTS,
        "rollback": _TEXTS,
        "experimental_mode": _object(
            ("enabled", "rationale", "expires_at"), {"enabled": _boolean, "rationale": _ENTRY, "expires_at": _moment}
        ),
        "created_at": _moment,
        "updated_at": _moment,
        "owner": _ANY_TEXT,
        "closure_notes": _ANY_TEXT,
        "evidence": _list(
            _object(
                ("criterion_id", "status", "recorded_at"),
                {
                    "criterion_id": _CRITERION_ID,
                    "status": _choice("pass", "fail", "unchecked", "waived"),
                    "evidence_ref": _ENTRY,
                    "waiver_reason": _ENTRY,
                    "recorded_at": _moment,
                    "test_nodeid": _ANY_TEXT,
                    "command": _ANY_TEXT,
                    "exit_code": _integer,
                    "artifact_path": _ANY_TEXT,
                    "commit_sha": _text(form=_COMMIT, hint="Write 7 to 40 digits of the commit id, in lower case."),
                },
            )
        ),
    },
)  # fmt: skip
