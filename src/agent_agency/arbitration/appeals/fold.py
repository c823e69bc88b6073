"""From the ledger's entries to how every appeal stands; pure, and suspicious of every entry.

A filing or a review counts if its signature is that of a listed principal who may act so, in time. A decision counts if
it follows from the reviews that count. That an appeal has lapsed is worked out from the time; the entry that says so is
for readers. Everything else is ignored, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from agent_agency.arbitration.appeals import model
from agent_agency.arbitration.appeals.admission import NotAdmittedError, admit, time_to_appeal
from agent_agency.arbitration.appeals.matter import names_ruling
from agent_agency.arbitration.appeals.model import (
    LAST_LEVEL,
    Appeal,
    AppealedRuling,
    Appeals,
    CountedReview,
    Court,
    Event,
    Ignored,
    Outcome,
    Result,
    State,
)
from agent_agency.arbitration.appeals.panel import admitted_claims, current_reviews, why_not_on_panel
from agent_agency.arbitration.appeals.statements import appeal_subject, read_review
from agent_agency.arbitration.appeals.transitions import after
from agent_agency.attestation.verify import verify_envelope
from agent_agency.errors import NotSignedError
from agent_agency.ledger.entry import Entry


class Sources(Protocol):
    """What the fold asks of the record and the repository."""

    def ruling(self, ruling_id: str, entry_hash: str) -> AppealedRuling | None:
        """The recorded ruling that both name, or ``None`` where there is none, or its document is not there whole."""
        ...

    def court(self, root: AppealedRuling, commit: str | None) -> Court | None:
        """The court for the ruling of a review: the base as it is now, or as it was at a commit of its history.

        ``None`` where the list of principals cannot be read, or the commit is not of the base's history.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Timed:
    """An entry and its moment; no entry is earlier than one before it, whatever its clock said."""

    entry: Entry
    at: datetime


def fold_appeals(entries: Iterable[Entry], sources: Sources, now: datetime) -> Appeals:
    """Tell how every appeal stands.

    Args:
        entries: the ledger's entries, at least those of ``APPEAL_KINDS``, oldest first.
        sources: rulings and courts.
        now: the present moment.
    """
    groups: dict[str, list[_Timed]] = {}
    moment: datetime | None = None
    for entry in entries:
        if entry.kind in model.APPEAL_KINDS:
            at = datetime.fromisoformat(entry.ts)
            moment = at if moment is None else max(moment, at)
            groups.setdefault(str(entry.body.get("subject")), []).append(_Timed(entry, moment))
    found = Appeals()
    for subject, group in groups.items():
        found = _with_group(found, subject, group, sources, now)
    return replace(found, appeals=tuple(_closed(appeal, found, now) for appeal in found.appeals))


def _with_group(found: Appeals, subject: str, group: Sequence[_Timed], sources: Sources, now: datetime) -> Appeals:
    try:
        return replace(found, appeals=(*found.appeals, _judged(found, subject, group, sources, now)))
    except NotAdmittedError as error:
        stray = tuple(Ignored(timed.entry.seq, timed.entry.kind, str(error)) for timed in group)
        return replace(found, strays=(*found.strays, *stray))


def _judged(found: Appeals, subject: str, group: Sequence[_Timed], sources: Sources, now: datetime) -> Appeal:
    """Fold the entries about one appeal.

    Raises:
        NotAdmittedError: no filing among them counts.
    """
    false: list[Ignored] = []
    for place, timed in enumerate(group):
        if timed.entry.kind != model.APPEAL_DECIDED:
            continue
        try:
            heard = _heard(found, subject, group[:place], sources, str(timed.entry.body.get("principals")))
            decided = _decided(heard, timed)
        except NotAdmittedError as error:
            false.append(Ignored(timed.entry.seq, timed.entry.kind, str(error)))
            continue
        late = tuple(Ignored(one.entry.seq, one.entry.kind, "it was decided before") for one in group[place + 1 :])
        return replace(decided, ignored=(*decided.ignored, *false, *late), last=group[-1].entry.seq)
    heard = _heard(found, subject, group, sources, None)
    return _at_present(replace(heard, ignored=(*heard.ignored, *false), last=group[-1].entry.seq), group, now)


def _heard(found: Appeals, subject: str, group: Sequence[_Timed], sources: Sources, commit: str | None) -> Appeal:
    """The appeal with the reviews that count, before any decision."""
    appeal: Appeal | None = None
    why: NotAdmittedError | None = None
    court: Court | None = None
    for timed in group:
        entry = timed.entry
        if entry.kind == model.APPEAL_FILED and appeal is None:
            try:
                appeal, court = admit(found, subject, entry, timed.at, sources, commit)
            except NotAdmittedError as error:
                why = error
        elif entry.kind == model.APPEAL_FILED and appeal is not None:
            appeal = _ignoring(appeal, entry, "the appeal was filed before")
        elif entry.kind == model.APPEAL_REVIEWED and appeal is not None and court is not None:
            appeal = _with_review(appeal, timed, court)
    if appeal is None:
        raise why or NotAdmittedError("nobody filed it")
    return appeal


