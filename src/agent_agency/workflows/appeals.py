"""Appeals over the ledger: reading how they stand, filing one, reviewing one, and writing down what time has decided.

Whoever acts reads all entries about the matter first and tries the act on them: what would not count is refused before
it is written. What is written together is one transaction, guarded against what others write meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent_agency.arbitration.appeals.corrections import ClaimError, check_claims
from agent_agency.arbitration.appeals.due import appeals_due, undecided
from agent_agency.arbitration.appeals.fold import fold_appeals
from agent_agency.arbitration.appeals.labels import Label, labels_of
from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import (
    APPEAL_FILED,
    APPEAL_KINDS,
    APPEAL_REVIEWED,
    LABEL,
    Appeal,
    Appeals,
    Claim,
    Ground,
    Vote,
)
from agent_agency.arbitration.appeals.statements import (
    appeal_subject,
    filing_statement,
    read_filing,
    review_statement,
    ruling_subject,
)
from agent_agency.attestation.statement import read_statement
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import AppealError, LedgerMovedError
from agent_agency.facts import display_path
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.appeal_sources import AppealSources, matter_on_record
from agent_agency.workflows.record import Record

if TYPE_CHECKING:
    from agent_agency.attestation.signer import Ed25519Signer, Signer

TRIES = 20
_AFTER_ALL = 10**14
"""The number of an entry that is only tried: greater than that of any which is there."""


@dataclass(frozen=True, slots=True)
class Registry:
    """What appeals are heard with.

    ``new_id`` gives fresh random digits, ``arbiter`` the key that signs rulings.
    """

    repo: Repository
    record: Record
    sources: AppealSources
    clock: Clock
    new_id: Callable[[], str]
    arbiter: Callable[[], Ed25519Signer]

    @classmethod
    def of(
        cls,
        repo: Repository,
        record: Record,
        clock: Clock,
        new_id: Callable[[], str],
        arbiter: Callable[[], Ed25519Signer],
    ) -> Registry:
        """The registry of a repository's record."""
        return cls(repo, record, AppealSources(repo, record), clock, new_id, arbiter)


@dataclass(frozen=True, slots=True)
class AskedAppeal:
    """What an appellant asks for; ``ruling`` is the entry of the ruling, ``evidence`` names the files of the claims."""

    ruling: Entry
    ground: Ground
    reason: str
    claims: tuple[Claim, ...]
    evidence: Mapping[str, str]


def read_appeals(registry: Registry) -> Appeals:
    """How every appeal stands now.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    return _folded(registry, tuple(registry.record.ledger.of_kinds(APPEAL_KINDS)))


def read_labels(registry: Registry) -> tuple[Label, ...]:
    """The right verdicts of rulings that were overturned.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    return labels_of(registry.record.ledger.of_kinds({LABEL}), read_appeals(registry))


