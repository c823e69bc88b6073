"""A waiver as a file to be put on the base branch: written in one shape and held to the law before it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent_agency.errors import UsageError
from agent_agency.git import Repository
from agent_agency.spec.document_kinds import CAWS_FOLDER, WAIVER_FOLDER
from agent_agency.spec.model import Budget, Waiver, WaiverResult
from agent_agency.spec.waiver import ACTIVE, read_waiver, write_waiver
from agent_agency.workflows.init import PlannedFile
from agent_agency.workflows.law import Law, read_law

USUAL_DAYS = 14


@dataclass(frozen=True, slots=True)
class AskedWaiver:
    """What a person says of a waiver; ``None`` leaves the usual: the next free id, a plain title, two weeks."""

    gates: tuple[str, ...]
    spec_id: str
    reason: str
    approvers: tuple[str, ...]
    waiver_id: str | None = None
    title: str | None = None
    requester: str | None = None
    days: int | None = None
    delta: Budget | None = None
    max_uses: int | None = None


def plan_waiver(repo: Repository, asked: AskedWaiver, now: datetime) -> PlannedFile:
    """Plan the file of a waiver that is valid under the law of ``HEAD``.

    Raises:
        UsageError: when there is no such spec, the id is taken, or the law refuses the waiver.
        UnknownRevisionError: before the first commit.
        GitError: when the law cannot be read.
    """
    law = read_law(repo, repo.resolve("HEAD"), now)
    _check_spec(law, asked.spec_id)
    waiver_id = _free_id(repo, law) if asked.waiver_id is None else asked.waiver_id
    path = _path(waiver_id)
    if _taken(repo, law)(waiver_id):
        raise UsageError(f"A waiver {waiver_id} exists already", fix="Choose another id with --id.", path=path)
    days = min(USUAL_DAYS, law.limits.waiver_max_days) if asked.days is None else asked.days
    begins = now.replace(microsecond=0)
    waiver = Waiver(
        id=waiver_id,
        title=asked.title or f"Waive {', '.join(asked.gates)} for {asked.spec_id}",
        status=ACTIVE,
        gates=asked.gates,
        reason=asked.reason,
        approvers=asked.approvers,
        requester=asked.requester,
        created_at=begins,
        expires_at=begins + timedelta(days=days),
        spec_id=asked.spec_id,
        max_uses=asked.max_uses,
        delta=asked.delta,
        path=path,
        digest="",
    )
    return PlannedFile(path, _lawful_text(waiver, law))


def _path(waiver_id: str) -> str:
    return f"{CAWS_FOLDER}/{WAIVER_FOLDER}/{waiver_id}.yaml"


def _check_spec(law: Law, spec_id: str) -> None:
    known = [spec.id for spec in law.specs if spec.id]
    if spec_id not in known:
        raise UsageError(f"HEAD holds no spec {spec_id!r}", fix=f"Name one with --spec: {', '.join(known) or 'none'}.")


def _taken(repo: Repository, law: Law) -> Callable[[str], bool]:
    ids = {result.waiver.id for result in law.waivers if result.waiver} | {
        result.path.rpartition("/")[2].partition(".")[0] for result in law.waivers
    }
    return lambda waiver_id: waiver_id in ids or (repo.root is not None and (repo.root / _path(waiver_id)).exists())


def _free_id(repo: Repository, law: Law) -> str:
    taken = _taken(repo, law)
    number = 1
    while taken(f"WV-{number}"):
        number += 1
    return f"WV-{number}"


def _lawful_text(waiver: Waiver, law: Law) -> str:
    try:
        data = write_waiver(waiver)
    except ValueError as error:
        raise UsageError(f"The waiver cannot be written: {error}", fix="Give --approved-by as addresses.") from error
    gates = tuple(gate.name for gate in law.config.gates)
    result = read_waiver(data, waiver.path, limits=law.limits, policy=law.policy, own_gates=gates)
    if not result.valid:
        raise _refused(result)
    return data.decode()


def _refused(result: WaiverResult) -> UsageError:
    first = next((found for found in result.findings if found.severity.rank), result.findings[0])
    return UsageError(f"The law refuses this waiver: {first.message}", fix=first.remedy, path=result.path)
