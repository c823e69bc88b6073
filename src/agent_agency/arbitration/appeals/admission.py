"""Whether a filed appeal is heard at all: who filed it, against which ruling, when, and with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent_agency.arbitration.appeals.matter import names_ruling
from agent_agency.arbitration.appeals.model import (
    LAST_LEVEL,
    Appeal,
    AppealedRuling,
    Appeals,
    Bar,
    Court,
    Filing,
    Form,
    Ground,
    Parties,
    State,
)
from agent_agency.arbitration.appeals.panel import admits_needed, panel_size
from agent_agency.arbitration.appeals.standing import standing
from agent_agency.arbitration.appeals.statements import appeal_subject, payload_digest, read_filing, statement_bytes
from agent_agency.attestation.principals import Principal
from agent_agency.attestation.verify import SignedStatement, verify_envelope
from agent_agency.errors import NotSignedError
from agent_agency.ledger.entry import Entry

if TYPE_CHECKING:
    from agent_agency.arbitration.appeals.fold import Sources


class NotAdmittedError(ValueError):
    """An entry about an appeal does not count; the message is a clause that says why."""


def admit(
    found: Appeals, subject: str, entry: Entry, at: datetime, sources: Sources, commit: str | None
) -> tuple[Appeal, Court]:
    """Read a filing that counts, as an appeal that nobody has reviewed yet.

    Args:
        found: the appeals that were filed before.
        subject: the subject of the entries.
        entry: the entry of the filing.
        at: its moment.
        sources: rulings and courts.
        commit: the commit of the base whose principals count; ``None`` for the base as it is.

    Raises:
        NotAdmittedError: it does not count.
    """
    named = _named(entry)
    if not names_ruling(entry.body, named.ruling):
        raise NotAdmittedError("the entry does not name the ruling that the filing is against")
    ruling = sources.ruling(named.ruling, named.ruling_entry)
    if ruling is None or ruling.seq >= entry.seq:
        raise NotAdmittedError("no such ruling was recorded before, or its document is not there whole")
    before = _before(found, ruling, entry)
    ruling = _with_matter(ruling, before)
    court = sources.court(before.chain[0] if before else ruling, commit)
    if court is None:
        raise NotAdmittedError("the principals of the base cannot be read")
    try:
        signed = verify_envelope(entry.body.get("attestation") or {}, court.principals)
    except NotSignedError as error:
        raise NotAdmittedError(error.reason) from error
    if subject != appeal_subject(named.id):
        raise NotAdmittedError("the filing is about another appeal")
    by_right = standing(signed.principal, ruling, before)
    if by_right is None:
        raise NotAdmittedError(f"{signed.principal.name} has no standing to appeal this ruling")
    if _level(before) > LAST_LEVEL:
        raise NotAdmittedError(f"the ruling is of level {LAST_LEVEL}, the last, and final")
    _check_time(found, ruling, (entry.seq, at), court.appeal_days, signed.principal.name)
    _check_new(named, ruling)
    appeal = _appeal(named, signed, by_right, (ruling, before), (entry.seq, at), court)
    return appeal, court


def _appeal(
    named: Filing,
    signed: SignedStatement,
    by_right: str,
    matter: tuple[AppealedRuling, Appeal | None],
    when: tuple[int, datetime],
    court: Court,
) -> Appeal:
    """The appeal as it is before anybody has reviewed it."""
    ruling, before = matter
    level = _level(before)
    return Appeal(
        id=named.id,
        filing=named,
        payload_digest=payload_digest(statement_bytes(signed.statement)),
        appellant=signed.principal.name,
        appellant_address=signed.principal.address,
        standing=by_right,
        level=level,
        chain=(*(before.chain if before else ()), ruling),
        size=panel_size(level, court.sizes),
        needed=admits_needed(level, court.sizes),
        barred=tuple(_barred(ruling, before, signed.principal)),
        heard_before=_heard_before(before),
        filed_at=when[1],
        due=when[1] + timedelta(days=court.hearing_days),
        appeal_days=court.appeal_days,
        principals=court.commit,
        state=State.FILED,
        last=when[0],
    )


def _level(before: Appeal | None) -> int:
    return before.level + 1 if before else 1


def _named(entry: Entry) -> Filing:
    """What the filing says, before anybody's signature is checked: it tells which court must check it."""
    from agent_agency.attestation.envelope import read_envelope
    from agent_agency.attestation.statement import read_statement

    try:
        return read_filing(read_statement(read_envelope(entry.body.get("attestation") or {}).payload))
    except ValueError as error:
        raise NotAdmittedError(str(error)) from error


