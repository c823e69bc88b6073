"""What is known of a chain outside of its rows: heads that somebody signed, heads that were anchored elsewhere.

The ledger knows neither keys nor git; whoever verifies passes in a `Witness` that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KnownHead:
    """An entry that a chain is known to reach: its ``seq`` and ``hash``, and in words by whom or where it is known."""

    chain: str
    seq: int
    hash: str
    known_by: str


class Witness(Protocol):
    """Checks signatures over heads, and knows where heads were anchored."""

    def signed(self, envelope: bytes) -> KnownHead:
        """The head that an envelope (canonical JSON) signs.

        Raises:
            NotSignedError: nobody who counts signed it, or it is no signature over a head.
        """
        ...

    def anchored(self, chain: str) -> Sequence[KnownHead]:
        """The heads of a chain that were anchored outside of the ledger; none where it never was.

        Raises:
            AgencyError: an anchor is there and cannot be read.
        """
        ...
