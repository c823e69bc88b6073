"""Who somebody is, as far as text tells: two spellings of one person must not count as two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_IN_BRACKETS = re.compile(r"<([^<>]+)>\s*$")
_ADDRESS = re.compile(r"[^\s<>()\[\],:;\"']+@[^\s<>()\[\],:;\"'@]+")
_NO_REPLY = re.compile(r"(?:[0-9]+\+)?(?P<login>[^@]+)@users\.noreply\.github\.com")


@lru_cache(maxsize=4096)
def principal(text: str) -> str:
    """Bring a name into the form in which principals are compared.

    ``Lead <Lead@X.org>`` and ``lead@x.org`` are one; a leading ``@`` of a handle and letter case do not count; the
    private address that a forge gives stands for its handle; a ``+tag`` in an address does not count, nor do characters
    that nobody sees, nor words around a single address.
    """
    plain = (text if text.isascii() else _seen(text)).strip()
    if bracketed := _IN_BRACKETS.search(plain):
        plain = bracketed[1].strip()
    elif len(addresses := _ADDRESS.findall(plain)) == 1:
        plain = addresses[0].rstrip(".")
    plain = " ".join(plain.casefold().split()).removeprefix("@")
    if private := _NO_REPLY.fullmatch(plain):
        return private["login"]
    local, at, domain = plain.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" if at and local.partition("+")[0] else plain


def _seen(text: str) -> str:
    """The text in its compatible composition (NFKC), without characters that nobody sees; ASCII is that already."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")


def same_principal(one: str, other: str) -> bool:
    """Whether two names may be the same person.

    A bare handle is taken for the person whose address begins with it: when in doubt they are one, because the
    question is always whether somebody approved their own doing.
    """
    left, right = principal(one), principal(other)
    if left == right:
        return True
    return ("@" in left) != ("@" in right) and left.partition("@")[0] == right.partition("@")[0]


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names without blanks and without a second spelling of one person, in their order."""
    kept: list[str] = []
    for name in names:
        if name.strip() and not any(same_principal(name, other) for other in kept):
            kept.append(name.strip())
    return tuple(kept)


def without(names: Iterable[str], excluded: Iterable[str]) -> tuple[str, ...]:
    """The names that are nobody of the excluded."""
    others = tuple(excluded)
    return tuple(name for name in names if not any(same_principal(name, other) for other in others))
