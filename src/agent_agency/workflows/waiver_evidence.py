"""The signed acts about waivers, as far as they are sound: from the ledger, and from envelopes published at the base.

An act is sound when its envelope verifies, its signer is listed at the base of the review, it is bound to this
repository (the commit that it names is part of the base's history; in the ledger it names this chain too), and it says
what an act of its kind says. Everything else is discarded, and told with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.waivers.model import ENTRY_KINDS, Act, Discarded
from agent_agency.arbitration.waivers.statements import SUBJECT_PREFIX
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import parse_json
from agent_agency.errors import GitError, LedgerError
from agent_agency.git import Repository
from agent_agency.workflows.waiver_envelopes import PUBLISHED, Claimed, Found, Signatures, claimed

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger

APPROVALS_FOLDER = ".agency/approvals"
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


def read_evidence(
    repo: Repository, commit: str, principals: Principals, ledger: Ledger, *, living_at: datetime | None = None
) -> WaiverEvidence:
    """Read every act about waivers that counts at a commit of the base.

    The record must verify whole and agree with its anchors in git, so that an act that was taken out of it is missed.

    Args:
        repo: the repository.
        commit: the base of the review.
        principals: whom that commit lists.
        ledger: the record of this repository.
        living_at: leave out what had expired then, which can change nothing; ``None`` leaves nothing out.

    Raises:
        GitError: the commit or an anchor cannot be read.
    """
    if not principals.lists_approvers:
        return WaiverEvidence()
    try:
        recorded = _recorded(repo, ledger)
    except LedgerError as error:
        return WaiverEvidence(signatures_needed=True, problem=error)
    read = [claimed(one) for one in (*recorded, *_published(repo, commit))]
    claims = _living([one for one in read if isinstance(one, Claimed)], living_at)
    signatures = Signatures(repo, principals, _in_history(repo, commit, {claim.base for claim in claims}))
    verified = [signatures.verified(claim) for claim in claims]
    acts = tuple(one for one in verified if isinstance(one, Act))
    discarded = tuple(one for one in (*read, *verified) if isinstance(one, Discarded))
    return WaiverEvidence(acts, discarded, signatures_needed=True)


def _living(claims: Sequence[Claimed], at: datetime | None) -> Sequence[Claimed]:
    """The claims without those about a request that says itself that it is over.

    What it says decides here before its signature is looked at: what it says is then left out, so nobody gains by it.
    """
    if at is None:
        return claims
    over = {(claim.waiver_id, claim.digest) for claim in claims if claim.terms and claim.terms.expires_at <= at}
    return [claim for claim in claims if (claim.waiver_id, claim.digest) not in over]


def _in_history(repo: Repository, commit: str, bases: Collection[str]) -> frozenset[str]:
    """Which of the commits the history of a commit holds; one question in all, unless one of them is unknown here."""
    if not bases:
        return frozenset()
    try:
        beyond = repo.view.git(["rev-list", *sorted(bases), f"^{commit}", "--"])
    except GitError:
        return frozenset(base for base in bases if _is_ancestor(repo, base, commit))
    return frozenset(bases) - frozenset(beyond.decode("ascii").split())


def _is_ancestor(repo: Repository, base: str, commit: str) -> bool:
    try:
        return repo.merge_bases(base, commit) == (base,)
    except GitError:
        return False


def _recorded(repo: Repository, ledger: Ledger) -> tuple[Found, ...]:
    from agent_agency.workflows.anchor import refuse_unless_anchors_agree

    refuse_unless_anchors_agree(repo, ledger)
    return tuple(_of_ledger(ledger))


def _of_ledger(ledger: Ledger) -> Iterator[Found]:
    for entry in ledger.of_kinds(tuple(ENTRY_KINDS.values())):
        subject = entry.body.get("subject")
        waiver_id = subject.removeprefix(SUBJECT_PREFIX) if isinstance(subject, str) else ""
        where = f"ledger entry {entry.seq}"
        yield Found(entry.body.get("attestation"), waiver_id, entry.kind, where, entry.chain)


def _published(repo: Repository, commit: str) -> Iterator[Found]:
    for entry in repo.list_files(commit, f"{APPROVALS_FOLDER}/"):
        name = entry.path.removeprefix(f"{APPROVALS_FOLDER}/")
        if entry.mode in _LINKS or "/" in name or not name.endswith(".json"):
            continue
        waiver_id = name.removesuffix(".json")
        for number, envelope in enumerate(read_published(repo.read_blob(commit, entry.path) or b""), 1):
            yield Found(envelope, waiver_id, PUBLISHED, f"{entry.path}, envelope {number}", None)


def read_published(data: bytes) -> tuple[Any, ...]:
    """The envelopes of a published file: a JSON array of them. One unreadable item stands for a file that is none."""
    if len(data) > MOST_BYTES:
        return (None,)
    try:
        value = parse_json(data)
    except ValueError:
        return (None,)
    return tuple(value) if isinstance(value, list) else (None,)
