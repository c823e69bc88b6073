"""The rules of the gate and how one of their findings is written."""

from __future__ import annotations

from enum import StrEnum

from agent_agency.facts import Finding, Place, Severity

NAME = "tampering"
MAX_QUOTED = 120


class Rule(StrEnum):
    """What the gate can tell; each value is the last part of a rule id."""

    TEST_DELETED = "test_deleted"
    TEST_SKIPPED = "test_skipped"
    TEST_EMPTIED = "test_emptied"
    TEST_UNCOLLECTED = "test_uncollected"
    ASSERTION_REMOVED = "assertion_removed"
    ASSERTION_TRIVIAL = "assertion_trivial"
    ASSERTION_WEAKENED = "assertion_weakened"
    EXPECTATION_CHANGED = "expectation_changed"
    FAILURE_SWALLOWED = "failure_swallowed"
    CASES_REMOVED = "cases_removed"
    FIXTURE_WEAKENED = "fixture_weakened"
    DECORATOR_ADDED = "decorator_added"
    HOOK_CHANGED = "hook_changed"
    MOCK_ADDED = "mock_added"
    COVERAGE_EXCLUDED = "coverage_excluded"
    SUPPRESSION_ADDED = "suppression_added"
    THRESHOLD_LOWERED = "threshold_lowered"
    SELECTION_NARROWED = "selection_narrowed"
    REPORT_COMMITTED = "report_committed"
    SPECIAL_CASE = "special_case"
    NOT_READ = "not_read"
    MORE = "more"

    @property
    def id(self) -> str:
        """The whole rule id."""
        return f"{NAME}.{self.value}"


def found(rule: Rule, severity: Severity, place: Place, message: str, *, remedy: str, subject: str = "") -> Finding:
    """A finding of this gate."""
    return Finding(rule.id, severity, message, remedy, place, subject=subject)


def quoted(text: str) -> str:
    """A piece of code as a message shows it: on one line, without control characters, cut where it is long."""
    line = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "\ufffd" for char in line)
    return shown if len(shown) <= MAX_QUOTED else f"{shown[: MAX_QUOTED - 1]}…"
