"""Reads waivers in their four shapes and writes them in one.

A waiver that is read here is valid; whether it is in force for a change is ``waiver_force``'s question.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from agent_agency.config import LawLimits
from agent_agency.facts import Finding
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.model import Policy, Waiver, WaiverResult

ACTIVE = "active"


def read_waiver(
    data: bytes,
    path: str,
    *,
    parity: bool = False,
    limits: LawLimits | None = None,
    policy: Policy | None = None,
    own_gates: Collection[str] = (),
) -> WaiverResult:
    """Read a file that holds one waiver; of a file with several, the first invalid one or else the first.

    Args:
        data: the file's bytes.
        path: the path that findings name.
        parity: judge exactly as the 12.0.0 reference does, which knows the vNext shape only.
        limits: the law's own limits; the defaults where there are none.
        policy: the policy in force; it may name further gates and a maximum duration.
        own_gates: names of the gates that ``agency.toml`` configures.
    """
    results = read_waivers(data, path, parity=parity, limits=limits, policy=policy, own_gates=own_gates)
    return next((result for result in results if not result.valid), results[0])


def read_waivers(
    data: bytes,
    path: str,
    *,
    parity: bool = False,
    limits: LawLimits | None = None,
    policy: Policy | None = None,
    own_gates: Collection[str] = (),
) -> tuple[WaiverResult, ...]:
    """Read every waiver of a file; the arguments are those of ``read_waiver``. There is always at least one result."""
    document = load_document(data, path, kind="waiver")
    if not isinstance(document, Document):
        return (_as_object_problem(document, path) if parity else WaiverResult(path, valid=False, findings=document),)
    if parity:
        return (_read_as_kernel(document),)
    from agent_agency.spec.waiver_shapes import raw_waivers

    raws = list(raw_waivers(document.value))
    if not raws:
        found = FindingCollector(document, "waiver")
        found.add("shape.no_waiver", (), "The file holds no waiver", "Remove the file or write a waiver into it.")
        return (WaiverResult(path, valid=False, findings=found.findings),)
    return tuple(_read_one(document, raw, limits or LawLimits(), policy, own_gates) for raw in raws)


def _as_object_problem(findings: tuple[Finding, ...], path: str) -> WaiverResult:
    """In parity: the kernel takes whatever is no object for a waiver without an id."""
    from dataclasses import replace

    renamed = tuple(
        replace(finding, rule="waiver.schema.invalid_id") if _is_no_object(finding) else finding for finding in findings
    )
    return WaiverResult(path, valid=False, findings=renamed)


def _is_no_object(finding: Finding) -> bool:
    return finding.rule in {"waiver.yaml.not_an_object", "waiver.yaml.empty_document"}


def _read_as_kernel(document: Document) -> WaiverResult:
    from agent_agency.spec import waiver_vnext
    from agent_agency.spec.javascript_dates import javascript_date, moment_of

    found = FindingCollector(document, "waiver")
    value = document.value
    waiver_vnext.check(value, found, (), parity=True)
    if found.refused:
        return WaiverResult(document.path, valid=False, findings=found.findings)
    waiver = Waiver(
        id=value["id"],
        title=value["title"],
        status=value["status"],
        gates=tuple(value["gates"]),
        reason=value["reason"],
        approvers=(value["approved_by"],),
        requester=None,
        created_at=moment_of(javascript_date(value["created_at"])),
        expires_at=moment_of(javascript_date(value["expires_at"])),
        spec_id=(value.get("scope") or {}).get("spec_id"),
        max_uses=(value.get("constraints") or {}).get("max_uses"),
        delta=None,
        path=document.path,
        digest=document.digest,
    )
    return WaiverResult(document.path, valid=True, findings=found.findings, waiver=waiver)


def _read_one(
    document: Document, raw: Any, limits: LawLimits, policy: Policy | None, own_gates: Collection[str]
) -> WaiverResult:
    from agent_agency.spec import waiver_shapes, waiver_stricter, waiver_vnext

    found = FindingCollector(document, "waiver")
    if raw.shape == "vnext":
        waiver_vnext.check(raw.value, found, raw.at, parity=False)
    else:
        waiver_shapes.check_shape(raw, found)
    judged = waiver_stricter.judge(raw, found, limits, policy, own_gates)
    if found.refused or judged.expires_at is None:
        return WaiverResult(document.path, valid=False, findings=found.findings)
    waiver = Waiver(
        id=raw.id,
        title=" ".join(raw.title.split()),
        status=raw.status,
        gates=tuple(dict.fromkeys(gate.text for gate in raw.gates)),
        reason=raw.reason,
        approvers=judged.approvers,
        requester=raw.interested[0].text if raw.interested else None,
        created_at=judged.created_at,
        expires_at=judged.expires_at,
        spec_id=raw.spec_id,
        max_uses=raw.max_uses,
        delta=judged.delta,
        path=document.path,
        digest=document.digest,
    )
    return WaiverResult(document.path, valid=True, findings=found.findings, waiver=waiver)


def write_waiver(waiver: Waiver) -> bytes:
    """Write a waiver as vNext plus ``delta``, as YAML that this module and the reference read back.

    Several approvers are written into ``approved_by``, separated by commas, so they must be addresses or handles.

    Raises:
        ValueError: when the reference would not accept it (no ``created_at``, a status that is derived, names that
            cannot be told apart).
    """
    import yaml

    from agent_agency.spec.waiver_shapes import split_people

    approved_by = ", ".join(waiver.approvers)
    if waiver.created_at is None or waiver.status != ACTIVE:
        raise ValueError("only an active waiver with a moment of creation can be written")
    if split_people(approved_by) != waiver.approvers:
        raise ValueError("approvers must be e-mail addresses or handles")
    value: dict[str, Any] = {
        "id": waiver.id,
        "title": waiver.title,
        "status": waiver.status,
        "gates": list(waiver.gates),
        "reason": waiver.reason,
        "approved_by": approved_by,
        "created_at": _written(waiver.created_at),
        "expires_at": _written(waiver.expires_at),
    }
    if waiver.requester is not None:
        value["requested_by"] = waiver.requester
    if waiver.spec_id is not None:
        value["scope"] = {"spec_id": waiver.spec_id}
    if waiver.max_uses is not None:
        value["constraints"] = {"max_uses": waiver.max_uses}
    if waiver.delta is not None:
        value["delta"] = {"max_files": waiver.delta.max_files, "max_loc": waiver.delta.max_loc}
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
