"""Gathers lines and branches of files that a report may tell of in several parts, and packs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent_agency.gates.reports.budget import MAX_FILES, MAX_LINES, MAX_PARTS, bounded, name_of
from agent_agency.gates.reports.lines import Branches, Lines
from agent_agency.gates.reports.model import FileCoverage

_Part = tuple[Lines, Lines, Branches]


class CoverageBuilder:
    """Parts of files in, files out, in the order of their first part.

    Where parts of one file meet, a line is covered if any part covers it; of a line's branches the larger number
    taken is kept, as a part does not tell which ones: never more than were really taken.
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[_Part]] = {}
        self._lines = 0
        self._count = 0
        self._branched = False

    def add(self, path: str, hits: Mapping[int, int], branches: Mapping[int, tuple[int, int]]) -> None:
        """Add a part: how often each line ran, and the branches taken and there on each line."""
        covered = Lines.of(line for line, times in hits.items() if times > 0)
        missed = Lines.of(line for line, times in hits.items() if times <= 0)
        self._count += 1
        bounded(self._count, MAX_PARTS, "parts of files")
        self._lines += len(hits) + len(branches)
        bounded(self._lines, MAX_LINES, "lines")
        self._branched = self._branched or bool(branches)
        self._parts.setdefault(name_of(path, "A path"), []).append((covered, missed, Branches.of(branches)))
        bounded(len(self._parts), MAX_FILES, "files")

    @property
    def branched(self) -> bool:
        """Whether any part tells of branches."""
        return self._branched

    def files(self) -> tuple[FileCoverage, ...]:
        """Every file, its parts joined."""
        return tuple(_file(path, parts) for path, parts in self._parts.items())


def join_files(path: str, files: Sequence[FileCoverage]) -> FileCoverage:
    """One file of what a report tells of it under several paths."""
    if len(files) == 1:
        return replace(files[0], path=path)
    return _file(path, [(file.covered, file.missed, file.branches) for file in files])


def _file(path: str, parts: list[_Part]) -> FileCoverage:
    covered, missed, branches = parts[0] if len(parts) == 1 else _joined(parts)
    return FileCoverage(path, covered, missed, branches.taken, branches.total, branches)


def _joined(parts: list[_Part]) -> _Part:
    covered = {line for part in parts for line in part[0]}
    missed = {line for part in parts for line in part[1]} - covered
    branches: dict[int, tuple[int, int]] = {}
    for part in parts:
        for line, taken, total in part[2]:
            known = branches.get(line, (0, 0))
            branches[line] = (max(known[0], taken), max(known[1], total))
    return Lines.of(covered), Lines.of(missed), Branches.of(branches)
