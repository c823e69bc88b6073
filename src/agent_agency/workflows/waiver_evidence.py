"""The signed acts about waivers, as far as they are sound: from the ledger, and from envelopes published at the base.

An act is sound when its envelope verifies, its signer is listed at the base of the review, it is bound to this
repository (the commit that it names is part of the base's history; in the ledger it names this chain too), and it says
what an act of its kind says. Everything else is discarded, and told with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.waivers.model import ENTRY_KINDS, Act, ActKind, Discarded
from agent_agency.arbitration.waivers.statements import SUBJECT_PREFIX, read_decided, read_terms
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import digest_bytes, parse_json
from agent_agency.errors import GitError, LawError, LedgerError, NotSignedError
from agent_agency.git import Repository

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger

APPROVALS_FOLDER = ".agency/approvals"
ARBITER = "arbiter"
MOST_BYTES = 1024 * 1024

_LINKS = frozenset({"120000", "160000"})


@dataclass(frozen=True, slots=True)
class WaiverEvidence:
    """Sound acts and what was discarded; ``signatures_needed`` where the base lists an approver.

    ``problem`` says why the record cannot be believed: then a revocation may be missing, and no waiver is in force.
    """

    acts: tuple[Act, ...] = ()
    discarded: tuple[Discarded, ...] = ()
    signatures_needed: bool = False
    problem: LedgerError | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """An envelope that claims to be an act: where it was found, and the chain that it was recorded in."""

    envelope: Any
    waiver_id: str
    kind: str
    where: str
    chain: str | None


def read_evidence(repo: Repository, commit: str, principals: Principals, ledger: Ledger) -> WaiverEvidence:
    """Read every act about waivers that counts at a commit of the base.

    The record must verify whole and agree with its anchors in git, so that an act that was taken out of it is missed.

    Args:
        repo: the repository.
        commit: the base of the review.
        principals: whom that commit lists.
        ledger: the record of this repository.

    Raises:
        GitError: the commit or an anchor cannot be read.
    """
    if not principals.lists_approvers:
        return WaiverEvidence()
    try:
        recorded = _recorded(repo, ledger)
    except LedgerError as error:
        return WaiverEvidence(signatures_needed=True, problem=error)
    reader = _Reader(repo, commit, principals)
    found = [reader.read(one) for one in (*recorded, *_published(repo, commit))]
    acts = tuple(act for act in found if isinstance(act, Act))
    return WaiverEvidence(acts, tuple(one for one in found if isinstance(one, Discarded)), signatures_needed=True)


def _recorded(repo: Repository, ledger: Ledger) -> tuple[_Found, ...]:
    from agent_agency.workflows.anchor import refuse_unless_anchors_agree

    refuse_unless_anchors_agree(repo, ledger)
    return tuple(_of_ledger(ledger))


def _of_ledger(ledger: Ledger) -> Iterator[_Found]:
    for entry in ledger.of_kinds(tuple(ENTRY_KINDS.values())):
        subject = entry.body.get("subject")
        waiver_id = subject.removeprefix(SUBJECT_PREFIX) if isinstance(subject, str) else ""
        where = f"ledger entry {entry.seq}"
        yield _Found(entry.body.get("attestation"), waiver_id, entry.kind, where, entry.chain)


def _published(repo: Repository, commit: str) -> Iterator[_Found]:
    for entry in repo.list_files(commit, f"{APPROVALS_FOLDER}/"):
        name = entry.path.removeprefix(f"{APPROVALS_FOLDER}/")
        if entry.mode in _LINKS or "/" in name or not name.endswith(".json"):
            continue
        waiver_id = name.removesuffix(".json")
        for number, envelope in enumerate(read_published(repo.read_blob(commit, entry.path) or b""), 1):
            yield _Found(envelope, waiver_id, "published", f"{entry.path}, envelope {number}", None)


def read_published(data: bytes) -> tuple[Any, ...]:
    """The envelopes of a published file: a JSON array of them. One unreadable item stands for a file that is none."""
    if len(data) > MOST_BYTES:
        return (None,)
    try:
        value = parse_json(data)
    except ValueError:
        return (None,)
    return tuple(value) if isinstance(value, list) else (None,)


class _Reader:
    """Turns what was found into sound acts, held to one base."""

    def __init__(self, repo: Repository, commit: str, principals: Principals) -> None:
        self._repo = repo
        self._commit = commit
        self._principals = principals
        self._in_history: Callable[[str], bool] = cache(self._is_in_history)
        self._listed_at: Callable[[str], Principals | None] = cache(self._principals_at)

    def read(self, found: _Found) -> Act | Discarded:
        try:
            return self._read(found)
        except NotSignedError as error:
            why = error.reason
        except ValueError as error:
            why = str(error)
        return Discarded(found.kind, found.waiver_id, found.where, why)

    def _read(self, found: _Found) -> Act:
        from agent_agency.attestation.envelope import read_envelope
        from agent_agency.attestation.statement import read_statement
        from agent_agency.attestation.verify import verify_envelope

        if not isinstance(found.envelope, Mapping):
            raise ValueError("it is no envelope")  # noqa: TRY004 - one way to tell of everything that is no act
        payload = read_envelope(found.envelope).payload
        kind = _kind(read_statement(payload).kind, found.kind)
        signed = verify_envelope(found.envelope, self._whom_to_ask(found.envelope, kind, payload))
        if kind is ActKind.REQUEST:
            terms, chain = read_terms(signed.statement)
            if terms.requester != signed.principal.name:
                raise ValueError(f"{signed.principal.name} signed it in the name of somebody else")
            if ARBITER in signed.principal.roles:
                raise ValueError(f"{signed.principal.name} is an arbiter, who asks for nothing")
            about, digest, at, base, note = terms.id, digest_bytes(payload), terms.created_at, terms.base, ""
        else:
            decided, terms = read_decided(signed.statement), None
            about, digest, at, base, note = decided.waiver_id, decided.digest, decided.at, decided.base, decided.note
            chain = decided.chain
        self._check_binding(found, about, base, chain)
        return Act(
            kind=kind,
            waiver_id=about,
            digest=digest,
            at=at,
            signer=signed.principal,
            key_id=signed.key_id,
            base=base,
            chain=chain,
            where=found.where,
            note=note,
            terms=terms,
            envelope=found.envelope,
        )

    def _whom_to_ask(self, envelope: Mapping[str, Any], kind: ActKind, payload: bytes) -> Principals:
        """Those listed at the review's base; for an ending also those listed at the commit that the signer looked at.

        Who has left since must not leave a waiver alive that they ended.
        """
        from agent_agency.attestation.envelope import read_envelope
        from agent_agency.attestation.statement import read_statement

        ending = kind in {ActKind.DENIAL, ActKind.REVOCATION}
        if not ending or self._principals.by_key(read_envelope(envelope).signature.key_id) is not None:
            return self._principals
        base = read_decided(read_statement(payload)).base
        return (self._listed_at(base) if self._in_history(base) else None) or self._principals

    def _check_binding(self, found: _Found, about: str, base: str, chain: str | None) -> None:
        if about != found.waiver_id:
            raise ValueError(f"it is about {about}")
        if found.chain is not None and chain != found.chain:
            raise ValueError("it was made for another record than this one")
        if not self._in_history(base):
            raise ValueError(f"the commit {base[:12]} that it was made for is not part of the base's history")

    def _is_in_history(self, commit: str) -> bool:
        try:
            return self._repo.merge_bases(commit, self._commit) == (commit,)
        except GitError:
            return False

    def _principals_at(self, commit: str) -> Principals | None:
        from agent_agency.workflows.principals_at import principals_at

        try:
            return principals_at(self._repo, commit)
        except LawError:
            return None


def _kind(stated: str, recorded_as: str) -> ActKind:
    if stated not in set(ActKind):
        raise ValueError(f"it is no act about a waiver ({stated})")
    kind = ActKind(stated)
    if recorded_as not in {ENTRY_KINDS[kind], "published"}:
        raise ValueError(f"it is recorded as {recorded_as}, and says {stated}")
    return kind
