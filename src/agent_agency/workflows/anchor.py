"""The ledger's head, signed, kept beside the entries and anchored in git, outside of the database.

Whoever rewrites the database leaves an anchor that contradicts it. Whoever rewrites the anchors too leaves a ref that
is no fast-forward for everybody who fetched it before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agent_agency.attestation.arbiter_act import ArbiterAct, read_arbiter_act, sign_arbiter_act
from agent_agency.attestation.envelope import read_envelope
from agent_agency.attestation.keys import PublicKey
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.attestation.statement import read_statement
from agent_agency.canonical_json import canonical_json, parse_canonical
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import (
    AgencyError,
    FileUnwritableError,
    LedgerCorruptError,
    LedgerError,
    NotSignedError,
    SigningError,
)
from agent_agency.git import Repository, anchors
from agent_agency.ledger.entry import Entry, EntryError, decode, is_chain_id, is_hash
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.rows import Shelf

KIND = "ledger_head"
OWN_REFS = "refs/agency/ledger"
"""Anchors of this repository's own chain, one ref per chain."""

FETCHED_REFS = "refs/agency/remotes"
"""Where anchors of others belong: ``refs/agency/remotes/<remote>/<chain>``."""

_CHAIN_IN_REF = re.compile(r"([0-9a-f]{32})$")
_ATTEMPTS = 20
_MAX_TIME = 40