def _before(found: Appeals, ruling: AppealedRuling, entry: Entry) -> Appeal | None:
    """The appeal whose result the ruling is; a ruling that only claims to be one cannot be appealed."""
    before = found.leading_to(ruling.id)
    decided = before is not None and before.result is not None and before.result.seq < entry.seq
    if ruling.appeal_of and (not decided or before is None or before.ruling.id != ruling.appeal_of):
        raise NotAdmittedError("the ruling says that it follows from an appeal, and it does not")
    return before if decided else None


def _with_matter(ruling: AppealedRuling, before: Appeal | None) -> AppealedRuling:
    """The ruling with the parties of the whole matter; what earlier levels admitted is no new evidence any more."""
    if before is None or before.result is None:
        return ruling
    last = before.ruling
    parties = Parties(
        *(
            tuple(dict.fromkeys((*getattr(ruling.parties, role), *getattr(last.parties, role))))
            for role in ("authors", "requesters", "approvers")
        )
    )
    admitted = {digest for number in before.result.admitted for digest in before.filing.claims[number].evidence}
    return replace(ruling, parties=parties, rests_on=ruling.rests_on | last.rests_on | admitted)


def _check_time(found: Appeals, ruling: AppealedRuling, when: tuple[int, datetime], days: int, who: str) -> None:
    seq, at = when
    others = found.of_ruling(ruling.id)
    for other in others:
        if other.result is not None and other.result.seq < seq:
            raise NotAdmittedError(f"appeal {other.id} against it was decided: appeal {other.result.ruling} instead")
        if other.open_at(seq, at):
            raise NotAdmittedError(f"appeal {other.id} against it is open")
    if at > time_to_appeal(ruling.at, [one for one in others if one.appellant != who], days):
        raise NotAdmittedError(f"a ruling can be appealed for {days} days, and they are over")


def time_to_appeal(ruled_at: datetime, lapsed: Sequence[Appeal], days: int) -> datetime:
    """When the time to appeal a ruling ends; it begins anew, once, when an appeal of somebody else has lapsed.

    Without that, an appeal that nobody means to be heard would use up everybody's time.

    Args:
        ruled_at: when the ruling was recorded.
        lapsed: appeals against it by others, all of which have lapsed.
        days: how long a ruling can be appealed.
    """
    return min((appeal.due for appeal in lapsed), default=ruled_at) + timedelta(days=days)


def _check_new(filing: Filing, ruling: AppealedRuling) -> None:
    if filing.ground is not Ground.NEW_EVIDENCE:
        return
    for number, claim in enumerate(filing.claims, start=1):
        if claim.form is not Form.MEASUREMENT and not frozenset(claim.evidence) - ruling.rests_on:
            raise NotAdmittedError(f"claim {number} names no evidence that the ruling did not rest on")


def _barred(ruling: AppealedRuling, before: Appeal | None, appellant: Principal) -> Iterator[Bar]:
    parties = ruling.parties
    for people, why in (
        (parties.authors, "is an author of the change"),
        (parties.requesters, "asked for a waiver that the ruling rests on"),
        (parties.approvers, "approved a waiver that the ruling rests on"),
        ((appellant.name, appellant.address), "filed the appeal"),
    ):
        yield from (Bar(who, why) for who in people if who)
    if before is not None:
        yield from before.barred
        for review in before.reviews:
            for who in filter(None, (review.principal, review.address)):
                yield Bar(who, "heard it at an earlier level")


def _heard_before(before: Appeal | None) -> tuple[str, ...]:
    if before is None:
        return ()
    return (*before.heard_before, *(review.principal for review in before.reviews))
