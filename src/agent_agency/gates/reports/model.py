"""What a report says, whatever tool wrote it: tests, coverage, issues, mutants, measures, or why it says nothing.

Paths are as the tool wrote them (relative to where it ran, or absolute) and not yet trusted: whoever uses one joins
it to the checkout and checks that it stays inside. Texts are cut to ``MESSAGE_LIMIT`` characters. Lines count from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from agent_agency.gates.reports.lines import Branches, Lines
from agent_agency.gates.reports.refusal import Code

MESSAGE_LIMIT = 2000


class TestStatus(StrEnum):
    """How a test ended; ``failed`` by an assertion, ``error`` by anything else that is not the test's own word."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"

    @property
    def rank(self) -> int:
        """From 0 (passed) to 4 (error): how little the test proves."""
        return _RANKS[self]


_RANKS = MappingProxyType(
    {
        TestStatus.PASSED: 0,
        TestStatus.XFAILED: 1,
        TestStatus.SKIPPED: 2,
        TestStatus.FAILED: 3,
        TestStatus.ERROR: 4,
    }
)


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test. ``flaky`` means that it failed at least once before it passed."""

    __test__ = False

    id: str
    status: TestStatus
    message: str = ""
    path: str | None = None
    line: int | None = None
    flaky: bool = False


@dataclass(frozen=True, slots=True)
class TestReport:
    """Every test of one run; no case at all means that nothing was run."""

    __test__ = False

    cases: tuple[TestCase, ...]

    @property
    def counts(self) -> Mapping[TestStatus, int]:
        """How many cases have each status; every status has a number."""
        counted = Counter(case.status for case in self.cases)
        return MappingProxyType({status: counted[status] for status in TestStatus})

    @property
    def total(self) -> int:
        """Every case, skipped ones included."""
        return len(self.cases)

    @property
    def ran(self) -> int:
        """Cases that were really run: all but the skipped."""
        return sum(case.status is not TestStatus.SKIPPED for case in self.cases)

    @property
    def passed(self) -> int:
        """Cases that passed; an expected failure is not among them."""
        return self.counts[TestStatus.PASSED]

    @property
    def failed(self) -> int:
        """Cases that failed or ended in an error."""
        counts = self.counts
        return counts[TestStatus.FAILED] + counts[TestStatus.ERROR]

    @property
    def skipped(self) -> int:
        """Cases that were not run."""
        return self.counts[TestStatus.SKIPPED]

    @property
    def xfailed(self) -> int:
        """Cases that failed as they were marked to."""
        return self.counts[TestStatus.XFAILED]

    @property
    def flaky(self) -> int:
        """Cases that failed before they passed."""
        return sum(case.flaky for case in self.cases)

    @property
    def failures(self) -> tuple[TestCase, ...]:
        """The cases that failed or ended in an error, in the report's order."""
        return tuple(case for case in self.cases if case.status in {TestStatus.FAILED, TestStatus.ERROR})

    @property
    def worst(self) -> Mapping[str, TestStatus]:
        """The worst status under each id: a report may name one test twice (its body and its teardown)."""
        worst: dict[str, TestStatus] = {}
        for case in self.cases:
            known = worst.get(case.id)
            if known is None or case.status.rank > known.rank:
                worst[case.id] = case.status
        return MappingProxyType(worst)


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """What the tests reached of one file; a line is in ``covered``, in ``missed``, or holds no code.

    ``branches`` tells line by line what ``branches_covered`` and ``branches_total`` sum up, where the report does.
    """

    path: str
    covered: Lines
    missed: Lines
    branches_covered: int = 0
    branches_total: int = 0
    branches: Branches = field(default_factory=Branches)


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Coverage file by file.

    ``measures_branches`` false means that branches were not looked at: no number about them may be taken from here.
    ``roots`` are the folders that a Cobertura report's relative paths start from.
    """

    files: tuple[FileCoverage, ...]
    measures_branches: bool = False
    roots: tuple[str, ...] = ()

    @property
    def lines_covered(self) -> int:
        """Lines reached, in all files."""
        return sum(len(file.covered) for file in self.files)

    @property
    def lines_total(self) -> int:
        """Lines that hold code, in all files."""
        return sum(len(file.covered) + len(file.missed) for file in self.files)

    @property
    def branches_covered(self) -> int:
        """Branches taken, in all files."""
        return sum(file.branches_covered for file in self.files)

    @property
    def branches_total(self) -> int:
        """Branches, in all files."""
        return sum(file.branches_total for file in self.files)


class IssueLevel(StrEnum):
    """How a tool ranks an issue (SARIF 2.1.0, 3.27.10)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class IssueSeverity(StrEnum):
    """How dangerous a security issue is; from a CVSS-like score: 9, 7 and 4 begin the upper three."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that a tool complains about.

    ``severity`` ``None`` means that the tool gave none, not that it is harmless. ``fingerprint`` is the tool's own.
    ``ranked`` false means that the tool gave no level either, and ``level`` is what its format says for that case.
    """

    rule: str
    level: IssueLevel
    severity: IssueSeverity | None
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    fingerprint: str | None = None
    ranked: bool = True


