"""The part of a coverage report that speaks of files and lines that are really there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agent_agency.gates.reports.coverage_builder import join_files
from agent_agency.gates.reports.lines import Branches
from agent_agency.gates.reports.model import CoverageReport, FileCoverage
from agent_agency.gates.verdicts.places import Match, RepositoryPaths

LinesOf = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class BelievedCoverage:
    """Coverage by the repository's own paths.

    ``files`` are those that one file of the repository is meant by. ``ambiguous`` maps a report's path to the files
    that it could mean; ``unplaced`` are theirs, which count in the whole and for no file. ``absent`` are paths of the
    report that no file of the tree has, and ``beyond`` counts lines that their file does not have: both count for
    nothing, so that no claim about what is not there raises a figure.
    """

    files: Mapping[str, FileCoverage]
    unplaced: tuple[FileCoverage, ...] = ()
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    absent: tuple[str, ...] = ()
    beyond: int = 0
    measures_branches: bool = False

    @property
    def counting(self) -> tuple[FileCoverage, ...]:
        """Every file that counts in the whole."""
        return (*self.files.values(), *self.unplaced)

    @property
    def lines(self) -> tuple[int, int]:
        """Lines covered, and lines of code."""
        covered = sum(len(file.covered) for file in self.counting)
        return covered, covered + sum(len(file.missed) for file in self.counting)

    @property
    def branches(self) -> tuple[int, int]:
        """Branches taken, and branches; none where the report does not look at them."""
        if not self.measures_branches:
            return 0, 0
        return sum(f.branches_covered for f in self.counting), sum(f.branches_total for f in self.counting)


def believe(
    report: CoverageReport,
    paths: Collection[str],
    root: str | None = None,
    lines_of: LinesOf | None = None,
    otherwise: Collection[str] = (),
) -> BelievedCoverage:
    """Take from a report what is there.

    Args:
        report: what the tool wrote.
        paths: the files of the tree; empty where they are not known, and then every file of the report counts.
        root: the folder that the tool ran in.
        lines_of: how many lines a file of the tree has.
        otherwise: files to look for where ``paths`` is empty.
    """
    finder = RepositoryPaths(paths or frozenset(otherwise), root, report.roots, (file.path for file in report.files))
    found = _Found(known=bool(paths))
    for file in report.files:
        match = finder.find(file.path)
        kept, dropped = _within(file, _length([match.path] if match.path else match.candidates, lines_of))
        found.beyond += dropped
        found.add(kept, match)
    return found.believed(measures_branches=report.measures_branches)


@dataclass(slots=True)
class _Found:
    """The files of a report as they are found; ``known`` says whether the tree's files are."""

    known: bool
    beyond: int = 0
    sure: dict[str, list[FileCoverage]] = field(default_factory=dict)
    by_tail: dict[str, list[FileCoverage]] = field(default_factory=dict)
    unplaced: list[FileCoverage] = field(default_factory=list)
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)

    def add(self, file: FileCoverage, match: Match) -> None:
        if match.path is not None:
            (self.sure if match.sure else self.by_tail).setdefault(match.path, []).append(file)
        elif match.candidates:
            self.ambiguous[file.path] = match.candidates
            self.unplaced.append(file)
        elif self.known:
            self.absent.append(file.path)
        else:
            self.unplaced.append(file)

    def believed(self, *, measures_branches: bool) -> BelievedCoverage:
        for path, files in self.by_tail.items():
            if path not in self.sure and len(files) == 1:
                self.sure[path] = files
            elif path not in self.sure or not self.known:
                self.unplaced += files
                self.ambiguous |= {file.path: (path,) for file in files}
            else:
                self.absent += [file.path for file in files]
        return BelievedCoverage(
            {path: join_files(path, files) for path, files in self.sure.items()},
            tuple(self.unplaced),
            self.ambiguous,
            tuple(self.absent),
            self.beyond,
            measures_branches,
        )


def _length(paths: Iterable[str], lines_of: LinesOf | None) -> int | None:
    """The most lines that one of the files has, what is no text having none; ``None`` where that is not known."""
    if lines_of is None:
        return None
    return max((lines_of(path) or 0 for path in paths), default=None)


def _within(file: FileCoverage, length: int | None) -> tuple[FileCoverage, int]:
    """A file's coverage without the lines that it does not have, and how many covered ones those are.

    One line more than there are is let pass: tools differ in whether an empty last line counts.
    """
    if length is None:
        return file, 0
    covered, missed = file.covered.up_to(length + 1), file.missed.up_to(length + 1)
    known = {line: (taken, total) for line, taken, total in file.branches if line <= length + 1}
    if len(known) == len(file.branches) and len(covered) == len(file.covered) and len(missed) == len(file.missed):
        return file, 0
    branches = Branches.of(known)
    kept = FileCoverage(file.path, covered, missed, branches.taken, branches.total, branches)
    return kept, len(file.covered) - len(covered)