@dataclass(frozen=True, slots=True)
class HeadClaim:
    """What is said of a chain: its newest entry then, and when that was (RFC 3339)."""

    chain: str
    seq: int
    hash: str
    time: str


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head whose signature verified, and who signed it."""

    chain: str
    seq: int
    hash: str
    time: str
    act: ArbiterAct


@dataclass(frozen=True, slots=True)
class Anchored:
    """The head that was anchored; ``ref`` is where."""

    chain: str
    seq: int
    hash: str
    ref: str


def sign_head(entry: Entry, time: str, signer: Ed25519Signer) -> dict[str, Any]:
    """Sign that a chain ends with this entry, as a JSON-ready envelope."""
    subject = (f"ledger:{entry.chain}", {"sha256": entry.hash.removeprefix("sha256:")})
    head = {"chain": entry.chain, "seq": entry.seq, "hash": entry.hash, "time": time}
    return sign_arbiter_act(KIND, [subject], head, signer)


def read_head(envelope: Mapping[str, Any], principals: Principals, own: Collection[PublicKey] = ()) -> SignedHead:
    """Verify the signature over a head.

    Raises:
        NotSignedError: it does not verify, its key may not count, or it is over no head.
    """
    act = read_arbiter_act(envelope, KIND, principals, own)
    claim = _claim(act.statement.predicate)
    if claim is None:
        raise NotSignedError("the signature is over no head of a ledger")
    if act.statement.subjects != ((f"ledger:{claim.chain}", {"sha256": claim.hash.removeprefix("sha256:")}),):
        raise NotSignedError("the signed head names another entry than its subject")
    return SignedHead(claim.chain, claim.seq, claim.hash, claim.time, act)


def read_anchor(anchor: anchors.AnchorCommit, principals: Principals, own: Collection[PublicKey] = ()) -> SignedHead:
    """Verify an anchor: the signed head that stands in its commit, under the ref of its chain.

    Raises:
        NotSignedError: as `read_head`, or the commit holds no envelope, or stands under another chain's ref.
    """
    try:
        envelope = parse_canonical(anchor.text)
    except ValueError as error:
        raise NotSignedError(f"the anchor {anchor.commit[:12]} holds no signed head") from error
    head = read_head(envelope, principals, own)
    if head.chain != chain_of(anchor.ref):
        raise NotSignedError(f"the anchor {anchor.commit[:12]} is of chain {head.chain}, and stands at {anchor.ref}")
    return head


def chain_of(ref: str) -> str | None:
    """The chain whose anchors a ref holds."""
    found = _CHAIN_IN_REF.search(ref)
    return found[1] if found else None


def refuse_unless_anchors_agree(repo: Repository, ledger: Ledger) -> tuple[anchors.AnchorCommit, ...]:
    """Hold this repository's newest anchors against its ledger, before anything is appended; two questions in all.

    Signatures are not looked at here: an anchor that contradicts the ledger stops it whoever signed it. What is
    answered are the anchors.

    Raises:
        LedgerCorruptError: an anchor exists and the chain does not, or is shorter, or was written anew.
        GitError: the anchors cannot be read.
    """
    every = anchors.tips(repo, [OWN_REFS, FETCHED_REFS])
    if not every:
        return ()
    shelf = ledger.shelf()
    own = shelf.chain if shelf else None
    found = tuple(one for one in every if one.ref.startswith(f"{OWN_REFS}/") or chain_of(one.ref) == own)
    for anchor in found:
        _refuse_unless_it_agrees(anchor, ledger, shelf)
    return found


def anchor_head(repo: Repository, ledger: Ledger, signer: Ed25519Signer, clock: Clock) -> Anchored | None:
    """Sign the ledger's newest entry, keep the signature beside the entries, and anchor it in git.

    Nothing is done where the newest entry is anchored already. Several processes may do it at once: each anchors what
    it sees, and none goes back behind another's. Without any entry the answer is ``None``.

    Raises:
        LedgerCorruptError: the ledger's end or an anchor does not agree with the rest; nothing was anchored.
        LedgerError: the signature could not be kept.
        GitError: git refused the anchor.
    """
    for _ in range(_ATTEMPTS):
        known = refuse_unless_anchors_agree(repo, ledger)
        shelf = ledger.shelf()
        entry = _newest(ledger, shelf) if shelf else None
        if shelf is None or entry is None:
            return None
        ref = f"{OWN_REFS}/{shelf.chain}"
        before = next((anchor for anchor in known if anchor.ref == ref), None)
        if before is not None and anchor_claims(before).seq >= entry.seq:
            return Anchored(shelf.chain, entry.seq, entry.hash, ref)
        now = clock.now()
        envelope = canonical_json(sign_head(entry, rfc3339(now), signer))
        _keep(ledger, shelf, entry, envelope)
        title = f"Anchor the ledger at entry {entry.seq}"
        with suppress(anchors.AnchorMovedError):
            anchors.add(repo, ref, before.commit if before else None, title, envelope, now)
            return Anchored(shelf.chain, entry.seq, entry.hash, ref)
    raise LedgerError("Other processes moved the anchor each time", fix="Run agency ledger anchor.")


def anchor_act(
    repo: Repository, ledger: Ledger, arbiter: Callable[[], Ed25519Signer], clock: Clock
) -> SigningError | FileUnwritableError | None:
    """Anchor the ledger at once after an act, so that it cannot be cut back to before it unseen.

    Args:
        repo: the repository.
        ledger: its record, in which the act stands.
        arbiter: gives the key that signs heads.
        clock: dates the anchor.

    Returns:
        Why there is no key to sign a head with; the act stands all the same, and the next head that is anchored covers
        it. ``None`` where it is anchored.

    Raises:
        LedgerError: there is a key, and the ledger could not be anchored; the act is recorded.
    """
    try:
        signer = arbiter()
    except (SigningError, FileUnwritableError) as error:
        return error
    try:
        anchor_head(repo, ledger, signer, clock)
    except AgencyError as error:
        raise unanchored(error) from error
    return None


def unanchored(cause: AgencyError) -> LedgerError:
    """The error for an act that is recorded in a ledger that could not be anchored after it."""
    message = f"The act is recorded, but the ledger could not be anchored: {cause.message}"
    return LedgerError(message, fix=cause.fix, path=cause.path, code="ledger.unanchored")


def anchor_verified(repo: Repository, signer: Ed25519Signer, clock: Clock) -> Anchored:
    """Verify this repository's whole record first, then anchor its head.

    Raises:
        LedgerCorruptError: it does not verify; nothing was anchored.
        LedgerError: there is no entry yet, or as `anchor_head`.
        GitError: as `anchor_head`.
    """
    from agent_agency.ledger.journal import corrupt
    from agent_agency.ledger.verify import verify_ledger
    from agent_agency.workflows.record import ledger_of

    ledger = ledger_of(repo)
    own = next((report for report in verify_ledger(ledger) if report.form == "ledger"), None)
    if own is not None and own.problems:
        raise corrupt(own.path, own.problems[0])
    done = anchor_head(repo, ledger, signer, clock)
    if done is None:
        fix = "Run agency review first; each review is recorded."
        raise LedgerError("There is no entry to anchor yet", fix=fix, path=ledger.path, code="ledger.empty")
    return done


def _refuse_unless_it_agrees(anchor: anchors.AnchorCommit, ledger: Ledger, shelf: Shelf | None) -> None:
    claim = anchor_claims(anchor)
    if shelf is None or claim.chain != shelf.chain:
        what = f"chain {claim.chain} was anchored at entry {claim.seq}, and is not this repository's now"
        raise _broken(anchor, what, "ledger.anchored_chain_gone")
    entry = _entry_at(ledger, shelf, claim.seq)
    if entry is None:
        end = _newest(ledger, shelf)
        what = f"the chain ends at entry {end.seq if end else 0} and was anchored at entry {claim.seq}"
        raise _broken(anchor, f"{what}: entries are missing", "ledger.shorter_than_anchor")
    if entry.hash != claim.hash:
        what = f"entry {claim.seq} is not the one that was anchored: the chain was written anew"
        raise _broken(anchor, what, "ledger.rewritten_since_anchor")


def _keep(ledger: Ledger, shelf: Shelf, entry: Entry, envelope: bytes) -> None:
    from agent_agency.ledger.signed_heads import SignedHead as Kept
    from agent_agency.ledger.signed_heads import add_signed_head

    with ledger.database.write() as connection:
        add_signed_head(connection, shelf, Kept(entry.seq, entry.hash, envelope))


def _newest(ledger: Ledger, shelf: Shelf) -> Entry | None:
    from agent_agency.ledger import rows

    with ledger.database.read() as connection:
        row = rows.newest_row(connection, shelf)
        head = rows.stored_head(connection, shelf)
    entry = None if row is None else _checked(ledger, row.line, row.seq)
    if (entry is None) != (head is None) or (entry and head and (entry.seq, entry.hash) != (head.seq, head.hash)):
        raise _unsound(ledger, "its last entry is not the one that it is remembered to end with")
    return entry


def _entry_at(ledger: Ledger, shelf: Shelf, seq: int) -> Entry | None:
    from agent_agency.ledger import rows

    with ledger.database.read() as connection:
        row = rows.row_at(connection, shelf, seq)
    return None if row is None else _checked(ledger, row.line, seq)


def _checked(ledger: Ledger, line: bytes, seq: int) -> Entry:
    try:
        entry, digest = decode(line)
    except EntryError as error:
        raise _unsound(ledger, f"entry {seq} is none: {error}") from error
    if digest != entry.hash or entry.seq != seq:
        raise _unsound(ledger, f"entry {seq} was changed: it does not give its hash")
    return entry


def anchor_claims(anchor: anchors.AnchorCommit) -> HeadClaim:
    """What an anchor says, whoever signed it.

    Raises:
        LedgerCorruptError: it holds no signed head, or stands under another chain's name.
    """
    try:
        said = read_statement(read_envelope(parse_canonical(anchor.text)).payload).predicate
    except ValueError as error:
        raise _broken(anchor, "the anchor holds no signed head", "ledger.anchor_unreadable") from error
    claim = _claim(said)
    if claim is None:
        raise _broken(anchor, "the anchor holds no signed head", "ledger.anchor_unreadable")
    if claim.chain != chain_of(anchor.ref):
        raise _broken(anchor, "the anchor stands under another chain's name", "ledger.anchor_unreadable")
    return claim


def _claim(said: Mapping[str, Any]) -> HeadClaim | None:
    chain, seq, digest, time = (said.get(name) for name in ("chain", "seq", "hash", "time"))
    if not is_chain_id(chain) or not is_hash(digest) or not isinstance(time, str) or len(time) > _MAX_TIME:
        return None
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 1:
        return None
    return HeadClaim(str(chain), seq, str(digest), time)


def _broken(anchor: anchors.AnchorCommit, what: str, code: str) -> LedgerCorruptError:
    return LedgerCorruptError(
        f"The ledger contradicts its anchor {anchor.commit[:12]}: {what}",
        fix=(
            "Restore the database from a backup or import an export of the chain; to give the record up knowingly, "
            f"move the ledger's folder aside and run git update-ref -d {anchor.ref}."
        ),
        path=anchor.ref,
        code=code,
    )


def _unsound(ledger: Ledger, what: str) -> LedgerCorruptError:
    return LedgerCorruptError(
        f"The ledger does not verify: {what}", fix="Run agency ledger verify to see what is wrong.", path=ledger.path
    )
