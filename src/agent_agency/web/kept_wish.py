"""What a request says of kept answers (RFC 9111, section 5.2.1), and what its answer says of them (RFC 9211)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAME = "agency"
"""How this cache calls itself."""
HIT = "hit"
MISS = "fwd=miss"
STORED = "fwd=miss; stored"
COLLAPSED = "fwd=miss; collapsed"
ON_REQUEST = "fwd=request"
BYPASS = "fwd=bypass"
_ANEW = frozenset({"no-store", "no-cache", "max-age"})
"""``max-age`` too: how old a kept answer is stands nowhere, so that it could not be shown to be young enough."""


@dataclass(frozen=True, slots=True)
class KeptWish:
    """What is wished.

    Args:
        anew: the engine itself is to answer: nothing kept, no like call in the air, and the answer is not kept.
        only_kept: a kept answer, or none.
    """

    anew: bool = False
    only_kept: bool = False


def read_wish(headers: Sequence[str]) -> KeptWish:
    """Read the ``Cache-Control`` headers of a request; what is not known is passed over, as the standard says."""
    told = {part.partition("=")[0].strip().lower() for one in headers for part in one.split(",")}
    return KeptWish(bool(told & _ANEW), "only-if-cached" in told)


def status_header(how: str) -> dict[str, str]:
    """The ``Cache-Status`` of an answer."""
    return {"Cache-Status": f"{NAME}; {how}"}