def read_matter(registry: Registry, *, appeal: str = "", ruling: str = "") -> Appeals:
    """How the appeals of one matter stand now, by one of its appeals or rulings.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    subject = ruling_subject(ruling) if ruling else appeal_subject(appeal)
    return _folded(registry, matter_on_record(registry.record.ledger.view(), subject))


def find_appeal(registry: Registry, reference: str) -> Appeal:
    """The appeal that a person means, by its id or a beginning that no other has.

    Raises:
        AppealError: none or several are meant, or what is meant counts for nothing.
        LedgerError: the ledger cannot be read or does not verify.
    """
    prefix = appeal_subject("")
    view = registry.record.ledger.view()
    named = view.subjects(prefix + reference) if reference else ()
    acts = [subject for subject in named if any(one.kind in APPEAL_KINDS for one in view.about(subject))]
    found = [subject.removeprefix(prefix) for subject in acts]
    if len(found) != 1:
        what = "Several appeals begin with" if found else "There is no appeal"
        fix = "Run agency appeal list for their ids."
        raise AppealError(f"{what} {display_path(reference)}", fix=fix, code="appeal.unknown")
    matter = _folded(registry, matter_on_record(view, acts[0]))
    appeal = matter.named(found[0])
    if appeal is None:
        why = matter.strays[0].why if matter.strays else "nobody filed it"
        raise AppealError(f"Appeal {found[0]} counts for nothing: {why}", fix="File another one.")
    return appeal


def file_appeal(registry: Registry, asked: AskedAppeal, signer: Signer) -> Appeal:
    """File an appeal; it must be heard in time, or it lapses.

    The evidence that the claims name is stored already; hold the store in use meanwhile.

    Raises:
        AppealError: it would not count, and nothing was written; the message says why.
        LedgerError: the ledger cannot be read or written.
    """
    from agent_agency.attestation.signer import sign_statement

    check_asked(registry, asked)
    ruling_id = str(asked.ruling.body.get("ruling_id"))
    nonce = registry.new_id()
    statement = filing_statement(ruling_id, asked.ruling.hash, asked.ground, asked.reason, asked.claims, nonce)
    filing = read_filing(read_statement(statement))
    body = {
        "subject": appeal_subject(filing.id),
        RULED_ON: dict(ruled_on(ruling_id)),
        "attestation": sign_statement(statement, signer),
        "evidence": [
            {"gate": "appeal", "kind": "evidence", "part": name, "digest": digest, "of": digest}
            for digest, name in sorted(asked.evidence.items())
        ],
    }
    draft = Draft(APPEAL_FILED, body)
    _append_filing(registry, asked, filing.id, draft)
    _anchor(registry)
    filed = read_matter(registry, appeal=filing.id).named(filing.id)
    if filed is None:
        raise AppealError(
            f"Somebody else appealed ruling {ruling_id} at the same moment, so {filing.id} does not count",
            fix="Run agency appeal list to see theirs.",
        )
    return filed


def _append_filing(registry: Registry, asked: AskedAppeal, appeal_id: str, draft: Draft) -> None:
    """Write the filing with what it adds to the case of its ruling; try again when others wrote about that case."""
    from agent_agency.workflows.appeal_case import case_of_filing

    ledger = registry.record.ledger
    for _ in range(TRIES):
        appeal = _tried(registry, draft, appeal_id)
        limits = registry.sources.limits_of(appeal.chain[0])
        notes = case_of_filing(ledger, asked.ruling, appeal_id, limits, registry.clock.now())
        try:
            ledger.append_all([draft, *notes.drafts], unless_moved=notes.unless_moved)
        except LedgerMovedError:
            continue
        return
    raise _busy(appeal_id)


def review_appeal(
    registry: Registry, reference: str, votes: Sequence[Vote], reasons: Sequence[str], signer: Signer
) -> Appeal:
    """Review an appeal; the review that fills the panel decides it, in the same transaction.

    Args:
        registry: what appeals are heard with.
        reference: the appeal.
        votes: one for each claim.
        reasons: one for each claim.
        signer: the reviewer's key.

    Raises:
        AppealError: the review would not count, and nothing was written; the message says why.
        LedgerError: the ledger cannot be read or written.
    """
    from agent_agency.attestation.signer import sign_statement

    appeal = find_appeal(registry, reference)
    if not appeal.open:
        raise AppealError(_over(appeal), fix=f"Run agency appeal show {appeal.id}.")
    if len(votes) != len(appeal.filing.claims):
        raise AppealError(
            f"The appeal makes {len(appeal.filing.claims)} claims, and {len(votes)} were voted on",
            fix="Give --admit or --refuse for each claim, or for all.",
        )
    statement = review_statement(appeal.id, appeal.payload_digest, appeal.level, votes, reasons)
    envelope = sign_statement(statement, signer)
    draft = Draft(APPEAL_REVIEWED, {"subject": appeal_subject(appeal.id), "attestation": envelope})
    done = _moved_on(registry, appeal.id, draft)
    _anchor(registry)
    return done


def settle(registry: Registry) -> tuple[Appeal, ...]:
    """Write down what time or a full panel has made of appeals; answer those that changed. Every command may call it.

    Raises:
        AppealError: a case that was heard cannot be decided anew.
        LedgerError: the ledger cannot be read or written.
    """
    appeals = read_appeals(registry)
    changed = []
    for draft in appeals_due(appeals):
        appeal_id = str(draft.body["subject"]).removeprefix(appeal_subject(""))
        appeal = appeals.named(appeal_id)
        if appeal is not None and _lapsed(registry, appeal, draft):
            changed.append(appeal)
    changed += [_moved_on(registry, appeal.id, None) for appeal in undecided(appeals)]
    if changed:
        _anchor(registry)
    return tuple(changed)


def _anchor(registry: Registry) -> None:
    """Anchor the record at once, so that it cannot be cut back to before this act unseen.

    Raises:
        LedgerError: it could not be anchored; the act is recorded.
    """
    from agent_agency.workflows.anchor import anchor_act, unanchored

    no_key = anchor_act(registry.repo, registry.record.ledger, registry.arbiter, registry.clock)
    if no_key is not None:  # an appeal ends in a ruling, which that key has to sign
        raise unanchored(no_key) from no_key


def _moved_on(registry: Registry, appeal_id: str, draft: Draft | None) -> Appeal:
    """Write a review, and with it the decision where the panel is full; try again when others were quicker."""
    from agent_agency.workflows.appeal_hearing import record_decision

    for _ in range(TRIES):
        standing = read_matter(registry, appeal=appeal_id).named(appeal_id) if draft is None else None
        appeal = _tried(registry, draft, appeal_id) if draft else standing
        if appeal is None:
            break
        drafts = [draft] if draft else []
        if not appeal.heard:
            written = _wrote(registry, drafts, appeal)
        elif appeal.result is None:
            written = record_decision(registry, appeal, drafts)
        else:
            return appeal
        if written:
            done = read_matter(registry, appeal=appeal_id).named(appeal_id)
            if done is not None:
                return done
    raise _busy(appeal_id)


def _lapsed(registry: Registry, appeal: Appeal, draft: Draft) -> bool:
    """Write that an appeal lapsed, and that its ruling stands in the case that waits for it."""
    from agent_agency.arbitration.cases.note_request import AppealAnswer
    from agent_agency.workflows.appeal_hearing import case_after

    notes = case_after(registry, appeal, AppealAnswer.UPHELD, None)
    drafts = (draft, *(notes.drafts if notes else ()))
    known = {appeal_subject(appeal.id): appeal.last, **(notes.unless_moved if notes else {})}
    try:
        registry.record.ledger.append_all(drafts, unless_moved=known)
    except LedgerMovedError:
        return False
    return True


def _wrote(registry: Registry, drafts: Sequence[Draft], appeal: Appeal) -> bool:
    known = {appeal_subject(appeal.id): appeal.last}
    try:
        registry.record.ledger.append_all(drafts, unless_moved=known)
    except LedgerMovedError:
        return False
    return True


def _folded(registry: Registry, entries: Sequence[Entry]) -> Appeals:
    return fold_appeals(entries, registry.sources, registry.clock.now())


def _tried(registry: Registry, draft: Draft, appeal_id: str) -> Appeal:
    """How the appeal would stand with one more entry; ``last`` stays the number of the newest entry that is there.

    Raises:
        AppealError: the entry would not count.
    """
    now, subject = registry.clock.now(), appeal_subject(appeal_id)
    entry = Entry(_AFTER_ALL, draft.kind, rfc3339(now), "", dict(draft.body), None, "")
    named = draft.body.get(RULED_ON)
    view = registry.record.ledger.view()
    entries = matter_on_record(view, named["subject"] if named else subject)
    found = fold_appeals((*entries, entry), registry.sources, now)
    appeal = found.named(appeal_id)
    ignored = found.strays if appeal is None else appeal.ignored
    why = next((one.why for one in ignored if one.seq == _AFTER_ALL), None)
    if appeal is None or why is not None:
        raise _refused(why or "the act does not count", draft)
    last = max((one.seq for one in entries if one.body.get("subject") == subject), default=0)
    return replace(appeal, last=last)


def _refused(why: str, draft: Draft) -> AppealError:
    what = "appeal" if draft.kind == APPEAL_FILED else "review"
    return AppealError(
        f"The {what} would not count: {why}",
        fix="Run agency appeal show on the appeal, or agency explain on the ruling, to see who may act and until when.",
    )


def _busy(appeal_id: str) -> AppealError:
    return AppealError(
        f"Others kept writing about appeal {appeal_id}", fix="Run the command again.", code="appeal.busy"
    )


def _over(appeal: Appeal) -> str:
    if appeal.result is None:
        return f"Appeal {appeal.id} lapsed on {rfc3339(appeal.due)}: its panel was not full, and the ruling stands"
    return f"Appeal {appeal.id} was decided: {appeal.result.outcome}, by ruling {appeal.result.ruling}"


def check_asked(registry: Registry, asked: AskedAppeal) -> None:
    """Refuse claims that name nothing, before anybody signs them or is asked to hear them.

    Raises:
        AppealError: a claim names what the ruling's case does not hold, or the case is not there whole.
    """
    from agent_agency.workflows.appeal_hearing import on_record

    ruling = registry.sources.as_appealed(asked.ruling)
    if ruling is None:
        raise AppealError(
            "The ruling's document is not there whole, so nobody can tell who its parties are",
            fix="Restore the evidence folder from a backup; a pruned ruling cannot be appealed.",
            code="appeal.no_case",
        )
    heard = on_record(registry, asked.ruling, ruling, asked.claims)
    try:
        check_claims(asked.claims, heard, ruling.rests_on)
    except ClaimError as error:
        raise AppealError(
            f"The claim cannot be heard: {error}", fix="Run agency explain on the ruling to see what it rests on."
        ) from error
