"""Competing patches in the ledger: naming them, choosing by law and measured facts, or taking a person's choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.cases.competing import LAWFUL, Choice, ChosenBy, choose
from agent_agency.arbitration.cases.fold import advance
from agent_agency.arbitration.cases.model import (
    Candidate,
    CaseEvent,
    CaseRecord,
    CaseState,
    Matter,
    MatterKind,
    Step,
    subject_of,
)
from agent_agency.arbitration.cases.steps import Opening, lapse, opening, step
from agent_agency.config import LawLimits
from agent_agency.errors import CaseError, NotSignedError, UsageError
from agent_agency.facts import display_path
from agent_agency.workflows.cases import CaseNotes, append_noted, case_by_id, newest_case, notes_of
from agent_agency.workflows.measured_rulings import MeasuredRuling, MeasuredRulings

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals

RULING = "ruling"
CHOICE = "patch_choice"
REVIEWER = "reviewer"
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a comparison came out: the case as it stands, and what chose or what keeps it open."""

    record: CaseRecord
    choice: Choice


@dataclass(frozen=True, slots=True)
class ConfirmedChoice:
    """The patch that a decided comparison chose, checked again; ``who`` is the person who signed, if one did."""

    ruling_id: str
    by: ChosenBy
    who: str | None
    reason: str | None


def open_competing(rulings: MeasuredRulings, references: Sequence[str], limits: LawLimits, now: datetime) -> CaseRecord:
    """Open the comparison of a spec's patches, or add patches to the one that is open.

    Args:
        rulings: the record.
        references: ids of rulings, or the seqs of their entries.
        limits: the law's, for the due date.
        now: the present moment.

    Raises:
        UsageError: they are no rulings of different heads for one spec against one base.
        CaseError: the case cannot take it.
        LedgerError: the ledger cannot be read or written.
    """
    ledger = rulings.ledger
    named = [rulings.named(reference) for reference in references]
    _refuse_unlike(named)
    matter = Matter.of_competing(named[0].spec)
    newest = rulings.newest(named[0].spec)
    candidates = [replace(one.candidate, seen=newest[one.candidate.matter_key].candidate.seen) for one in named]
    details = {"candidates": [_raw(one) for one in candidates]}

    def plan() -> CaseNotes:
        found = newest_case(ledger, matter)
        record, steps = found.record, list[Step]()
        if record is not None and record.is_due(now):
            steps.append(lapse(record, now))
            record = advance(record, steps[-1])
        if record is not None and not record.state.ended:
            new = [_raw(one) for one in candidates if one not in record.candidates]
            return notes_of(found, [_compete(record, new, now)] if new else ())
        begin = Opening(matter, found.next_ordinal, now, now + timedelta(days=limits.case_days), named[0].law)
        return notes_of(found, [*steps, opening(begin, CaseEvent.PATCHES_COMPETE, details)])

    notes, _ = append_noted(ledger, plan)
    return _whole(notes)


def settle(rulings: MeasuredRulings, case_id: str, now: datetime) -> Comparison:
    """Choose between the patches of a comparison as they were last ruled on; what chose, or why nothing did.

    Raises:
        CaseError: there is no such case, it compares nothing, or its lawful patches were held against different bases.
        LedgerError: the ledger cannot be read or written.
    """
    chosen: list[Choice] = []

    def plan() -> CaseNotes:
        found = case_by_id(rulings.ledger, case_id)
        record, steps = _renewed(rulings, _comparing(found.record), now)
        if record.state is CaseState.LAPSED:
            chosen.append(Choice(None, None, ()))
            return notes_of(found, steps)
        choice = choose(record.candidates)
        _refuse_other_bases(choice)
        chosen.append(choice)
        if choice.winner is not None:
            members = {"by": str(choice.by), "ruling_id": choice.winner.ruling_id, "tree": choice.winner.tree}
            steps.append(step(record, CaseEvent.PATCH_CHOSEN, now, members))
        return notes_of(found, steps)

    notes, _ = append_noted(rulings.ledger, plan)
    return Comparison(_whole(notes), chosen[-1])


