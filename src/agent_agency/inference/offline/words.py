"""Words and names of a text: identifiers whole, and split where they are put together."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_QUOTED = re.compile(r"`([^`\n]{1,120})`")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can do does for from has have how if in into is it its just may more must "
        "no not of on one only or out own should so some such than that the their them then there these they this to "
        "too under up was were what when where which who will with without would you your",
    )
)


def names(text: str) -> list[str]:
    """Identifiers and numbers as they are written, in order."""
    return _NAME.findall(text)


def words(text: str) -> list[str]:
    """Small-letter words, identifiers split at underscores, capitals and digits; words that say nothing left out."""
    found = (part.lower() for name in _NAME.findall(text) for part in _PART.findall(name))
    return [word for word in found if word not in _COMMON]


def quoted(text: str) -> list[str]:
    """What stands in backquotes, in order."""
    return _QUOTED.findall(text)


def code_names(text: str) -> list[str]:
    """Names in prose that are code: quoted, or with an underscore, an inner capital or a call after them."""
    inside = [name for term in quoted(text) for name in _NAME.findall(term)]
    return inside + re.findall(r"\b\w+_\w+\b|\b[a-z]+[A-Z]\w*\b|\b\w+(?=\()", text)
