"""Whether an entry of the ledger is a ruling that the arbiter signed, and says what was signed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError, NotSignedError
from agent_agency.ledger.entry import Entry

if TYPE_CHECKING:
    from agent_agency.attestation.arbiter_act import ArbiterAct
    from agent_agency.attestation.keys import PublicKey
    from agent_agency.attestation.principals import Principals
    from agent_agency.attestation.signer import Ed25519Signer

RULING = "ruling"


def is_vouched(entry: Entry, principals: Principals, own: Collection[PublicKey] = ()) -> bool:
    """Whether the entry's signature verifies and says what the entry says.

    A signature over another ruling's entry does not carry over to one whose members were changed.

    Args:
        entry: any entry.
        principals: those whom the base lists; where they list an arbiter, no other key counts but this user's own.
        own: this user's own arbiter key, where there is one.
    """
    from agent_agency.workflows.ruling_statement import read_ruling

    body, envelope = entry.body, entry.body.get("attestation")
    if entry.kind != RULING or not isinstance(envelope, dict):
        return False
    try:
        act = read_ruling(envelope, str(body.get("ruling_id")), principals, own)
    except NotSignedError:
        return False
    said = act.statement.predicate
    law, stored = body.get("law"), said.get("evidence")
    same_law = isinstance(law, dict) and said.get("law") == {name: law.get(name) for name in ("commit", "constitution")}
    same = all(said.get(name) == body.get(name) for name in ("verdict", "base"))
    same_document = isinstance(stored, dict) and stored.get("document") == body.get("document")
    return same and same_law and same_document and _same_head(entry, act)


def vouched_by(arbiter: Callable[[], Ed25519Signer], principals: Principals) -> Callable[[Entry], bool]:
    """Tell rulings of an arbiter whom the base lists, or of this user's own, from what whoever wrote.

    The key of this user is asked for only where there is an entry to judge; one that cannot be used counts for nothing.
    """

    def vouched(entry: Entry) -> bool:
        own: tuple[PublicKey, ...] = ()
        with suppress(AgencyError):
            own = (arbiter().public_key,)
        return is_vouched(entry, principals, own)

    return vouched


def _same_head(entry: Entry, act: ArbiterAct) -> bool:
    """Whether the entry names the tree, and the commit where there is one, that the signature is over."""
    head, signed = entry.body.get("head"), dict(act.statement.subjects)
    if not isinstance(head, dict) or signed.get("tree", {}).get("gitTree") != head.get("tree"):
        return False
    return signed.get("commit", {}).get("gitCommit") == head.get("commit")
