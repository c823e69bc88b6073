"""The JSON report of the plugin pytest-json-report.

Of a test with subtests (pytest 9) the plugin tells only how the last one ended: a failure among them reads as
``subtests passed``. A report with such an outcome is refused; the JUnit report of the same run tells the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gates.reports.budget import MAX_CASES, Messages, bounded, name_of
from agent_agency.gates.reports.fields import (
    a_count,
    an_object,
    object_or_empty,
    position,
    text_or_empty,
    the_count,
    the_text,
)
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import TestCase, TestReport, TestStatus
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_OUTCOMES = MappingProxyType(
    {
        "passed": TestStatus.PASSED,
        "xpassed": TestStatus.PASSED,
        "failed": TestStatus.FAILED,
        "error": TestStatus.ERROR,
        "skipped": TestStatus.SKIPPED,
        "xfailed": TestStatus.XFAILED,
    }
)
_FINISHED = frozenset({0, 1, 5})  # all passed, some failed, none collected; the rest means that pytest broke off
_STAGES = ("call", "setup", "teardown")


def read_pytest_json(source: Source) -> TestReport:
    """Read a report of pytest-json-report, whose summary must agree with its tests.

    Raises:
        Refused: it is no such report, or pytest did not come to its end.
    """
    json = Json(source)
    messages = Messages()
    cases: list[TestCase] = []
    said: Counter[str] = Counter()
    exit_code = summary = None
    for key in json.members("The report"):
        if key == "exitcode":
            exit_code = a_count(json.value(), "exitcode")
        elif key == "summary":
            summary = an_object(json.value(), "summary")
        elif key == "tests":
            for _ in json.elements("tests"):
                test = an_object(json.value(), "A test")
                said[the_text(test, "outcome")] += 1
                cases.append(_case(test, messages))
                bounded(len(cases), MAX_CASES, "test cases")
        elif key == "collectors":
            cases += _uncollected(json, messages)
    json.end()
    if exit_code is None or summary is None:
        raise Refused(Code.WRONG_SHAPE, "The report lacks exitcode or summary")
    _compare(summary, said)
    _hold_to_its_word(exit_code, cases)
    return TestReport(tuple(cases))


def _compare(summary: Mapping[str, Any], said: Counter[str]) -> None:
    total = the_count(summary, "total")
    declared = {name: the_count(summary, name) for name in _OUTCOMES if name in summary}
    if total != said.total() or {name: count for name, count in declared.items() if count} != dict(said):
        raise Refused(Code.COUNT_MISMATCH, f"The summary tells of {total:,} tests, and not the same as the list")


def _hold_to_its_word(exit_code: int, cases: list[TestCase]) -> None:
    failing = any(case.status in {TestStatus.FAILED, TestStatus.ERROR} for case in cases)
    if exit_code not in _FINISHED and not failing:
        raise Refused(Code.TOOL_FAILED, f"pytest ended with {exit_code}, so it did not come to its end")
    if failing and exit_code in {0, 5}:
        raise Refused(Code.COUNT_MISMATCH, f"pytest ended with {exit_code} though tests failed")
    if exit_code == 1 and not failing:
        raise Refused(Code.COUNT_MISMATCH, "pytest ended with 1 though no test failed")


def _case(test: Mapping[str, Any], messages: Messages) -> TestCase:
    outcome = the_text(test, "outcome")
    status = _OUTCOMES.get(outcome)
    if outcome.startswith("subtests "):
        raise Refused(Code.INCOMPLETE, "pytest-json-report does not tell which subtests failed; take JUnit instead")
    if status is None:
        raise Refused(Code.WRONG_SHAPE, f"A test has the unknown outcome {outcome[:40]!r}")
    identity = name_of(the_text(test, "nodeid"), "A test's id")
    path, _, _ = identity.partition("::")
    message, line = "", position(test.get("lineno"), 1)
    if status is not TestStatus.PASSED:
        message, line = _failure(test, line)
    return TestCase(identity, status, messages.keep(message), path or None, line)


def _failure(test: Mapping[str, Any], line: int | None) -> tuple[str, int | None]:
    for stage in (object_or_empty(test, name) for name in _STAGES):
        if stage.get("outcome") in {"failed", "error", "skipped"}:
            crash = object_or_empty(stage, "crash")
            return text_or_empty(crash, "message") or _long(stage), line
    return "", line


def _long(stage: Mapping[str, Any]) -> str:
    value = stage.get("longrepr")
    return value if isinstance(value, str) else ""


def _uncollected(json: Json, messages: Messages) -> list[TestCase]:
    cases = []
    for _ in json.elements("collectors"):
        collector = an_object(json.value(), "A collector")
        if the_text(collector, "outcome") not in {"passed", "skipped"}:
            path = name_of(text_or_empty(collector, "nodeid"), "A collector's id")
            message = messages.keep(_long(collector))
            cases.append(TestCase(path or "(collection)", TestStatus.ERROR, message, path.partition("::")[0] or None))
            bounded(len(cases), MAX_CASES, "collectors")
    return cases
