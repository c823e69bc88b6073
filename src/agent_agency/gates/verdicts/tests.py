"""A report of tests: every failure fails, and what was not run proves nothing."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from agent_agency.facts import Finding, GateStatus, Place, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import TestCase, TestReport, TestStatus
from agent_agency.gates.verdicts.model import (
    SHOWN,
    ToolVerdict,
    counted,
    eased,
    first_line,
    gate_finding,
    see,
    softened,
    with_more,
)
from agent_agency.gates.verdicts.places import RepositoryPaths

_BAD = frozenset({TestStatus.FAILED, TestStatus.ERROR})
_NOT_COLLECTED = "pytest"
"""The suite's name, which stands before a module that pytest could not import: such a case has no class."""


def judge_tests(gate: ConfiguredGate, report: TestReport, context: JudgingContext) -> ToolVerdict:
    """Judge a run of tests; with a ratchet, and the base measured, only tests fail it that do not fail at the base."""
    figures = {
        "total": report.total,
        "passed": report.passed,
        "failed": report.failed,
        "skipped": report.skipped,
        "xfailed": report.xfailed,
        "flaky": report.flaky,
    }
    distinct = len(report.worst)
    if distinct != report.total:
        figures["distinct"] = distinct
    if report.ran == 0:
        return ToolVerdict(GateStatus.NOT_RUN, f"no test was run ({report.skipped} skipped)", (), figures)
    reason = f"{report.passed} of {report.total} tests passed, {report.failed} failed, {report.skipped} skipped"
    reason += f", {report.xfailed} failed as expected" if report.xfailed else ""
    verdict = ToolVerdict(GateStatus.FAIL if report.failed else GateStatus.PASS, reason, (), figures)
    if gate.ratchet and isinstance(context.base, TestReport):
        return _against_base(gate, verdict, report, context.base, context)
    return replace(verdict, findings=_findings(gate, report.failures, context))


def _against_base(
    gate: ConfiguredGate, verdict: ToolVerdict, report: TestReport, base: TestReport, context: JudgingContext
) -> ToolVerdict:
    before = {name for name, status in base.worst.items() if status in _BAD}
    new = [case for case in report.failures if case.id not in before]
    old = [case for case in report.failures if case.id in before]
    newly = len({case.id for case in new})
    figures = {"ratchet": True, "base_failed": len(before), "newly_failing": newly}
    findings = (*_findings(gate, new, context), *softened(_findings(gate, old, context)))
    if new or not old:
        told = f"; {counted(newly, 'of them does', 'of them do')} not fail at the base" if new else ""
        return with_more(verdict, figures, told, findings)
    told = "; each of the failing tests fails at the base too, so the change made it no worse"
    return eased(replace(verdict, findings=findings), figures, told)


def _findings(gate: ConfiguredGate, failures: Sequence[TestCase], context: JudgingContext) -> tuple[Finding, ...]:
    paths = RepositoryPaths(context.paths, context.root)
    shown = tuple(
        gate_finding(
            gate,
            "test_failed",
            Severity.MAJOR,
            f"{first_line(display_path(case.id))} {case.status}: {first_line(case.message)}",
            see_tests(gate, [case], context.paths),
            place=_place(case, paths),
            subject=case.id,
        )
        for case in failures[:SHOWN]
    )
    left = len(failures) - len(shown)
    if left <= 0:
        return shown
    message = f"{counted(left, 'more test fails', 'more tests fail')}"
    remedy = see_tests(gate, failures, context.paths)
    return (*shown, gate_finding(gate, "more_tests_failed", Severity.MAJOR, message, remedy))


def _place(case: TestCase, paths: RepositoryPaths) -> Place:
    path = None if case.path is None else paths.meant(case.path)
    return Place(path, case.line if path else None)


def see_tests(gate: ConfiguredGate, cases: Iterable[TestCase], paths: Collection[str] = ()) -> str:
    """The shortest command that shows these tests and no others; the gate's own where there is none.

    Of pytest's JUnit report the command is put together from class and name, for at most ``SHOWN`` tests.
    """
    chosen = list(cases)[:SHOWN]
    nodes = [_node(case, paths) for case in chosen] if _is_pytest(gate.command) else []
    if not nodes or not all(node is not None and node.isprintable() and node[0] != "-" for node in nodes):
        return see(gate)
    return f"See it with: python -m pytest {shlex.join(dict.fromkeys(node for node in nodes if node is not None))}"


def _is_pytest(command: Sequence[str]) -> bool:
    words = command if len(command) != 3 or command[1] != "-c" else command[2].split()  # noqa: PLR2004  sh -c script
    return any(PurePosixPath(word).name in {"pytest", "py.test"} for word in words)


def _node(case: TestCase, paths: Collection[str]) -> str | None:
    """The id by which pytest runs one test.

    pytest's JUnit report names the module and the classes as one dotted text, so the module is the longest part of
    it that is a file: one of the repository, or the one that the failure points to.
    """
    holder, separator, name = case.id.partition("::")
    if not separator:
        return None
    if holder.endswith(".py"):
        return case.id
    if holder == _NOT_COLLECTED:
        module = f"{name.replace('.', '/')}.py"
        return module if module in paths or module == case.path else None
    parts = holder.split(".")
    for end in range(len(parts), 0, -1):
        module = "/".join(parts[:end]) + ".py"
        if module in paths or module == case.path:
            return "::".join([module, *parts[end:], name])
    if not paths and all(part.isidentifier() for part in parts):
        classes = len(parts) - next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts))
        module = "/".join(parts[: len(parts) - classes])
        return "::".join([f"{module}.py", *parts[len(parts) - classes :], name]) if module else None
    return None
