"""People who ask for waivers in an attack, and what a program of the same user writes past the commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adversary.harness import Scene
from agent_agency.arbitration.ruling import Ruling
from agent_agency.arbitration.waivers.model import ENTRY_KINDS, ActKind, Terms
from agent_agency.arbitration.waivers.statements import Decided, decision_statement, subject_of
from agent_agency.attestation.signer import Ed25519Signer, sign_statement
from agent_agency.cli.services import machine_services
from agent_agency.identity import random_id
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.opening import open_ledger
from agent_agency.workflows.record import UnrecordedRulingError
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from agent_agency.workflows.waiver_acts import chain_of, digest_of, sign_request
from support.ledgers import TickingClock
from support.principals import TestPrincipal, make_principal, principals_toml
from support.waivers import REASON, Court

ANN = make_principal("ann", ["approver"])
BOB = make_principal("bob", ["approver"])
REX = make_principal("rex", ["requester"])
MAL = make_principal("mal", ["requester", "approver", "reviewer"])
"""The judged party, where the base lists them: their keys are their own."""

ANNEX = make_principal("ann's other key", ["approver"])
MALEX = make_principal("mal's other key", ["approver"])

NO_COMMIT = "f" * 40
OTHER_CHAIN = "e" * 32


def table(person: TestPrincipal, *more: TestPrincipal) -> str:
    """The table of a principal who has the keys of others as well."""
    keys = ", ".join(f'"{one.signer.public_key.line()}"' for one in (person, *more))
    roles = ", ".join(f'"{role}"' for role in person.roles)
    return f'[[principal]]\nname = "{person.name}"\naddress = "{person.address}"\nroles = [{roles}]\nkeys = [{keys}]\n'


def open_court(
    scene: Scene,
    *people: TestPrincipal,
    listing: str | None = None,
    config: str | None = None,
    author: str | None = None,
    message: str = "Add a note",
    files: Mapping[str, str] | None = None,
) -> Court:
    """List people at the base; ``work`` adds a file that is out of scope, unless others are given."""
    known = people or (ANN, BOB, REX)
    repo = scene.repo
    repo.checkout("main")
    if config is not None:
        repo.write("agency.toml", config)
    repo.commit("List", **{".agency/principals.toml": principals_toml(known) if listing is None else listing})
    repo.git("checkout", "-q", "-B", "work", "main")
    for name, content in (files or {"NOTES.md": "a note\n"}).items():
        repo.write(name, content)
    repo.git("add", "-A")
    name, _, address = (author or "Test Author <author@example.org>").partition(" <")
    who = ["-c", f"user.name={name}", "-c", f"user.email={address.rstrip('>')}"]
    repo.git(*who, "commit", "-q", "-m", message)
    return Court(repo, {one.name: one for one in known}, datetime.now(UTC))


def ledger_of(court: Court) -> Ledger:
    """The record, as any program of the same user opens it."""
    return open_ledger(court.repo.path / ".git" / "agency", TickingClock(), random_id, os.environ)


def terms_of(court: Court, by: TestPrincipal, **changed: Any) -> Terms:
    """What somebody asks for: to leave the scope of FEAT-1 for two weeks, unless told otherwise."""
    began = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    asked = Terms(
        id="WV-1",
        gates=("scope_boundary",),
        rules=(),
        spec_id="FEAT-1",
        paths=(),
        reason=REASON,
        requester=by.name,
        created_at=began,
        expires_at=began + timedelta(days=14),
        base=court.repo.git("rev-parse", "main"),
    )
    return replace(asked, **changed)


def ask(court: Court, by: TestPrincipal, *, chain: str | None = None, **changed: Any) -> str:
    """Write a request into the record past the commands; the answer is its digest."""
    ledger = ledger_of(court)
    terms = terms_of(court, by, **changed)
    envelope = sign_request(terms, chain or chain_of(ledger, random_id), by.signer)
    write(ledger, ActKind.REQUEST, terms.id, envelope)
    return digest_of(envelope)


def decide(
    court: Court,
    digest: str,
    by: TestPrincipal | Ed25519Signer,
    kind: ActKind = ActKind.APPROVAL,
    **changed: Any,
) -> Mapping[str, Any]:
    """Write a decision into the record past the commands, whether or not it counts; the answer is its envelope."""
    ledger = ledger_of(court)
    base = court.repo.git("rev-parse", "main")
    at = (datetime.now(UTC) - timedelta(minutes=5)).replace(microsecond=0)
    told = replace(Decided("WV-1", digest, at, base, chain_of(ledger, random_id), ""), **changed)
    signer = by.signer if isinstance(by, TestPrincipal) else by
    envelope = sign_statement(decision_statement(kind, told), signer)
    write(ledger, kind, told.waiver_id, envelope)
    return envelope


def write(ledger: Ledger, kind: ActKind, waiver_id: str, envelope: Mapping[str, Any]) -> None:
    """Write an act as it is."""
    ledger.append(ENTRY_KINDS[kind], {"subject": subject_of(waiver_id), "attestation": dict(envelope)})


def reviewed(court: Court, base: str = "main", spec_id: str | None = None) -> Ruling:
    """The ruling on ``work``, recorded as a review does."""
    arbiter = make_principal("arbiter", ["arbiter"]).signer
    services = machine_services(arbiter=lambda: arbiter)
    try:
        return review(ReviewRequest(court.repo.path, base=base, head="work", spec_id=spec_id), services)
    except UnrecordedRulingError as error:
        return error.ruling


def waived(court: Court) -> bool:
    """Whether the change is let through by a waiver."""
    return reviewed(court).decision.verdict == "waived"


def covered(court: Court) -> bool:
    """Whether a waiver excuses anything of the change, whatever else stands against it."""
    return bool(reviewed(court).waivers)
