"""Waivers as files: envelopes to publish on the base, and what of the files can never count again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent_agency.arbitration.waivers.model import Act, WaiverRecord
from agent_agency.arbitration.waivers.statements import read_terms
from agent_agency.clock import rfc3339
from agent_agency.errors import FileUnwritableError, UsageError
from agent_agency.git import Repository
from agent_agency.spec.document_kinds import CAWS_FOLDER, WAIVER_FOLDER, YAML_ENDINGS
from agent_agency.spec.model import Waiver
from agent_agency.spec.waiver import ACTIVE, read_waivers
from agent_agency.workflows.waiver_desk import Desk
from agent_agency.workflows.waiver_evidence import APPROVALS_FOLDER, read_published

_REQUEST, _DENIAL, _REVOCATION = 0, 2, 3
_ORDER: Mapping[str, int] = {
    "waiver_request": _REQUEST,
    "waiver_approval": 1,
    "waiver_denial": _DENIAL,
    "waiver_revocation": _REVOCATION,
}


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that can never count again, and why."""

    path: str
    why: str


def published_path(waiver_id: str) -> str:
    """Where the envelopes of a waiver stand at the base."""
    return f"{APPROVALS_FOLDER}/{waiver_id}.json"


def published_text(desk: Desk, waiver_id: str) -> str:
    """Every sound act about a waiver, as a JSON array of envelopes: the request first, what ended it last.

    Raises:
        UsageError: there is no signed act about it.
    """
    desk_acts = [act for record in desk.records if record.waiver.id == waiver_id for act in _acts(record)]
    if not desk_acts:
        fix = "Sign one with agency waiver approve, or look with agency waiver list --all."
        raise UsageError(f"There is no signed act about {waiver_id} to publish", fix=fix)
    ordered = sorted(desk_acts, key=lambda act: (_ORDER[act.kind], act.at, act.key_id))
    return json.dumps([act.envelope for act in ordered], indent=1, sort_keys=True) + "\n"


def _acts(record: WaiverRecord) -> tuple[Act, ...]:
    return (*([record.request] if record.request else []), *record.approvals, *record.endings)


def stale_files(repo: Repository, now: datetime) -> tuple[Stale, ...]:
    """The files of waivers in the working tree that can never count again, whatever else is found.

    Only what the latest commit holds exactly so is named: git keeps it. A revocation that is published stays as long as
    the waiver could otherwise live.
    """
    root = repo.root
    if root is None:
        return ()
    return tuple(_stale(repo, root, now))


def _stale(repo: Repository, root: Path, now: datetime) -> Iterator[Stale]:
    head = repo.resolve("HEAD")
    gone: dict[str, str] = {}
    for path, data in _untouched(repo, root, head, f"{CAWS_FOLDER}/{WAIVER_FOLDER}/"):
        waivers = [result.waiver for result in read_waivers(data, path)] if path.endswith(YAML_ENDINGS) else []
        ends = {waiver.id: _why_over(waiver, now) for waiver in waivers if waiver is not None}
        whys = [why for why in ends.values() if why]
        if whys and len(whys) == len(waivers):
            gone |= dict.fromkeys(ends, whys[0])
            yield Stale(path, whys[0])
    for path, data in _untouched(repo, root, head, f"{APPROVALS_FOLDER}/"):
        if why := _why_published(path, data, now, gone):
            yield Stale(path, why)


def _untouched(repo: Repository, root: Path, head: str, folder: str) -> Iterator[tuple[str, bytes]]:
    for entry in repo.list_files(head, folder):
        place = root / entry.path
        data = repo.read_blob(head, entry.path)
        if data is not None and not place.is_symlink() and place.is_file() and place.read_bytes() == data:
            yield entry.path, data


def _why_over(waiver: Waiver, now: datetime) -> str | None:
    if waiver.status != ACTIVE:
        return f"its status is {waiver.status}"
    return f"it expired at {rfc3339(waiver.expires_at)}" if waiver.expires_at <= now else None


def _why_published(path: str, data: bytes, now: datetime, gone: Mapping[str, str]) -> str | None:
    """Published acts can go when each request among them has expired; decisions on a file go with the file."""
    if not path.endswith(".json"):
        return None
    ends = [moment for moment in map(_expiry, read_published(data)) if moment is not None]
    if not ends:
        return gone.get(path.removeprefix(f"{APPROVALS_FOLDER}/").removesuffix(".json"))
    return f"it expired at {rfc3339(max(ends))}" if all(moment <= now for moment in ends) else None


def _expiry(envelope: Any) -> datetime | None:
    from agent_agency.attestation.envelope import read_envelope
    from agent_agency.attestation.statement import read_statement

    try:
        terms, _ = read_terms(read_statement(read_envelope(envelope).payload))
    except ValueError:
        return None
    return terms.expires_at


def remove_files(repo: Repository, stale: tuple[Stale, ...]) -> None:
    """Take files out of the working tree.

    Raises:
        FileUnwritableError: one cannot be removed; those before it are gone, and git holds them.
    """
    root = repo.root
    if root is None:
        return
    for file in stale:
        try:
            (root / file.path).unlink()
        except OSError as error:
            raise FileUnwritableError(
                f"The file could not be removed: {error.strerror or error}", fix="Remove it yourself.", path=file.path
            ) from error
