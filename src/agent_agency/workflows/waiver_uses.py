"""How often a waiver was used, counted in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger

RULING = "ruling"
WAIVED = "waived"


def changes_let_through(ledger: Ledger, waiver_id: str, *, but: str = "") -> frozenset[str]:
    """The digests of the different changes that a waiver let through, without the change ``but``.

    A ruling names the waivers that its verdict needs. One that rejects the change all the same, or only awaits
    something, uses none up: the author mends it and comes again.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    needed = {
        entry.body["change"]["digest"]
        for entry in ledger.of_kinds((RULING,))
        if entry.body["verdict"] == WAIVED and waiver_id in entry.body["waivers"]
    }
    return frozenset(needed - {but})
