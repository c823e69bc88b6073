"""How often a waiver was needed, counted in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger

RULING = "ruling"


def changes_that_needed(ledger: Ledger, waiver_id: str, *, but: str = "") -> frozenset[str]:
    """The digests of the different changes whose rulings needed a waiver, without the change ``but``.

    A ruling names the waivers that its verdict needs; one that was merely in force is not used.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    needed = {
        entry.body["change"]["digest"] for entry in ledger.of_kinds((RULING,)) if waiver_id in entry.body["waivers"]
    }
    return frozenset(needed - {but})
