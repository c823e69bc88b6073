"""What signatures and git anchors know of a chain: the witness whom verification asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from agent_agency.attestation.arbiter_act import Standing
from agent_agency.attestation.key_files import read_key_file
from agent_agency.attestation.keys import BadKeyError, PublicKey
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import parse_canonical
from agent_agency.errors import LedgerCorruptError, NotSignedError, SigningError, UnknownRevisionError, UsageError
from agent_agency.git import Repository, anchors
from agent_agency.ledger.chain import Problem
from agent_agency.ledger.verify import LEDGER, VerificationReport
from agent_agency.ledger.witness import KnownHead
from agent_agency.workflows.anchor import (
    FETCHED_REFS,
    OWN_REFS,
    SignedHead,
    anchor_claims,
    chain_of,
    read_anchor,
    read_head,
)
from agent_agency.workflows.key_folder import ARBITER, KeyFolder, read_private
from agent_agency.workflows.principals_at import principals_at


@dataclass(frozen=True, slots=True)
class HeadWitness:
    """Checks signed heads against the principals of one commit, and reads anchors from one repository.

    Args:
        repo: where the anchors are; ``None`` knows of none.
        principals: who counts as an arbiter.
        own: this user's own arbiter key, where there is one.
        spaces: the refs below which anchors are looked for.
        wanted: whether a chain without any anchor there is refused.
    """

    repo: Repository | None
    principals: Principals
    own: tuple[PublicKey, ...] = ()
    spaces: tuple[str, ...] = (OWN_REFS, FETCHED_REFS)
    wanted: bool = False

    def signed(self, envelope: bytes) -> KnownHead:
        """The head that an envelope signs.

        Raises:
            NotSignedError: it is no signature over a head, or of a key that may not count.
        """
        try:
            value = parse_canonical(envelope)
        except ValueError as error:
            raise NotSignedError(f"the envelope is no canonical JSON ({error})") from error
        return _known(read_head(value, self.principals, self.own))

    def anchored(self, chain: str) -> Sequence[KnownHead]:
        """The heads of a chain that were ever anchored, the newest of each ref with its signature checked.

        Older ones are held against the chain whoever signed them: they can only contradict it.

        Raises:
            LedgerCorruptError: an anchor is there and does not count.
            UsageError: there is none where one was asked for.
            GitError: the anchors cannot be read.
        """
        if self.repo is None:
            return ()
        tips = [tip for tip in anchors.tips(self.repo, self.spaces) if chain_of(tip.ref) == chain]
        if not tips and self.wanted:
            raise UsageError(
                f"{', '.join(self.spaces)} holds no anchor of chain {chain}",
                fix=f"Fetch it first: git fetch origin '{OWN_REFS}/*:{FETCHED_REFS}/origin/*'",
            )
        return [head for tip in tips for head in self._heads(self.repo, tip)]

    def _heads(self, repo: Repository, tip: anchors.AnchorCommit) -> Iterable[KnownHead]:
        try:
            newest = read_anchor(tip, self.principals, self.own)
        except NotSignedError as error:
            raise LedgerCorruptError(
                f"The anchor at {tip.ref} does not count: {error.reason}",
                fix="Fetch it anew from a clone that has it, or say with --principals at which commit it counted.",
                path=tip.ref,
                code="ledger.anchor_unreadable",
            ) from error
        yield KnownHead(newest.chain, newest.seq, newest.hash, f"anchored at {tip.ref}{_by(newest)}")
        for older in anchors.history(repo, tip.ref)[1:]:
            said = anchor_claims(older)
            yield KnownHead(said.chain, said.seq, said.hash, f"anchored by {older.commit[:12]}")


def head_witness(
    repo: Repository, keys: KeyFolder, *, principals: str | None = None, anchor: str | None = None
) -> HeadWitness:
    """The witness of a repository.

    Args:
        repo: where principals and anchors are read.
        keys: the folder of this user's keys, whose arbiter key counts for this user's own record.
        principals: the commit whose list counts; the usual base where none is named, nobody where there is none.
        anchor: the one ref, or folder of refs, whose anchors count; all that are known where none is named.

    Raises:
        UnknownRevisionError: a commit was named that is none.
        UsageError: the anchor is no whole name of a ref.
        LawError: the list there cannot be read.
    """
    if anchor is not None and not anchor.startswith("refs/"):
        raise UsageError(f"{anchor!r} is no whole name of a ref", fix=f"Write it in full, e.g. {FETCHED_REFS}/origin.")
    listed = Principals()
    try:
        listed = principals_at(repo, repo.resolve(principals or repo.default_base()))
    except UnknownRevisionError:
        if principals is not None:
            raise
    spaces = (OWN_REFS, FETCHED_REFS) if anchor is None else (anchor,)
    return HeadWitness(repo, listed, own_arbiter_keys(keys), spaces, wanted=anchor is not None)


def own_arbiter_keys(keys: KeyFolder) -> tuple[PublicKey, ...]:
    """This user's own arbiter key, the one that a review signs with; none where there is none that may be used."""
    try:
        if keys.arbiter is not None:
            return (read_key_file(read_private(keys.arbiter)).public_key,)
        return (keys.read(ARBITER).file.public_key,) if ARBITER in keys.names() else ()
    except (SigningError, BadKeyError):
        return ()


def anchored_without_a_chain(repo: Repository, chains: Collection[str | None]) -> list[VerificationReport]:
    """A report for each chain that this repository anchored and that is not among those kept here.

    Raises:
        GitError: the anchors cannot be read.
    """
    gone = [tip for tip in anchors.tips(repo, [OWN_REFS]) if chain_of(tip.ref) not in chains]
    return [_gone(tip) for tip in gone]


def _gone(tip: anchors.AnchorCommit) -> VerificationReport:
    try:
        said = anchor_claims(tip)
    except LedgerCorruptError as error:
        return VerificationReport(tip.ref, LEDGER, None, 0, None, (Problem(error.stable_code, error.message),))
    what = f"the chain was anchored at entry {said.seq} by {tip.commit[:12]}, and no database here holds it"
    return VerificationReport(tip.ref, LEDGER, said.chain, 0, None, (Problem("ledger.anchored_chain_gone", what),))


def _by(head: SignedHead) -> str:
    """By whom, where that is not the usual."""
    if head.act.standing is Standing.LISTED:
        return f" by {head.act.name}"
    return " by your own arbiter's key" if head.act.standing is Standing.OWN else " by a key that no base lists"


def _known(head: SignedHead) -> KnownHead:
    return KnownHead(head.chain, head.seq, head.hash, head.act.told)
