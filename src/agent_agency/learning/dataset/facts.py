"""What was measured of a change: runs, lines, functions, tests, constructs. Labels are computed from this alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agent_agency.learning.dataset.diffs import changed_lines, changed_paths
from agent_agency.learning.dataset.draft import Draft
from agent_agency.learning.dataset.runs import Job, SuiteResult
from agent_agency.learning.dataset.tests_changed import ChangedTests, compare_tests
from agent_agency.learning.dataset.units import Units, changed_functions, units_of
from agent_agency.learning.dataset.unsafe_calls import introduced

VISIBLE = "visible"
BEFORE, AFTER, REFERENCE = "before", "after", "reference"


@dataclass(frozen=True, slots=True)
class Ends:
    """How a suite ended: tests passed, failed, skipped."""

    passed: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was measured.

    Args:
        visible_before: the visible tests at the base, ``visible_after`` at the head.
        mended: by the id of each bug asked for: whether its hidden tests failed at the base and pass at the head.
        broken: bugs not asked for whose hidden tests passed at the base and fail at the head.
        reference_passes: whether the least known change passes the hidden tests of what was asked.
        missing_functions: functions asked for that the head lacks.
        foreign_files: touched files outside the scope stated.
        foreign_functions: functions whose code changed though the least known change leaves them.
        added, deleted: lines, by path.
        source_lines: added and deleted lines outside tests.
        minimal_lines: the same of the least known change.
        tests: what happened to the visible tests.
        lost_tests: tests removed or weakened that the task did not give up.
        unsafe: kinds of unsafe constructs that the change brings in.
        before, after: the module taken apart.
    """

    visible_before: Ends
    visible_after: Ends
    mended: Mapping[str, bool]
    broken: tuple[str, ...]
    reference_passes: bool
    missing_functions: tuple[str, ...]
    foreign_files: tuple[str, ...]
    foreign_functions: tuple[str, ...]
    added: Mapping[str, int]
    deleted: Mapping[str, int]
    source_lines: int
    minimal_lines: int
    tests: ChangedTests
    lost_tests: tuple[str, ...]
    unsafe: tuple[str, ...]
    before: Units
    after: Units

    def as_dict(self) -> dict[str, object]:
        """Plain data, to be kept with the example as its proof."""
        return {
            "visible_before": _counts(self.visible_before),
            "visible_after": _counts(self.visible_after),
            "mended": dict(self.mended),
            "broken": list(self.broken),
            "missing_functions": list(self.missing_functions),
            "foreign_files": list(self.foreign_files),
            "foreign_functions": list(self.foreign_functions),
            "source_lines": self.source_lines,
            "minimal_lines": self.minimal_lines,
            "lost_tests": list(self.lost_tests),
            "unsafe": list(self.unsafe),
        }


def jobs_of(draft: Draft) -> Mapping[str, Job]:
    """The runs that a draft's proof needs, by end."""
    tests = draft.program.test_file
    ends = {BEFORE: draft.before, AFTER: draft.after, REFERENCE: draft.reference}
    return {end: Job(_python(state), {VISIBLE: state.get(tests, ""), **draft.suites}) for end, state in ends.items()}


def measure(draft: Draft, results: Mapping[str, Mapping[str, SuiteResult]]) -> Facts:
    """Bring the runs of a draft and the measures of its diff together.

    Raises:
        SyntaxError: an end is no Python.
    """
    module, test_file = draft.program.module, draft.program.test_file
    before, after = units_of(draft.before[module]), units_of(draft.after[module])
    allowed = changed_functions(before, units_of(draft.reference[module]))
    tests = compare_tests(draft.before[test_file], draft.after[test_file])
    held = {end: _held(results[end]) for end in results}
    touched = changed_paths(draft.before, draft.after)
    lines = {path: changed_lines(draft.before.get(path), draft.after.get(path)) for path in touched}
    return Facts(
        visible_before=_ends(results[BEFORE][VISIBLE]),
        visible_after=_ends(results[AFTER][VISIBLE]),
        mended={name: held[AFTER][name] and not held[BEFORE][name] for name in draft.asked},
        broken=_broken(draft, held),
        reference_passes=all(held[REFERENCE][name] for name in draft.asked),
        missing_functions=tuple(name for name in draft.asked_functions if name not in after.functions),
        foreign_files=tuple(path for path in touched if not _inside(path, draft.scope)),
        foreign_functions=tuple(sorted(changed_functions(before, after) - allowed)),
        added={path: count[0] for path, count in lines.items()},
        deleted={path: count[1] for path, count in lines.items()},
        source_lines=sum(sum(count) for path, count in lines.items() if not path.startswith("tests/")),
        minimal_lines=sum(changed_lines(draft.before[module], draft.reference[module])),
        tests=tests,
        lost_tests=tuple(name for name in (*tests.removed, *tests.weakened) if name not in draft.given_up),
        unsafe=introduced(draft.before[module], draft.after[module]),
        before=before,
        after=after,
    )


def _python(state: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in state.items() if path.endswith(".py") and not path.startswith("tests/")}


def _held(result: Mapping[str, SuiteResult]) -> Mapping[str, bool]:
    """Whether each suite has tests and all of them passed."""
    return {name: bool(suite) and set(suite.values()) == {"passed"} for name, suite in result.items()}


def _broken(draft: Draft, held: Mapping[str, Mapping[str, bool]]) -> tuple[str, ...]:
    others: Sequence[str] = [name for name in draft.suites if name not in draft.asked]
    return tuple(name for name in others if held[BEFORE][name] and not held[AFTER][name])


def _ends(suite: SuiteResult) -> Ends:
    counts = [list(suite.values()).count(ended) for ended in ("passed", "failed", "skipped")]
    return Ends(*counts)


def _inside(path: str, scope: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern.replace("/**", "/*")) for pattern in scope)


def _counts(ends: Ends) -> dict[str, int]:
    return {"passed": ends.passed, "failed": ends.failed, "skipped": ends.skipped}