def _with_review(appeal: Appeal, timed: _Timed, court: Court) -> Appeal:
    try:
        counted = _counted(appeal, timed, court)
    except (NotSignedError, ValueError) as error:
        return _ignoring(appeal, timed.entry, error.reason if isinstance(error, NotSignedError) else str(error))
    state = after(appeal.state, Event.REVIEWED)
    if state is None:
        return _ignoring(appeal, timed.entry, "no review can follow any more")
    return replace(appeal, state=state, reviews=current_reviews((*appeal.reviews, counted)))


def _counted(appeal: Appeal, timed: _Timed, court: Court) -> CountedReview:
    """Read a review that counts.

    Raises:
        NotSignedError: nobody who is listed signed it.
        ValueError: it is not about this appeal, came too late, or is of somebody who may not review it.
    """
    body = timed.entry.body
    signed = verify_envelope(body.get("attestation") or {}, court.principals)
    review = read_review(signed.statement)
    if signed.statement.predicate["subject"] != appeal_subject(appeal.id):
        raise ValueError("the review is about another appeal")
    if review.appeal != appeal.payload_digest or review.level != appeal.level:
        raise ValueError("the review is of something else than what was filed")
    if len(review.votes) != len(appeal.filing.claims):
        raise ValueError("the review does not vote on each claim once")
    if timed.at > appeal.due:
        raise ValueError("the review came after the hearing's time was over")
    if appeal.heard:
        raise ValueError("the panel was full")
    why = why_not_on_panel(signed.principal, appeal.barred)
    if why is not None:
        raise ValueError(why)
    person = signed.principal
    return CountedReview(person.name, person.address, review, timed.entry.seq, timed.at)


def _decided(appeal: Appeal, timed: _Timed) -> Appeal:
    """The appeal with its recorded decision.

    Raises:
        NotAdmittedError: the decision does not follow from the reviews that count.
    """
    said = timed.entry.body
    admitted = expected_admissions(appeal)
    panel = [review.principal for review in appeal.reviews]
    verdict, was = said.get("verdict"), appeal.ruling.verdict
    outcome = Outcome.UPHELD if verdict == was else Outcome.OVERTURNED
    expected = {"panel": panel, "admitted": list(admitted), "was": was, "level": appeal.level, "outcome": str(outcome)}
    if not appeal.heard:
        raise NotAdmittedError("the decision came before the panel was full")
    wrong = next((name for name, value in expected.items() if said.get(name) != value), None)
    if wrong is not None or not isinstance(verdict, str) or not isinstance(said.get("ruling"), str):
        raise NotAdmittedError(f"the decision does not follow from the reviews ({wrong or 'ruling'})")
    if not names_ruling(said, said["ruling"]):
        raise NotAdmittedError("the entry does not name the decision's ruling")
    if said["ruling"] in {ruling.id for ruling in appeal.chain}:
        raise NotAdmittedError("the decision names a ruling that was there before as its result")
    if outcome is Outcome.OVERTURNED and not admitted:
        raise NotAdmittedError("the decision overturns a ruling though the panel admitted nothing")
    event = Event.DECIDED_UPHELD if outcome is Outcome.UPHELD else Event.DECIDED_OVERTURNED
    state = after(appeal.state, event)
    if state is None:
        raise NotAdmittedError("the decision cannot follow")
    result = Result(str(said["ruling"]), outcome, verdict, admitted, timed.entry.seq, timed.at)
    closes = timed.at + timedelta(days=appeal.appeal_days)
    return replace(appeal, state=state, result=result, closes=closes)


def expected_admissions(appeal: Appeal) -> tuple[int, ...]:
    """The claims (from 0) that the panel admits by the standard of the appeal's level."""
    return admitted_claims(appeal.reviews, len(appeal.filing.claims), appeal.needed)


def _at_present(appeal: Appeal, group: Sequence[_Timed], now: datetime) -> Appeal:
    """An undecided appeal lapses when its time is over and its panel is not full."""
    moment = max(now, group[-1].at)
    if appeal.heard or moment <= appeal.due:
        return appeal
    state = after(appeal.state, Event.DUE)
    told = any(timed.entry.kind == model.APPEAL_LAPSED and timed.at > appeal.due for timed in group)
    return replace(appeal, state=state or appeal.state, lapse_recorded=told)


def _closed(appeal: Appeal, found: Appeals, now: datetime) -> Appeal:
    """A decided appeal is final when its ruling can no longer be appealed."""
    if appeal.result is None or appeal.closes is None:
        return appeal
    above = found.of_ruling(appeal.result.ruling)
    ruled = any(one.result is not None for one in above)
    waiting = any(one.open for one in above)
    closes = max(appeal.closes, time_to_appeal(appeal.result.at, above, appeal.appeal_days))
    if appeal.level == LAST_LEVEL or ruled or (now > closes and not waiting):
        return replace(appeal, state=after(appeal.state, Event.CLOSED) or State.FINAL)
    return appeal


def _ignoring(appeal: Appeal, entry: Entry, why: str) -> Appeal:
    return replace(appeal, ignored=(*appeal.ignored, Ignored(entry.seq, entry.kind, why)))
