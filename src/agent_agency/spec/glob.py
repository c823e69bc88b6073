"""Glob matching as the standard's reference does it: picomatch with ``dot: true`` on POSIX paths.

A pattern comes from a document that an agent may have written, so no pattern may hang the arbiter: matching is
polynomial in the lengths of pattern and path whatever the pattern says (see ``safe_regex``).
"""

from __future__ import annotations

from collections.abc import Iterable

_GLOB_CHARACTERS = frozenset("*?[](){}!@+|")


def is_glob(entry: str) -> bool:
    """Whether an entry of ``scope.in`` is matched as a glob; any other entry is a literal path prefix."""
    return not _GLOB_CHARACTERS.isdisjoint(entry)


def matches_prefix(path: str, entry: str) -> bool:
    """Whether ``path`` is the literal ``entry`` or lies below it; one trailing slash of either is ignored."""
    target, prefix = path.removesuffix("/"), entry.removesuffix("/")
    return bool(prefix) and (target == prefix or target.startswith(prefix + "/"))


class Glob:
    """One compiled pattern.

    Args:
        pattern: the pattern as written; one that is no valid picomatch pattern matches only itself.
    """

    __slots__ = ("_regex", "pattern")

    def __init__(self, pattern: str) -> None:
        from agent_agency.spec.glob_syntax import UnusablePatternError, translate
        from agent_agency.spec.safe_regex import SafeRegex

        self.pattern = pattern
        try:
            self._regex = SafeRegex(translate(_utf16(pattern))) if pattern else None
        except UnusablePatternError:
            self._regex = None

    def matches(self, path: str) -> bool:
        """Whether the whole path matches; the empty path matches nothing."""
        if not path or not self.pattern:
            return False
        return path == self.pattern or (self._regex is not None and self._regex.is_found_in(_utf16(path)))


class Globs:
    """Patterns compiled once each; hold one for as long as the same patterns are asked again."""

    def __init__(self) -> None:
        self._compiled: dict[str, Glob] = {}

    def matches(self, pattern: str, path: str) -> bool:
        """Whether ``path`` matches the glob ``pattern``."""
        compiled = self._compiled.get(pattern)
        if compiled is None:
            compiled = self._compiled[pattern] = Glob(pattern)
        return compiled.matches(path)

    def first_match(self, path: str, entries: Iterable[str]) -> str | None:
        """The first entry that admits ``path``, as globs or literal prefixes; ``None`` when none does.

        One trailing slash of the path is ignored, empty entries admit nothing.
        """
        target = path.removesuffix("/")
        for entry in entries:
            if self.matches(entry, target) if is_glob(entry) else matches_prefix(target, entry):
                return entry
        return None


def first_prefix(path: str, entries: Iterable[str]) -> str | None:
    """The first entry that is ``path`` or a folder above it, read literally."""
    return next((entry for entry in entries if matches_prefix(path, entry)), None)


def _utf16(text: str) -> str:
    """The text as UTF-16 code units, one character each, as the reference counts (``?`` is one unit)."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))
