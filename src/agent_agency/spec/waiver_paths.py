"""The stated paths of a waiver: globs that begin with a name, so that each is about a part of the repository."""

from __future__ import annotations

_META = frozenset("*?[](){}!|\\")
_ALTERNATIVES = frozenset("|()")
MOST_CHARACTERS = 500


def why_not_a_place(path: str) -> str | None:
    """Say why a glob states no place of a repository; ``None`` where it does.

    The first part must be a plain name: a glob that begins with one cannot mean everything, however it is spelt, while
    no list of spellings of "everything" is ever complete (``**``, ``*/**``, ``{**,x}``, ``!nothing``).
    """
    parts = path.split("/")
    if not path.strip() or path != path.strip() or len(path) > MOST_CHARACTERS or not path.isprintable():
        return "it is no path"
    if path.startswith("/"):
        return "it is absolute, and paths are relative to the top of the repository"
    if any(part in {".", ".."} for part in parts) or "" in parts[:-1]:
        return "it has an empty part, '.' or '..'"
    if not _ALTERNATIVES.isdisjoint(path):
        return "it holds '|' or a parenthesis, with which a glob can mean something else than it begins with"
    if not _META.isdisjoint(parts[0]):
        return f"its first part '{parts[0]}' is no plain name, so it is about no part of the repository"
    return None
