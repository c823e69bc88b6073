"""JUnit XML in the dialects of pytest, unittest runners, Surefire, Gradle, Jest, Mocha, Go, GoogleTest and CTest.

There is no one standard; this follows the schema that Surefire publishes and what the tools really write. The rules
that keep a report from saying less than happened: an element in a test case that is not known is refused, and a suite
that declares other failures than it lists, or more tests, is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from agent_agency.gates.reports.budget import MAX_CASES, Messages, bounded, name_of
from agent_agency.gates.reports.model import MESSAGE_LIMIT, TestCase, TestReport, TestStatus
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source
from agent_agency.gates.reports.xml_stream import Elements, natural

_HEARD = 16 * 1024
_MAX_TEXTS = 10_000
_FAILING = {"failure": TestStatus.FAILED, "error": TestStatus.ERROR}
_SKIPPING = frozenset({"skipped", "ignored", "disabled", "incomplete"})
_FLAKY = frozenset({"flakyFailure", "flakyError"})
_RERUN = frozenset({"rerunFailure", "rerunError"})
_NEUTRAL = frozenset({"system-out", "system-err", "properties", "property", "warning", "attachments"})
_COUNTS_PARTS = "pytest"
_WORDS_FOR_FAILED = frozenset({"fail", "failed", "failure", "error", "errored", "broken"})
_WORDS_FOR_PASSED = frozenset({"", "run", "completed", "pass", "passed", "success", "successful", "ok", "fixed"})
_WORDS_FOR_SKIPPED = frozenset(
    {"notrun", "disabled", "suppressed", "skipped", "skip", "ignored", "pending", "inconclusive"}
)
_PLACE = re.compile(r"^[ \t]*(?:File \")?([^\s:\"()]{1,400}\.[A-Za-z]{1,5})(?:\", line |:)(\d{1,9})\b", re.MULTILINE)


@dataclass(slots=True)
class _Suite:
    name: str
    tests: int | None
    failing: int | None
    is_partial: bool
    skipped: int | None
    cases: int = 0
    reruns: int = 0
    cases_failing: int = 0
    marks_failing: int = 0
    own_failures: int = 0


@dataclass(slots=True)
class _Case:
    id: str
    path: str | None
    line: int | None
    words: set[str]
    failing: list[TestStatus] = field(default_factory=list)
    skipped: TestStatus | None = None
    flaky: bool = False
    message: str = ""


def read_junit(source: Source) -> TestReport:
    """Read a JUnit XML report.

    Raises:
        Refused: it is no such report, or says less than it declares.
    """
    reader = _Reader()
    Elements(reader).read(source)
    return TestReport(tuple(reader.cases))


def read_junit_texts(source: Source, longest: int = 4 * 2**20) -> tuple[TestReport, tuple[str, ...]]:
    """Read a JUnit XML report and beside it what stands inside its failures, each text cut to ``longest``.

    Raises:
        Refused: as ``read_junit``.
    """
    reader = _Reader(longest)
    Elements(reader).read(source)
    return TestReport(tuple(reader.cases)), tuple(reader.texts)


class _Reader:
    def __init__(self, longest: int = 0) -> None:
        self.texts: list[str] = []
        self._longest = longest
        self.cases: list[TestCase] = []
        self._messages = Messages()
        self._suites: list[_Suite] = []
        self._case: _Case | None = None
        self._case_depth = 0
        self._attributes: dict[str, str] = {}

    def start(self, elements: Elements, tag: str, attributes: dict[str, str]) -> None:
        if self._case is not None:
            if elements.depth == self._case_depth + 1:
                self._enter_mark(elements, tag, attributes)
        elif tag == "testcase" and self._suites:
            self._case = _new_case(self._suites[-1].name, attributes)
            self._case_depth = elements.depth
        elif tag in {"testsuite", "testsuites"} and len(self._suites) == elements.depth - 1:
            self._suites.append(_new_suite(attributes))
        elif elements.depth == 1:
            raise Refused(Code.WRONG_SHAPE, f"The root element is {tag[:80]!r}, not testsuites or testsuite")
        elif tag in {"testsuite", "testsuites", "testcase"}:
            raise Refused(Code.WRONG_SHAPE, f"A {tag} stands where none belongs")
        elif tag in _FAILING and len(self._suites) == elements.depth - 1:
            self._suites[-1].own_failures += 1
            self._attributes = attributes
            elements.listen(self._longest or _HEARD)

    def end(self, elements: Elements, tag: str, text: str) -> None:
        case = self._case
        if case is not None:
            if elements.depth == self._case_depth:
                self._finish(case)
                self._case = None
            elif elements.depth == self._case_depth + 1 and tag in _FAILING:
                self._describe(case, self._attributes, text)
        elif len(self._suites) == elements.depth:
            self._leave_suite()
        elif tag in _FAILING and len(self._suites) == elements.depth - 1:
            self._suite_failure(_FAILING[tag], text)

    def _enter_mark(self, elements: Elements, tag: str, attributes: dict[str, str]) -> None:
        case = self._case
        if case is None:
            return
        if tag in _FAILING:
            case.failing.append(_FAILING[tag])
            self._attributes = attributes
            elements.listen(self._longest or _HEARD)
        elif tag in _SKIPPING:
            is_xfail = attributes.get("type") == "pytest.xfail"
            case.skipped = TestStatus.XFAILED if is_xfail else TestStatus.SKIPPED
            case.message = case.message or self._messages.keep(attributes.get("message", ""))
        elif tag in _FLAKY:
            case.flaky = True
            self._suites[-1].reruns += 1
        elif tag in _RERUN:
            self._suites[-1].reruns += 1
        elif tag not in _NEUTRAL:
            raise Refused(Code.WRONG_SHAPE, f"The test case {case.id[:200]!r} holds an unknown element {tag[:80]!r}")

    def _describe(self, case: _Case, attributes: dict[str, str], text: str) -> None:
        if self._longest:
            self.texts.append(text)
            bounded(len(self.texts), _MAX_TEXTS, "failures")
        if len(case.failing) > 1 and case.message:
            return
        said = attributes.get("message", "") or text or attributes.get("type", "")
        case.message = self._messages.keep(said[: 4 * MESSAGE_LIMIT])
        place = _last_place(text)
        if place:
            case.path, case.line = place

    def _finish(self, case: _Case) -> None:
        status = _status(case)
        suite = self._suites[-1]
        suite.cases += 1
        suite.marks_failing += max(len(case.failing), status.rank >= TestStatus.FAILED.rank)
        suite.cases_failing += status.rank >= TestStatus.FAILED.rank
        flaky = case.flaky and status is TestStatus.PASSED
        self.cases.append(TestCase(case.id, status, case.message, case.path, case.line, flaky))
        bounded(len(self.cases), MAX_CASES, "test cases")

    def _suite_failure(self, status: TestStatus, text: str) -> None:
        said = self._attributes.get("message", "") or text
        name = self._suites[-1].name or "(suite)"
        self.cases.append(TestCase(name, status, self._messages.keep(said[: 4 * MESSAGE_LIMIT])))
        bounded(len(self.cases), MAX_CASES, "test cases")

    def _leave_suite(self) -> None:
        suite = self._suites.pop()
        _hold_to_its_word(suite)
        if self._suites:
            around = self._suites[-1]
            around.cases += suite.cases
            around.reruns += suite.reruns
            around.cases_failing += suite.cases_failing
            around.marks_failing += suite.marks_failing
            around.own_failures += suite.own_failures


def _new_suite(attributes: dict[str, str]) -> _Suite:
    failures, errors = natural(attributes, "failures"), natural(attributes, "errors")
    named = [natural(attributes, name) for name in ("skipped", "skips", "skip", "disabled", "ignored")]
    skipped = [number for number in named if number is not None]
    return _Suite(
        name=name_of(attributes.get("name", ""), "A suite's name"),
        tests=natural(attributes, "tests"),
        failing=None if failures is None and errors is None else (failures or 0) + (errors or 0),
        is_partial=failures is None or errors is None,
        skipped=sum(skipped) if skipped else None,
    )


def _new_case(suite: str, attributes: dict[str, str]) -> _Case:
    name = attributes.get("name")
    if name is None:
        raise Refused(Code.WRONG_SHAPE, "A test case has no name")
    holder = attributes.get("classname") or attributes.get("class") or suite
    words = {attributes.get(key, "").lower().partition(":")[0].strip() for key in ("status", "result")}
    unknown = words - _WORDS_FOR_PASSED - _WORDS_FOR_FAILED - _WORDS_FOR_SKIPPED
    if unknown:
        raise Refused(Code.WRONG_SHAPE, f"The test case {name[:200]!r} has the unknown status {min(unknown)[:40]!r}")
    line = attributes.get("line", "")
    known = line.isascii() and line.isdigit() and len(line) < 10  # noqa: PLR2004 - as digits of MAX_LINE
    path = attributes.get("file") or attributes.get("filepath")
    return _Case(
        id=name_of(f"{holder}::{name}" if holder else name, "A test's id"),
        path=name_of(path, "A path") if path else None,
        line=(int(line) + (suite == "pytest") or None) if known else None,  # pytest counts from 0 here
        words=words,
    )


def _status(case: _Case) -> TestStatus:
    if case.failing:
        return max(case.failing, key=lambda status: status.rank)
    if case.words & _WORDS_FOR_FAILED:
        return TestStatus.FAILED
    if case.skipped is not None:
        return case.skipped
    return TestStatus.SKIPPED if case.words & _WORDS_FOR_SKIPPED else TestStatus.PASSED


def _hold_to_its_word(suite: _Suite) -> None:
    """Compare what a suite declares with what it lists.

    GoogleTest writes one mark for every failed assertion of one test, so a declared number of failures may lie
    between cases and marks; a suite that declares only one of failures and errors says nothing about the other. A
    suite that declares all outcomes may not declare more tests than it lists, skipped ones and further runs of one
    test apart, which some tools only count; pytest also counts the parts of tests that it does not list.
    """
    least, most = 0 if suite.is_partial else suite.cases_failing, suite.marks_failing + suite.own_failures
    if suite.failing is not None and not least <= suite.failing <= max(most, least):
        said = f"declares {suite.failing:,} failures and errors and lists {most:,}"
        raise Refused(Code.COUNT_MISMATCH, f"The suite {suite.name[:200]!r} {said}")
    listed = suite.cases + suite.own_failures
    if suite.tests and (not listed or suite.tests > listed + _only_counted(suite)):
        said = f"declares {suite.tests:,} tests and lists {f'{listed:,}' if listed else 'none'}"
        raise Refused(Code.COUNT_MISMATCH, f"The suite {suite.name[:200]!r} {said}")


def _only_counted(suite: _Suite) -> float:
    """How many tests a suite may declare that it does not list."""
    if suite.skipped is None or suite.is_partial or suite.name == _COUNTS_PARTS:
        return math.inf
    return suite.skipped + suite.reruns


def _last_place(text: str) -> tuple[str, int] | None:
    places = _PLACE.findall(text)
    return (places[-1][0], int(places[-1][1])) if places and int(places[-1][1]) else None
