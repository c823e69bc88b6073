"""Turns a working spec of an older profile into vNext, and tells every field that it changed, guessed or dropped.

Nothing is made up: what the new form demands and the old one does not say becomes a gap that a person fills in. The
outcome is judged by the vNext rules before it is called complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.facts import Finding, Severity
from agent_agency.spec import migrate_criteria, migrate_head, migrate_quality
from agent_agency.spec.document import Document
from agent_agency.spec.migrate_lists import text_of
from agent_agency.spec.migrate_scope import convert_scope
from agent_agency.spec.migration_notes import Note, NoteKind, NoteTaker
from agent_agency.spec.model import Profile
from agent_agency.spec.yaml_writer import Gap, write_yaml

_GONE: Mapping[str, str] = {
    "change_budget": "budgets come from the risk tier in .caws/policy.yaml; ask for more by a waiver",
    "waiver_ids": "waivers name the spec, not the other way round; see .caws/waivers",
    "threats": "there is no such list; move what must hold to 'invariants' or 'non_functional.security'",
    "migrations": "there is no such list; describe the steps in 'rollback' or in the change itself",
    "ai_assessment": "there is no such field",
    "human_override": "there is no such field; an exception is a waiver under .caws/waivers",
    "experiment_mode": "there is no such switch; 'experimental_mode' needs a reason and an end",
    "timeboxed_hours": "there is no such field",
}
_CARRIED = ("blockers", "supersedes", "superseded_by", "owner", "closure_notes", "successors", "evidence")
_READ = frozenset(
    (
        "id", "title", "risk_tier", "mode", "type", "status", "resolution", "blast_radius", "operational_rollback_slo",
        "scope", "invariants", "acceptance", "acceptance_criteria", "non_functional", "contracts", "observability",
        "rollback", "experimental_mode", "worktree", "created_at", "updated_at", "lifecycle_state",
        *_CARRIED,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Migration:
    """The outcome for one document.

    ``unchanged`` means that the document is vNext already; ``text`` is then its own. ``findings`` are what the vNext
    rules hold against the outcome beyond the gaps. ``complete`` says that nothing is left for a person to fill in or
    mend. ``spec_id`` is the id that the outcome has, where it has one.
    """

    source: Profile
    unchanged: bool
    complete: bool
    spec_id: str | None
    text: str
    notes: tuple[Note, ...] = ()
    findings: tuple[Finding, ...] = ()


def migrate(document: Document, source: Profile) -> Migration:
    """Convert a document of the given profile to ``caws-vnext``; a vNext document stays as it is."""
    if source is Profile.VNEXT:
        spec_id = document.value.get("id")
        name = spec_id if isinstance(spec_id, str) else None
        return Migration(source, unchanged=True, complete=True, spec_id=name, text=document.source.decode("utf-8-sig"))
    notes = NoteTaker(document)
    new = _convert(notes, document)
    text = write_yaml(new)
    findings = _judged(text, new)
    needed = any(note.kind is NoteKind.NEEDED for note in notes.notes)
    return Migration(
        source,
        unchanged=False,
        complete=not needed and not findings,
        spec_id=new["id"] if isinstance(new["id"], str) else None,
        text=text,
        notes=notes.notes,
        findings=findings,
    )


def _convert(notes: NoteTaker, document: Document) -> dict[str, Any]:
    old: Mapping[str, Any] = document.value
    tier = migrate_head.convert_tier(notes, old)
    new: dict[str, Any] = {
        "id": migrate_head.convert_id(notes, old),
        "title": migrate_head.convert_title(notes, old),
        "risk_tier": tier,
        "mode": migrate_head.convert_mode(notes, old),
        **migrate_head.convert_state(notes, old),
        **migrate_head.convert_worktree(notes, old),
        **_rollback_goal(notes, old),
        "blast_radius": migrate_quality.convert_blast_radius(notes, old),
        "scope": convert_scope(notes, old),
        "invariants": migrate_quality.convert_invariants(notes, old),
        "acceptance": migrate_criteria.convert_acceptance(notes, old),
        "non_functional": migrate_quality.convert_quality(notes, old),
        "contracts": migrate_criteria.convert_contracts(notes, old),
        **migrate_quality.convert_lists(notes, old),
        **migrate_quality.convert_experiment(notes, old, tier),
        **migrate_head.convert_dates(notes, old),
        **{key: old[key] for key in _CARRIED if key in old},
    }
    _tell_dropped(notes, document, new)
    return new


def _rollback_goal(notes: NoteTaker, old: Mapping[str, Any]) -> dict[str, str]:
    name = "operational_rollback_slo"
    goal = text_of(old.get(name))
    if goal is None:
        if name in old:
            notes.dropped((name,), "it is blank")
        return {}
    return {name: goal}


def _tell_dropped(notes: NoteTaker, document: Document, new: Mapping[str, Any]) -> None:
    for key in document.value:
        if key in _GONE:
            notes.dropped((key,), _GONE[key])
        elif key not in _READ and not (key in {"created", "updated"} and f"{key}_at" in new):
            notes.dropped((key,), "there is no such field")
    if any(line.lstrip().startswith(b"#") for line in document.source.splitlines()):
        notes.dropped((), "the comments of the original are not carried over")


def _judged(text: str, new: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What the vNext rules hold against the outcome, leaving out what the gaps explain."""
    from agent_agency.spec.validate import ValidationOptions, validate_spec

    options = ValidationOptions(profile=Profile.VNEXT, parity=True)
    path = f".caws/specs/{new['id']}.yaml" if isinstance(new["id"], str) else "migrated.yaml"
    result = validate_spec(text.encode(), path, options)
    open_places = set(_gaps(new, ()))
    return tuple(
        finding
        for finding in result.findings
        if finding.severity is not Severity.ADVICE and finding.subject not in open_places
    )


def _gaps(value: Any, at: tuple[str | int, ...]) -> list[str]:
    if isinstance(value, Gap):
        return ["/".join(str(part) for part in at)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in _gaps(inner, (*at, key))]
