"""What people do about precedents: promote a ruling, distinguish a case, overrule.

What would not count is refused before it is signed, with the reason that a reader would give for passing it over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.arbitration.precedents.acts import (
    MAX_HOLDING,
    MAX_REASON,
    checked_sentence,
    distinction_statement,
    overruling_statement,
    precedent_id,
    precedent_subject,
    promotion_statement,
)
from agent_agency.arbitration.precedents.fold import is_final, why_cannot_overrule, why_may_not
from agent_agency.arbitration.precedents.model import (
    DISTINGUISHED,
    OVERRULED,
    PROMOTED,
    CaseFeatures,
    Differing,
    Precedent,
    RecordedRuling,
    Status,
)
from agent_agency.arbitration.precedents.similarity import alike, compare
from agent_agency.clock import rfc3339
from agent_agency.errors import NotSignedError, PrecedentError
from agent_agency.evidence import EvidenceStore
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.case_features import features_of_file
from agent_agency.workflows.precedent_index import writer
from agent_agency.workflows.precedents import Library

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principal
    from agent_agency.attestation.signer import Signer


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody about to act: the precedents that they see, where evidence lies, and what opens their key."""

    library: Library
    evidence: EvidenceStore
    open_key: Callable[[], Signer]

    def signer_for(self, ruling: RecordedRuling) -> tuple[Signer, Principal]:
        """The opened key and whose it is, once all else about the act was found right.

        Raises:
            PrecedentError: an act of theirs about this ruling would not count.
            SigningError: the key cannot be used.
        """
        signer = self.open_key()
        principal = self.library.principals.by_key(signer.key_id)
        if principal is None:
            raise _refused(f"the key {signer.key_id} is not among those of the listed principals")
        if why := why_may_not(principal, ruling):
            raise _refused(why)
        return signer, principal


def promote(acting: Acting, reference: str, holding: str) -> Precedent:
    """Let a final ruling stand for a sentence; at risk tier 1 it guides once the quorum has promoted it alike.

    Args:
        acting: who does it.
        reference: names the ruling.
        holding: what the ruling stands for, in one sentence.

    Raises:
        PrecedentError: it would not count; nothing was signed or written.
        LedgerError: the ledger cannot be read or written.
    """
    library = acting.library
    ruling = library.rulings.named(reference)
    try:
        holding = checked_sentence(holding, "holding", MAX_HOLDING)
    except ValueError as error:
        raise _refused(str(error)) from error
    _refuse_unless_final(library, ruling)
    _refuse_without_case(acting, ruling)
    named = precedent_id(ruling.id, ruling.entry, holding)
    before = library.read(named)
    signer, principal = acting.signer_for(ruling)
    if before is not None and principal.name in before.promoters:
        raise _refused(f"{principal.name} has promoted {named} already")
    _write(library, signer, PROMOTED, named, promotion_statement(ruling.id, ruling.entry, holding), before)
    return _read(library.renewed(), named)


def distinguish(acting: Acting, precedent_name: str, reference: str, because: Sequence[str]) -> Precedent:
    """Say that a ruling was another case than a precedent's, because of facts that differ.

    Args:
        acting: who does it.
        precedent_name: the precedent.
        reference: names the ruling.
        because: facts, each as ``key`` or ``key=value``.

    Raises:
        PrecedentError: it would not count, or a fact does not differ; nothing was signed or written.
        LedgerError: the ledger cannot be read or written.
    """
    library = acting.library
    precedent = in_force(library, precedent_name)
    ruling = library.rulings.named(reference)
    if ruling.id == precedent.ruling:
        raise _refused(f"{ruling.id} is the precedent's own ruling")
    if ruling.features is None or precedent.features is None:
        raise _refused("the facts of one of the two cases are not on record")
    differing = compare(ruling.features, precedent.features, alike).differ
    chosen = tuple(dict.fromkeys(_chosen(fact, differing) for fact in because))
    if not chosen:
        raise _refused("it names no fact that differs")
    statement = distinction_statement(precedent.id, ruling.id, ruling.entry, chosen)
    signer, _ = acting.signer_for(ruling)
    _write(library, signer, DISTINGUISHED, precedent.id, statement, precedent)
    return _read(library.renewed(), precedent.id)


