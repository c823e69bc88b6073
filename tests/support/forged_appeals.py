"""What a program of the same user writes into the record about appeals, past the commands."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import Appeal, Vote
from agent_agency.arbitration.appeals.statements import appeal_subject, review_statement
from agent_agency.arbitration.ruling import CawsVerdict, Decision, Verdict
from agent_agency.attestation.signer import sign_statement
from agent_agency.workflows.record import alone
from agent_agency.workflows.ruling_statement import sign_ruling
from support.appeals import Town
from support.principals import make_principal

APPROVED = Decision(Verdict.APPROVED, CawsVerdict.PASS, ("every rule that applies is satisfied",), (), 0)


def forged_ruling(town: Town) -> None:
    """Record an approval of the same change as the result of an appeal, signed by a key of one's own."""
    own = make_principal("mallory", ["arbiter"]).signer
    lie = replace(town.ruling, ruling_id="R-forged", decision=APPROVED, appeal_of=town.ruling.ruling_id)
    with town.registry() as registry:
        registry.record.append(lie, alone, partial(sign_ruling, signer=own))


def forged_decision(town: Town, appeal: Appeal, ruling: str, *, admitted: list[int], panel: list[str]) -> None:
    body = {
        "subject": appeal_subject(appeal.id),
        "level": 1,
        "of": appeal.ruling.id,
        "of_entry": appeal.ruling.entry,
        "ruling": ruling,
        RULED_ON: dict(ruled_on(ruling)),
        "outcome": "overturned",
        "was": "rejected",
        "verdict": "approved",
        "panel": panel,
        "needed": 1,
        "admitted": admitted,
        "refused": [],
        "moot": {},
        "principals": appeal.principals,
    }
    with town.registry() as registry:
        registry.record.ledger.append("appeal_decided", body)


def forged_review(town: Town, appeal: Appeal, key: str) -> None:
    statement = review_statement(appeal.id, appeal.payload_digest, 1, (Vote.ADMIT,), ("seen",))
    envelope = sign_statement(statement, town.people[key].signer)
    with town.registry() as registry:
        body = {"subject": appeal_subject(appeal.id), "attestation": envelope}
        registry.record.ledger.append("appeal_reviewed", body)


def ruling_of_others(town: Town) -> None:
    """Record the ruling anew under its own id, by a key of one's own, as one over the change of somebody else."""
    own = make_principal("mallory", ["arbiter"]).signer
    change = {**town.ruling.change, "authors": ["nobody@example.org"]}
    with town.registry() as registry:
        lie = replace(town.ruling, change=change, decision=replace(town.ruling.decision, reasons=("another",)))
        registry.record.append(lie, alone, partial(sign_ruling, signer=own))
