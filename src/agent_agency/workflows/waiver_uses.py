"""How often waivers were used, counted in the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    return frozenset(change for used, change in _uses(ledger) if used == waiver_id and change != but)


def uses_by_waiver(ledger: Ledger) -> Mapping[str, int]:
    """How many different changes each waiver let through.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    counted: dict[str, int] = {}
    for used, _ in frozenset(_uses(ledger)):
        counted[used] = counted.get(used, 0) + 1
    return counted


def _uses(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Each waiver that a ruling needed, with the digest of its change."""
    for entry in ledger.of_kinds((RULING,)):
        body = entry.body
        change, waivers = body.get("change"), body.get("waivers")
        if body.get("verdict") == WAIVED and isinstance(change, Mapping) and isinstance(waivers, list):
            yield from ((str(waiver), str(change.get("digest"))) for waiver in waivers)