def renew(rulings: MeasuredRulings, case_id: str, now: datetime) -> CaseRecord:
    """Bring a comparison up to the newest ruling of each patch, so that a person chooses between what is there now.

    Raises:
        CaseError: there is no such case, or it compares nothing any more.
        LedgerError: the ledger cannot be read or written.
    """

    def plan() -> CaseNotes:
        found = case_by_id(rulings.ledger, case_id)
        return notes_of(found, _renewed(rulings, _comparing(found.record), now)[1])

    notes, _ = append_noted(rulings.ledger, plan)
    return _whole(notes)


def choice_statement(record: CaseRecord, ruling_id: str, reason: str) -> bytes:
    """What a reviewer signs who chooses a patch.

    Raises:
        CaseError: the case compares nothing, or that ruling is not among its lawful patches.
    """
    from agent_agency.attestation.statement import make_statement

    lawful = {one.ruling_id: one for one in _comparing(record).candidates if one.verdict in LAWFUL}
    if ruling_id not in lawful:
        raise CaseError(
            f"The ruling {display_path(ruling_id)!r} is not among the lawful patches of case {record.id}",
            fix="Choose one that agency cases show lists as approved or waived.",
            code="case.not_lawful",
        )
    predicate = {
        "subject": subject_of(record.id),
        "ruling_id": ruling_id,
        "candidates": sorted(one.ruling_id for one in record.candidates),
        "reason": reason,
    }
    return make_statement(CHOICE, [(f"ruling:{ruling_id}", {"gitTree": lawful[ruling_id].tree})], predicate)


def settle_by_person(
    rulings: MeasuredRulings, case_id: str, envelope: Mapping[str, Any], principals: Principals, now: datetime
) -> CaseRecord:
    """Record a reviewer's signed choice.

    Raises:
        NotSignedError: the signature does not count, or is not about this case as it stands.
        CaseError: there is no such case, it compares nothing, or its time has passed.
        LedgerError: the ledger cannot be read or written.
    """

    def plan() -> CaseNotes:
        found = case_by_id(rulings.ledger, case_id)
        record, steps = _renewed(rulings, _comparing(found.record), now)
        if record.state is not CaseState.LAPSED:
            _signed_choice(record, envelope, principals)
            members = {"by": str(ChosenBy.PERSON), "attestation": dict(envelope)}
            steps.append(step(record, CaseEvent.PATCH_CHOSEN, now, members))
        return notes_of(found, steps)

    notes, _ = append_noted(rulings.ledger, plan)
    return _whole(notes)


def confirm_choice(record: CaseRecord, principals: Principals) -> ConfirmedChoice:
    """The choice of a decided comparison, made again from the rulings or verified again from the signature.

    Raises:
        CaseError: law and facts do not choose what the record says that they chose.
        NotSignedError: a person's signature does not count.
    """
    last = record.history[-1]
    if last.event is not CaseEvent.PATCH_CHOSEN:
        raise CaseError(f"Case {record.id} chose nothing", fix="Run agency cases show.", code="case.nothing_chosen")
    by = ChosenBy(last.details["by"])
    if by is ChosenBy.PERSON:
        return _signed_choice(record, last.details["attestation"], principals)
    choice = choose(record.candidates)
    if choice.winner is None or choice.by is not by or choice.winner.ruling_id != last.details["ruling_id"]:
        raise CaseError(
            f"Case {record.id} says that {by} chose {last.details['ruling_id']}, and that does not follow",
            fix="Run agency ledger verify; what the arbiter writes follows from its rulings.",
            code="case.choice_does_not_follow",
        )
    return ConfirmedChoice(choice.winner.ruling_id, by, None, None)


def _refuse_unlike(named: Sequence[MeasuredRuling]) -> None:
    candidates = [one.candidate for one in named]
    problem = None
    if len(named) < _LEAST:
        problem = "One patch competes with nothing"
    elif len({one.spec for one in named}) > 1:
        problem = "The rulings are about different specs"
    elif len({one.law_commit for one in candidates}) > 1:
        problem = "The rulings were made against different bases"
    elif len({one.matter_key for one in candidates}) < len(named):
        problem = "Two of the rulings are about one branch, at different times"
    elif len({one.tree for one in candidates}) < len(named):
        problem = "Two of the rulings are about the same tree"
    if problem:
        fix = "Name the newest rulings of two or more branches, reviewed against one base for one spec."
        raise UsageError(problem, fix=fix)


