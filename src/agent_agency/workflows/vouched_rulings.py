"""Whether an entry of the ledger is a ruling that the arbiter signed, and says what was signed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError, NotSignedError
from agent_agency.ledger.entry import Entry

if TYPE_CHECKING:
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
    from agent_agency.workflows.ruling_statement import read_recorded_ruling

    if entry.kind != RULING:
        return False
    try:
        read_recorded_ruling(entry.body, principals, own)
    except NotSignedError:
        return False
    return True


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
