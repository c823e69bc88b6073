"""Hearing an appeal: the case is corrected by what the panel admitted, and the law decides it anew.

The result is a ruling of its own, linked to the one under appeal, which stays as it is. Ruling, reviews, decision and
labels are recorded in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.appeals.corrections import Corrected, OnRecord, RecordedCase, corrected
from agent_agency.arbitration.appeals.fold import expected_admissions
from agent_agency.arbitration.appeals.labels import label_drafts, labels_of
from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import (
    APPEAL_DECIDED,
    LABEL,
    Appeal,
    AppealedRuling,
    Claim,
    Form,
    Outcome,
)
from agent_agency.arbitration.appeals.statements import appeal_subject
from agent_agency.arbitration.cases.note_request import AppealAnswer
from agent_agency.attestation.principals import Principals
from agent_agency.errors import AgencyError, AppealError
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.appeal_case import case_of_answer
from agent_agency.workflows.appeal_ruling import RulingParts, ruling_after_appeal
from agent_agency.workflows.appeal_waivers import WaiversThen, waivers_then
from agent_agency.workflows.case_facts import waiver_facts
from agent_agency.workflows.record import Joined, UnrecordedRulingError
from agent_agency.workflows.record_ruling import signed_by
from agent_agency.workflows.ruling_statement import sign_ruling

if TYPE_CHECKING:
    from agent_agency.arbitration.ruling import Ruling
    from agent_agency.workflows.appeals import Registry
    from agent_agency.workflows.cases import CaseNotes

_LATER = frozenset({Form.MEASUREMENT, Form.WRONG_LAW})


@dataclass(frozen=True, slots=True)
class Heard:
    """A heard appeal: the new ruling, and what was admitted, refused, and admitted without changing anything."""

    ruling: Ruling
    admitted: tuple[int, ...]
    corrected: Corrected


class _StaleError(AgencyError):
    """Others wrote about the appeal while it was decided."""


def on_record(registry: Registry, entry: Entry, ruling: AppealedRuling, claims: Sequence[Claim]) -> OnRecord:
    """What claims against a ruling may refer to.

    Args:
        registry: what appeals are heard with.
        entry: the entry of the ruling under appeal.
        ruling: the same.
        claims: only what these refer to is read.

    Raises:
        AppealError: the case of the ruling is not there whole.
    """
    sources = registry.sources
    later: dict[str, RecordedCase] = {}
    for claim in claims:
        newest = sources.reviewed(claim.target) if claim.form in _LATER else None
        if newest is not None:
            later[claim.target] = sources.recorded_case(newest)
    wanted = any(claim.form is Form.WAIVER_NOT_APPLIED for claim in claims)
    then = waivers_then(registry, entry) if wanted else WaiversThen()
    own = sources.recorded_case(entry)
    return OnRecord(
        own=own,
        day=_root(registry, ruling, entry).date(),
        later=later,
        waivers={name: use.for_verdict() for name, use in then.uses.items()},
        waiver_facts={name: waiver_facts(use, own.case.gates) for name, use in then.uses.items()},
        budget_with=then.budget_with,
    )


def record_decision(registry: Registry, appeal: Appeal, first: Sequence[Draft]) -> bool:
    """Decide an appeal whose panel is full and record everything at once; answer whether nobody was quicker.

    Args:
        registry: what appeals are heard with.
        appeal: the appeal with all its reviews.
        first: the review that filled the panel, where it is not recorded yet.

    Raises:
        AppealError: the case cannot be decided anew.
        LedgerError: the ledger cannot be read or written.
    """
    heard = hear(registry, appeal)
    signer = registry.arbiter()
    court = registry.sources.court(appeal.chain[0], appeal.principals)
    whose = signed_by(signer.key_id, court.principals if court else Principals())

    def join(ruling: Ruling) -> Joined:
        if registry.record.ledger.last_about(appeal_subject(appeal.id)) != appeal.last:
            raise _StaleError("others wrote about the appeal", fix="Run the command again.")
        notes = case_after(registry, appeal, AppealAnswer(_outcome(appeal, heard)), ruling.ruling_id)
        known = {appeal_subject(appeal.id): appeal.last, **(notes.unless_moved if notes else {})}
        ours = (*first, _decided(appeal, heard), *_labels(registry, appeal, heard))
        return Joined(ruling, (*ours, *(notes.drafts if notes else ())), known)

    try:
        registry.record.append(replace(heard.ruling, signed_by=whose), join, partial(sign_ruling, signer=signer))
    except UnrecordedRulingError as error:
        if isinstance(error.__cause__, _StaleError):
            return False
        raise error.__cause__ or error from error
    return True


def hear(registry: Registry, appeal: Appeal) -> Heard:
    """Decide anew: old facts and what the panel admitted, under the law of the case.

    Raises:
        AppealError: the case or the document of the ruling is not there whole.
    """
    entry = _entry_of(registry, appeal)
    document = registry.sources.document(entry) if entry else None
    if entry is None or document is None:
        raise AppealError(
            f"The ruling {appeal.ruling.id} cannot be heard again: its document is not there whole",
            fix="Restore the evidence folder from a backup.",
            code="appeal.no_case",
        )
    admitted = expected_admissions(appeal)
    claims = {number: appeal.filing.claims[number] for number in admitted}
    found = corrected(on_record(registry, entry, appeal.ruling, tuple(claims.values())), claims)
    applied = [claim for number, claim in claims.items() if number not in found.moot]
    parts = _parts(registry, entry, document, applied)
    return Heard(ruling_after_appeal(appeal, found.case, parts, registry.clock.now()), admitted, found)


def _parts(registry: Registry, entry: Entry, document: Mapping[str, Any], applied: Sequence[Claim]) -> RulingParts:
    """What the new ruling's document takes from recorded ones."""
    documents = {}
    for claim in applied:
        if claim.form in _LATER:
            newest = registry.sources.reviewed(claim.target)
            documents[claim.target] = (registry.sources.document(newest) if newest else None) or {}
    whole = next((documents[claim.target] for claim in applied if claim.form is Form.WRONG_LAW), document)
    gates = {gate["name"]: gate for gate in whole.get("gates") or ()}
    for claim in applied:
        if claim.form is Form.MEASUREMENT:
            anew = {gate["name"]: gate for gate in documents[claim.target].get("gates") or ()}
            gates |= {name: anew[name] for name in claim.value if name in anew}
    wanted = any(claim.form is Form.WAIVER_NOT_APPLIED for claim in applied)
    then = waivers_then(registry, entry) if wanted else WaiversThen()
    return RulingParts(whole, MappingProxyType(gates), then)


