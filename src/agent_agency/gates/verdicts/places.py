"""Which file of the repository a report means: tools write paths in many ways, and a wrong guess would prove nothing.

A path is taken as it stands, below the folder that the tool ran in, or below a source folder that the report names.
What is left is matched by its tail, and only where one file alone can be meant.
"""

from __future__ import annotations

import os
import posixpath
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

_DRIVE = re.compile(r"[A-Za-z]:/")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True, slots=True)
class Match:
    """What a report's path means: one file, one of several (``candidates``), or none of the repository's.

    ``sure`` false means that the file was found by its tail, so that another path of the report may mean it too.
    """

    path: str | None = None
    candidates: tuple[str, ...] = ()
    sure: bool = True


class RepositoryPaths:
    """Finds the repository's files by the paths of one report.

    Args:
        known: the files that can be meant.
        root: the folder that the tool ran in; ``None`` where it is not known, and then an absolute path means the
            file with the longest tail that it ends in.
        sources: folders that the report's relative paths start from, as Cobertura names them.
        reported: every path of the report, which shows a prefix that all share and no file has: Go writes its
            module's path before the file's.
    """

    def __init__(
        self,
        known: Collection[str],
        root: str | None = None,
        sources: Sequence[str] = (),
        reported: Iterable[str] = (),
    ) -> None:
        self._known = known if isinstance(known, set | frozenset | Mapping) else frozenset(known)
        self._roots = _spellings(root)
        self._sources = tuple(dict.fromkeys(self._inside(source) for source in sources))
        self._module = self._prefix_of_all(reported)

    @cached_property
    def _backwards(self) -> list[tuple[str, str]]:
        return sorted((_backwards(path), path) for path in self._known)

    def find(self, reported: str) -> Match:
        """The file that a report's path means."""
        if reported in self._known and not self._sources:
            return Match(reported)
        path = clean_path(reported)
        if _is_absolute(path):
            return self._absolute(path)
        if path.startswith("../") or path in {"", ".", ".."} or _ADDRESS.match(path):
            return Match()
        return self._relative(path)

    def meant(self, reported: str) -> str | None:
        """The repository's path for a finding: the file meant, or else a plain relative path as the report has it."""
        match = self.find(reported)
        if match.path is not None or match.candidates:
            return match.path
        path = clean_path(reported)
        for root in self._roots:
            if path.startswith(f"{root}/"):
                return path[len(root) + 1 :]
        return None if _is_absolute(path) or path.startswith("..") or _ADDRESS.match(path) else path

    def _absolute(self, path: str) -> Match:
        for root in self._roots:
            if path.startswith(f"{root}/"):
                below = path[len(root) + 1 :]
                return Match(below if below in self._known else None)
        if self._roots:
            return Match()
        return Match(next((tail for tail in _tails(path) if tail in self._known), None), sure=False)

    def _relative(self, path: str) -> Match:
        below = [posixpath.normpath(posixpath.join(source, path)) for source in self._sources if source is not None]
        there = tuple(dict.fromkeys(found for found in below if found in self._known))
        if there:
            return _only(there)
        if path in self._known:
            return Match(path)
        if self._module and path.startswith(self._module) and path[len(self._module) :] in self._known:
            return Match(path[len(self._module) :])
        return replace(_only(tuple(sorted(self._ending_in(path)))), sure=False)

    def _ending_in(self, path: str) -> Iterator[str]:
        """The known files below some folder that end in a path, found by their parts read backwards."""
        wanted = _backwards(path)
        for index in range(bisect_left(self._backwards, (wanted,)), len(self._backwards)):
            backwards, known = self._backwards[index]
            if not backwards.startswith(wanted):
                return
            if backwards != wanted:
                yield known

    def _inside(self, source: str) -> str | None:
        """A source folder relative to the repository; ``None`` for one outside."""
        folder = clean_path(source)
        if not _is_absolute(folder):
            return None if folder.startswith("..") else folder
        for root in self._roots:
            if folder == root or folder.startswith(f"{root}/"):
                return folder[len(root) + 1 :]
        return None

    def _prefix_of_all(self, reported: Iterable[str]) -> str:
        """The folders before every path of a report that no file of the repository has, with a slash; or nothing."""
        paths = [path for path in map(clean_path, reported) if not _is_absolute(path)]
        if not paths or any(path in self._known or any(self._ending_in(path)) for path in paths):
            return ""
        for tail in _tails(paths[0]):
            prefix = paths[0][: len(paths[0]) - len(tail)]
            trusted = len(paths) > 1 or "." in prefix.partition("/")[0]
            if (
                trusted
                and prefix
                and all(path.startswith(prefix) and path[len(prefix) :] in self._known for path in paths)
            ):
                return prefix
        return ""


def clean_path(path: str) -> str:
    """A path with plain slashes, a backslash taken for one, and no ``.``, ``..`` or empty parts in its middle."""
    path = path.replace("\\", "/")
    path = path[7:] if path.startswith("file:///") else path
    return posixpath.normpath(path) if path else ""


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or _DRIVE.match(path) is not None


def _spellings(root: str | None) -> tuple[str, ...]:
    if not root:
        return ()
    return tuple(dict.fromkeys(clean_path(spelt) for spelt in (root, os.path.realpath(root))))


def _backwards(path: str) -> str:
    return "/".join(reversed(path.split("/"))) + "/"


def _only(found: tuple[str, ...]) -> Match:
    return Match(found[0]) if len(found) == 1 else Match(None, found)


def _tails(path: str) -> Iterator[str]:
    parts = path.strip("/").split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))