def _compete(record: CaseRecord, candidates: Sequence[Mapping[str, Any]], now: datetime) -> Step:
    details = {"candidates": [dict(one) for one in candidates]}
    return step(record, CaseEvent.PATCHES_COMPETE, now, details)


def _comparing(record: CaseRecord | None) -> CaseRecord:
    if record is None or record.matter.kind is not MatterKind.COMPETING:
        raise CaseError(
            "The case compares no patches",
            fix="Open one with agency cases open --competing.",
            code="case.not_competing",
        )
    return record


def _renewed(rulings: MeasuredRulings, record: CaseRecord, now: datetime) -> tuple[CaseRecord, list[Step]]:
    """The case with the newest ruling of each patch, or lapsed; and the steps that lead there."""
    if record.is_due(now):
        lapsed = lapse(record, now)
        return advance(record, lapsed), [lapsed]
    if record.state is not CaseState.COMPARING:
        raise CaseError(f"Case {record.id} has ended: {record.state}", fix="Open a new one.", code="case.ended")
    newest = rulings.newest(record.matter.spec)
    changed = [_raw(one) for one in _as_of_now(rulings, record, newest) if one not in record.candidates]
    if not changed:
        return record, []
    renewed = _compete(record, changed, now)
    return advance(record, renewed), [renewed]


def _as_of_now(
    rulings: MeasuredRulings, record: CaseRecord, newest: Mapping[str, MeasuredRuling]
) -> Iterator[Candidate]:
    """Each patch by a later ruling, or as it was named: measured again from what was signed, never from the case."""
    for one in record.candidates:
        later = newest.get(one.matter_key)
        if later is None:
            fix = "Review the patches again, and open a new case."
            raise CaseError(
                "A patch of the case has no ruling that an arbiter signed", fix=fix, code="case.not_vouched"
            )
        if later.candidate.seen > one.seen:
            yield later.candidate
        else:
            yield replace(rulings.named(one.ruling_id).candidate, seen=one.seen)


def _refuse_other_bases(choice: Choice) -> None:
    if len({one.law_commit for one in choice.ranking}) > 1:
        raise CaseError(
            "The lawful patches were held against different bases, so their measures cannot be compared",
            fix="Review each of them again against the base as it is now, and settle then.",
            code="case.different_bases",
        )


def _signed_choice(record: CaseRecord, envelope: Mapping[str, Any], principals: Principals) -> ConfirmedChoice:
    from agent_agency.attestation.verify import verify_envelope

    signed = verify_envelope(envelope, principals)
    said = signed.statement.predicate
    lawful = {one.ruling_id: one for one in record.candidates if one.verdict in LAWFUL}
    chosen = lawful.get(str(said.get("ruling_id")))
    if REVIEWER not in signed.principal.roles:
        raise NotSignedError(f"{signed.principal.name} is listed, and not as a reviewer")
    about = (signed.statement.kind, said.get("subject"), said.get("candidates"))
    if about != (CHOICE, subject_of(record.id), sorted(one.ruling_id for one in record.candidates)):
        raise NotSignedError("what was signed is no choice between these patches as they were last ruled on")
    if chosen is None or signed.statement.subjects != ((f"ruling:{chosen.ruling_id}", {"gitTree": chosen.tree}),):
        raise NotSignedError("what was chosen is not among the lawful patches")
    return ConfirmedChoice(chosen.ruling_id, ChosenBy.PERSON, signed.principal.name, str(said.get("reason", "")))


def _raw(candidate: Candidate) -> dict[str, Any]:
    return {name: getattr(candidate, name) for name in Candidate.__slots__}


def _whole(notes: CaseNotes) -> CaseRecord:
    if notes.record is None:
        raise CaseError("The case has ended meanwhile", fix="Run agency cases list --all.", code="case.ended")
    return notes.record