def overrule(acting: Acting, precedent_name: str, reference: str, reason: str) -> Precedent:
    """Let a precedent give way to a later, final ruling about an issue that both have.

    Raises:
        PrecedentError: it would not count; nothing was signed or written.
        LedgerError: the ledger cannot be read or written.
    """
    library = acting.library
    precedent = in_force(library, precedent_name)
    ruling = library.rulings.named(reference)
    try:
        reason = checked_sentence(reason, "reason", MAX_REASON)
    except ValueError as error:
        raise _refused(str(error)) from error
    if why := why_cannot_overrule(ruling, library.rulings.of(precedent.ruling, precedent.ruling_entry)):
        raise _refused(why)
    _refuse_unless_final(library, ruling)
    statement = overruling_statement(precedent.id, ruling.id, ruling.entry, reason)
    signer, principal = acting.signer_for(ruling)
    if principal.name in precedent.overrulers:
        raise _refused(f"{principal.name} has overruled {precedent.id} already")
    _write(library, signer, OVERRULED, precedent.id, statement, precedent)
    return _read(library.renewed(), precedent.id)


def in_force(library: Library, name: str) -> Precedent:
    """The precedent of an id, which must guide.

    Raises:
        PrecedentError: there is none, or it does not.
    """
    precedent = library.read(name)
    if precedent is None:
        raise PrecedentError(
            f"There is no precedent {name}", fix="Run agency precedent list.", code="precedent.unknown"
        )
    if precedent.status is not Status.IN_FORCE:
        raise _refused(f"{name} is {str(precedent.status).replace('_', ' ')}, so it guides nobody")
    return precedent


def _write(
    library: Library, signer: Signer, kind: str, precedent: str, statement: bytes, seen: Precedent | None
) -> None:
    from agent_agency.attestation.signer import sign_statement

    subject = precedent_subject(precedent)
    body = {"subject": subject, "attestation": sign_statement(statement, signer)}
    moved = {subject: seen.last if seen else 0}
    library.renewed().mark  # noqa: B018 - brings the index up first, so that the new row goes in with the new entry
    also = writer(library.ledger, library.bench)
    library.ledger.append_all([Draft(kind, body)], unless_moved=moved, also=also)


def _read(library: Library, precedent: str) -> Precedent:
    found = library.read(precedent)
    if found is None:
        raise PrecedentError(f"{precedent} cannot be read back", fix="Run agency ledger verify.")
    return found


def _refuse_unless_final(library: Library, ruling: RecordedRuling) -> None:
    if ruling.replaced_by:
        raise _refused(f"{ruling.id} was replaced on appeal by {ruling.replaced_by}", "Name that ruling.")
    if ruling.final_from is None:
        raise _refused(f"{ruling.id} is under appeal, or its law cannot be read", "Wait until the appeal is decided.")
    if not is_final(ruling, library.now):
        when = rfc3339(ruling.final_from)[:10]
        raise _refused(f"{ruling.id} is not final: it may be appealed until {when}", "Do it after that day.")


def _refuse_without_case(acting: Acting, ruling: RecordedRuling) -> None:
    """Refuse a ruling without facts, without an issue, not of the listed arbiter, or of other facts than its case."""
    if ruling.features is None or not ruling.features.of("issue"):
        raise _refused(f"{ruling.id} left no question open and excused nothing, so it guides nobody")
    entry = _entry_of(acting.library, ruling)
    _refuse_unsigned(acting.library, ruling, entry)
    if as_recorded(features_of_file(entry, acting.evidence)) != ruling.features:
        raise _refused(f"the facts that {ruling.id} records are not those of its case file")


def _refuse_unsigned(library: Library, ruling: RecordedRuling, entry: Entry) -> None:
    """Where the base lists an arbiter, only what that arbiter signed is a ruling that others may be guided by."""
    if not library.principals.with_role("arbiter"):
        return
    from agent_agency.workflows.ruling_statement import read_recorded_ruling

    try:
        read_recorded_ruling(entry.body, library.principals)
    except NotSignedError as error:
        raise _refused(f"{ruling.id} does not carry the arbiter's signature: {error.reason}") from error


def as_recorded(told: CaseFeatures) -> CaseFeatures | None:
    """Features as a ruling's entry holds them."""
    return CaseFeatures.read(told.as_dict())


def _entry_of(library: Library, ruling: RecordedRuling) -> Entry:
    return next(entry for entry in library.view.about(f"ruling:{ruling.id}") if entry.hash == ruling.entry)


def _chosen(asked: str, differing: Sequence[Differing]) -> Differing:
    key, equals, value = asked.partition("=")
    found = next((one for one in differing if one.fact == key), None)
    if found is None or (equals and value not in {*found.here, *found.there}):
        told = ", ".join(one.fact for one in differing) or "none"
        raise PrecedentError(
            f"The two cases do not differ in {asked!r}", fix=f"They differ in: {told}.", code="precedent.no_difference"
        )
    return found


def _refused(
    why: str, fix: str = "Run agency precedent show or agency precedent check to see how it stands."
) -> PrecedentError:
    return PrecedentError(f"It would not count: {why}", fix=fix)
