"""Brings the working specs of a project to vNext: finds them, plans each, writes what is complete."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from agent_agency.errors import FileUnwritableError, UsageError
from agent_agency.facts import Finding
from agent_agency.spec.document import MAX_BYTES, Document, load_document
from agent_agency.spec.document_kinds import CAWS_FOLDER, SINGLE_SPEC_NAMES, SPEC_FOLDER
from agent_agency.spec.migrate import Migration, migrate
from agent_agency.spec.model import Profile
from agent_agency.workflows.read_file import read_at_most
from agent_agency.workflows.whole_file import write_whole

_SPECS = Path(CAWS_FOLDER, SPEC_FOLDER)


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """What would become of one file.

    ``findings`` say why there is no ``migration``. ``target`` is where the outcome belongs, relative to the project, or
    ``None`` where the outcome has no id yet.
    """

    path: Path
    target: Path | None
    migration: Migration | None
    findings: tuple[Finding, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nothing is left for a person to do."""
        return self.migration is not None and self.migration.complete


def project_root(start: Path) -> Path:
    """The nearest folder upwards that holds ``.caws``, else ``start`` itself."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / CAWS_FOLDER).is_dir() and folder.name != CAWS_FOLDER:
            return folder
    return start


def find_specs(root: Path) -> tuple[Path, ...]:
    """The files of a project that hold working specs, the single one first.

    Raises:
        UsageError: there is none.
    """
    single = [root / CAWS_FOLDER / name for name in SINGLE_SPEC_NAMES if (root / CAWS_FOLDER / name).is_file()]
    folder = root / _SPECS
    several = sorted(path for pattern in ("*.yaml", "*.yml") for path in folder.glob(pattern) if path.is_file())
    found = (*single, *several)
    if not found:
        raise UsageError(
            f"There is no working spec under {root / CAWS_FOLDER}", fix="Name the file: agency spec migrate FILE."
        )
    return found


def plan_migration(path: Path, profile: Profile | None = None) -> PlannedMigration:
    """Read one file and convert it in memory; nothing is written.

    Args:
        path: the file.
        profile: the profile that it is in, where it shall not be told by its fields.

    Raises:
        FileUnreadableError: the file cannot be read.
    """
    document = load_document(_source(path), str(path))
    if not isinstance(document, Document):
        return PlannedMigration(path, None, None, document)
    if profile is None:
        from agent_agency.spec.profiles import detect_profile

        detection = detect_profile(document)
        if detection.profile is None:
            return PlannedMigration(path, None, None, (detection.refusal,) if detection.refusal else ())
        profile = detection.profile
    if profile is not Profile.VNEXT:
        document = _as_written_then(document)
    outcome = migrate(document, profile)
    target = path if outcome.unchanged else _SPECS / f"{outcome.spec_id}.yaml" if outcome.spec_id else None
    return PlannedMigration(path, target, outcome)


def _as_written_then(document: Document) -> Document:
    """The document as the command lines of its time read it, merge keys included; dates stay as they are written."""
    from agent_agency.spec.reference_cli import plain_data

    again = load_document(document.source, document.path, javascript_types=True)
    return replace(again, value=plain_data(again.value)) if isinstance(again, Document) else document


def _source(path: Path) -> bytes:
    return read_at_most(path, MAX_BYTES, str(path))


def write_planned(plan: PlannedMigration, root: Path) -> Path:
    """Write a complete outcome to its place and keep the original beside it, as ``<name>.orig``.

    Returns:
        Where the original is kept.

    Raises:
        UsageError: something else is at the target, or at the place of the original.
        FileUnwritableError: a file could not be written; the original is as it was.
    """
    if plan.migration is None or plan.target is None:
        raise ValueError("only a plan with an outcome can be written")
    target = root / plan.target
    kept = plan.path.with_name(f"{plan.path.name}.orig")
    _refuse_outside(target, root)
    original = _source(plan.path)
    in_place = _same_file(target, plan.path)
    if not in_place:
        _refuse_other(target, plan.migration.text.encode())
    _refuse_other(kept, original)
    was_kept = kept.exists()
    write_whole(kept, original)
    try:
        write_whole(target, plan.migration.text.encode(), parents=True)
    except FileUnwritableError:
        if not was_kept:
            kept.unlink(missing_ok=True)
        raise
    if not in_place:
        plan.path.unlink()
    return kept


def write_output(plan: PlannedMigration, output: Path) -> None:
    """Write an outcome, gaps included, to a file that does not exist yet.

    Raises:
        UsageError: something else is there.
        FileUnwritableError: it could not be written.
    """
    if plan.migration is None:
        raise ValueError("only a plan with an outcome can be written")
    text = plan.migration.text.encode()
    _refuse_other(output, text)
    write_whole(output, text, parents=True)


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def _refuse_outside(target: Path, root: Path) -> None:
    if not target.parent.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            "The folder of specs leads outside the project", fix="Use --output FILE to say where to write."
        )


def _refuse_other(target: Path, content: bytes) -> None:
    """Anything already at the target must be the very same content."""
    if os.path.lexists(target) and not (target.is_file() and _source(target) == content):
        raise UsageError(
            f"{target} exists and holds something else", fix="Move it away, or use --output with another name."
        )