@dataclass(frozen=True, slots=True)
class IssueReport:
    """Everything that a tool complains about; ``suppressed`` counts what a comment or a baseline silenced."""

    issues: tuple[Issue, ...]
    tool: str
    suppressed: int = 0

    @property
    def levels(self) -> Mapping[IssueLevel, int]:
        """How many issues have each level; every level has a number."""
        counted = Counter(issue.level for issue in self.issues)
        return MappingProxyType({level: counted[level] for level in IssueLevel})

    @property
    def severities(self) -> Mapping[IssueSeverity | None, int]:
        """How many issues have each severity, ``None`` among them; every severity has a number."""
        counted = Counter(issue.severity for issue in self.issues)
        return MappingProxyType({severity: counted[severity] for severity in (*IssueSeverity, None)})


class MutantStatus(StrEnum):
    """What became of a mutant; ``error`` could not be judged (it did not compile, the run crashed)."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMEOUT = "timeout"
    NO_COVERAGE = "no_coverage"
    IGNORED = "ignored"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that a mutation tool made to the code."""

    id: str
    status: MutantStatus
    path: str | None = None
    line: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class MutationReport:
    """Every mutant of one run; ``unnamed`` counts those that a report tells of by number only."""

    mutants: tuple[Mutant, ...]
    unnamed: Mapping[MutantStatus, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def counts(self) -> Mapping[MutantStatus, int]:
        """How many mutants have each status; every status has a number."""
        counted = Counter(mutant.status for mutant in self.mutants)
        return MappingProxyType({status: counted[status] + self.unnamed.get(status, 0) for status in MutantStatus})

    @property
    def detected(self) -> int:
        """Mutants that a test noticed, by failing or by never ending."""
        counts = self.counts
        return counts[MutantStatus.KILLED] + counts[MutantStatus.TIMEOUT]

    @property
    def valid(self) -> int:
        """Mutants that could be judged: detected, survived, and those that no test reaches."""
        counts = self.counts
        return self.detected + counts[MutantStatus.SURVIVED] + counts[MutantStatus.NO_COVERAGE]

    @property
    def score(self) -> float | None:
        """Detected of all valid mutants, from 0 to 100; ``None`` without a valid one.

        This is the mutation score of the mutation-testing-elements metrics: survivors and mutants without coverage
        count against it.
        """
        return 100 * self.detected / self.valid if self.valid else None


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured value; ``unit`` is empty where the report does not tell it."""

    name: str
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PerformanceReport:
    """Everything that a benchmark measured; no two measures share a name."""

    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class ReportProblem:
    """Why a report says nothing; ``message`` is one sentence without a trailing full stop."""

    code: Code
    message: str


def cut(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The text, cut to so many characters, the last one then being an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