def case_after(registry: Registry, appeal: Appeal, answer: AppealAnswer, new_ruling: str | None) -> CaseNotes | None:
    """What the end of an appeal adds to the case that waits for it; ``None`` where none does.

    Raises:
        CaseError: the entries of the case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    entry = _entry_of(registry, appeal)
    if entry is None:
        return None
    return case_of_answer(registry.record.ledger, appeal, entry, answer, new_ruling, registry.clock.now())


def _entry_of(registry: Registry, appeal: Appeal) -> Entry | None:
    under = appeal.ruling
    return next((one for one in registry.sources.entries_of(under.id) if one.hash == under.entry), None)


def _outcome(appeal: Appeal, heard: Heard) -> Outcome:
    same = str(heard.ruling.decision.verdict) == appeal.ruling.verdict
    return Outcome.UPHELD if same else Outcome.OVERTURNED


def _decided(appeal: Appeal, heard: Heard) -> Draft:
    verdict = str(heard.ruling.decision.verdict)
    claims = range(len(appeal.filing.claims))
    body = {
        "subject": appeal_subject(appeal.id),
        "level": appeal.level,
        "of": appeal.ruling.id,
        "of_entry": appeal.ruling.entry,
        "ruling": heard.ruling.ruling_id,
        RULED_ON: dict(ruled_on(heard.ruling.ruling_id)),
        "outcome": str(_outcome(appeal, heard)),
        "was": appeal.ruling.verdict,
        "verdict": verdict,
        "panel": [review.principal for review in appeal.reviews],
        "needed": appeal.needed,
        "admitted": list(heard.admitted),
        "refused": [number for number in claims if number not in heard.admitted],
        "moot": {str(number): why for number, why in sorted(heard.corrected.moot.items())},
        "principals": appeal.principals,
    }
    return Draft(APPEAL_DECIDED, body)


def _labels(registry: Registry, appeal: Appeal, heard: Heard) -> tuple[Draft, ...]:
    from agent_agency.workflows.appeals import read_matter

    verdict = str(heard.ruling.decision.verdict)
    if verdict == appeal.ruling.verdict:
        return ()
    known = labels_of(registry.record.ledger.of_kinds({LABEL}), read_matter(registry, appeal=appeal.id))
    return label_drafts(appeal, verdict, known)


def _root(registry: Registry, ruling: AppealedRuling, entry: Entry) -> datetime:
    """When the ruling of the review at the bottom was recorded."""
    seen = {ruling.id}
    at, below = ruling.at, ruling.appeal_of
    while below and below not in seen:
        seen.add(below)
        entries = registry.sources.entries_of(below)
        before = [one for one in entries if one.seq < entry.seq]
        if not before:
            break
        at, below = datetime.fromisoformat(before[-1].ts), str(before[-1].body.get("appeal_of") or "")
    return at
