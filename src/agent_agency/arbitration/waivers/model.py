"""What people do about a waiver, as values.

A waiver is asked for in a signed request, or stands as a file at the base. Approvals, denials and revocations are
signed acts over its digest. What follows from them is a pure fold (module ``fold``) over the acts that are sound: each
act here carries a signature that was verified, made by a principal whom the base lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.spec.model import Budget, Waiver

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principal

APPROVER = "approver"


class ActKind(StrEnum):
    """The kinds of statement that concern a waiver."""

    REQUEST = "waiver_request"
    APPROVAL = "waiver_approval"
    DENIAL = "waiver_denial"
    REVOCATION = "waiver_revocation"


ENTRY_KINDS: Mapping[ActKind, str] = MappingProxyType(
    {
        ActKind.REQUEST: "waiver_requested",
        ActKind.APPROVAL: "waiver_approved",
        ActKind.DENIAL: "waiver_denied",
        ActKind.REVOCATION: "waiver_revoked",
    }
)
"""Under which kind of ledger entry each act is recorded."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request asks for.

    ``gates`` and ``rules`` are named one by one; at least one of them. ``spec_id`` or ``paths`` bound it, or both.
    ``delta`` is what it adds to the budget, ``max_uses`` how many changes may need it. ``requester`` is the name of the
    principal who signs. ``base`` is the commit whose law was asked about.
    """

    id: str
    gates: tuple[str, ...]
    rules: tuple[str, ...]
    spec_id: str | None
    paths: tuple[str, ...]
    reason: str
    requester: str
    created_at: datetime
    expires_at: datetime
    base: str
    max_uses: int | None = None
    delta: Budget | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One sound act: its signature verified, and its signer is listed.

    ``digest`` names what it is about: the payload of the request, or the file. ``at`` is the moment that the signer
    states. ``chain`` is the chain of the ledger that the signer had before them. ``where``
    says where it was found, fit for a report. ``terms`` are those of a request, ``note`` what the signer wrote.
    """

    kind: ActKind
    waiver_id: str
    digest: str
    at: datetime
    signer: Principal
    key_id: str
    base: str
    chain: str
    where: str
    note: str = ""
    terms: Terms | None = None
    envelope: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Discarded:
    """Something that claims to be an act and counts for nothing: where it was found, and why, as a clause."""

    kind: str
    waiver_id: str
    where: str
    why: str


@dataclass(frozen=True, slots=True)
class WaiverRecord:
    """One waiver and every sound act about it.

    ``request`` is the signed request; ``None`` where the waiver is a file at the base. ``waiver`` is its content, with
    nobody as approver where the approvals are signatures. ``stray`` are acts about the same id that are about another
    content.
    """

    waiver: Waiver
    digest: str
    request: Act | None
    approvals: tuple[Act, ...] = ()
    endings: tuple[Act, ...] = ()
    stray: tuple[Act, ...] = ()


class WaiverState(StrEnum):
    """How a waiver stands. Only ``approved`` can be in force."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True)
class WeighedApproval:
    """An approval and whether it counts; ``why`` is the reason that it does not, as a clause."""

    act: Act
    counts: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a waiver stands at one moment; ``why`` is the reason that it is not approved, as a clause."""

    state: WaiverState
    approvals: tuple[WeighedApproval, ...]
    approvers: tuple[Principal, ...]
    quorum: int
    why: str | None = None
