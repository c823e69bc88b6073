"""A control: the tests that passed are run again, each made to fail. A report that says they pass is forged.

Code under test runs in the process that writes the report, and can write it itself, exit with any code, or turn every
failure into a pass. It then does so for tests that must fail, too. Code that only has a reason to look innocent has
none to do so, and a change without a way to reach the report is spared the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from agent_agency.change.model import AddedLine, Change
from agent_agency.facts import Finding, GateStatus, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.checkout import Checkout
from agent_agency.gates.failing_tests import failing_module
from agent_agency.gates.reports.model import TestReport, TestStatus
from agent_agency.gates.tests_of_tree import is_test_file, is_test_module
from agent_agency.gates.tool_run import ToolRun
from agent_agency.gates.tool_verdict import SHOWN, ToolVerdict

PART = "control"
UNKNOWN = "run with every test made to fail, the tool left no report, so whether this one is forged is not known"
_MOST_MODULES = 2000
_LARGEST_MODULE = 2**20
_CODE = frozenset({".py", ".pyi", ".pyx", ".ipynb"})
_WORDLESS = frozenset({".md", ".rst", ".txt", ".adoc", ".yaml", ".yml", ".json", ".csv", ".svg", ".png", ".jpg"})
_REACHING = re.compile(
    r"import|__|exit|open|exec|eval|compile|write|modules|attr|kill|fork|spawn|system|popen|frame|hook|trace|profile"
    r"|globals|locals|vars\b|raise\s+(?:BaseException|SystemExit|KeyboardInterrupt)|unlink|rename|replace\(.*path|dump"
)


def may_reach_report(change: Change, added: Mapping[str, Iterable[AddedLine]]) -> bool:
    """Whether a change brings anything with which code could reach a report: more than plain computing.

    ``added`` are its added lines by head path. Test files are left out: the base's own are run over the head's code.
    """
    for file in change.files:
        suffix = PurePosixPath(file.path).suffix.lower()
        if file.new is None or suffix in _WORDLESS or is_test_file(file.path):
            continue
        if suffix not in _CODE or any(_REACHING.search(line.text) for line in added.get(file.path, ())):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Control:
    """The dotted names of tests that must fail, and of those that were left alone and might be taken for them."""

    tests: frozenset[str]
    others: frozenset[str]


def make_tests_fail(checkout: Checkout) -> Control:
    """Rewrite the Python test modules of a fresh checkout.

    Raises:
        OSError: when a module cannot be read or written.
    """
    tests: set[str] = set()
    others: set[str] = set()
    modules = [path for path in checkout.root.rglob("*.py") if is_test_module(path.name)]
    for path in sorted(modules)[:_MOST_MODULES]:
        if not _is_own_file(path, checkout.root):
            continue
        made = failing_module(path.relative_to(checkout.root).as_posix(), path.read_bytes())
        if made is not None:
            path.write_text(made.source, "utf-8", newline="\n")
            tests |= made.tests
            others |= made.others
    return Control(frozenset(tests), frozenset(others))


def with_control(gate: ConfiguredGate, verdict: ToolVerdict, head: ToolRun, ran: ToolRun, made: Control) -> ToolVerdict:
    """A passed gate's verdict in the light of the control; a control that gave no report leaves it unknown.

    Args:
        gate: its definition.
        verdict: what the head's own run means.
        head: that run.
        ran: the run of the tests that must fail.
        made: which those are.
    """
    if not isinstance(head.report, TestReport) or not isinstance(ran.report, TestReport) or ran.stopped() is not None:
        unknown = _with(verdict, {PART: "not_known"}, f"; {UNKNOWN}")
        return replace(unknown, status=GateStatus.ERROR)
    passed = {name for name, status in head.report.worst.items() if status is TestStatus.PASSED}
    forged = sorted(
        name
        for name, status in ran.report.worst.items()
        if status is TestStatus.PASSED and name in passed and _must_fail(name, made)
    )
    if not forged:
        return _with(verdict, {PART: "failed_as_made_to"})
    message = f"{len(forged)} tests that were made to fail are reported as passed: something writes this report itself"
    remedy = f"Take out what interferes with the report of: {', '.join(map(display_path, forged[:SHOWN]))}"
    finding = Finding(f"gate.{gate.name}.forged_report", Severity.CRITICAL, message, remedy)
    told = _with(verdict, {PART: "passed"}, f"; {message}")
    return replace(told, status=GateStatus.FAIL, findings=(*verdict.findings, finding))


def _must_fail(name: str, made: Control) -> bool:
    """Whether an id of a report is that of a test made to fail, and of no other."""
    file, _, rest = name.partition("::")
    module = ".".join(PurePosixPath(file).with_suffix("").parts) if file.endswith(".py") or "/" in file else file
    dotted = ".".join([module, *rest.split("[", 1)[0].split("::")])

    def among(names: frozenset[str]) -> bool:
        return dotted.count(".") > 0 and any(one == dotted or one.endswith(f".{dotted}") for one in names)

    return among(made.tests) and not among(made.others)


def _is_own_file(path: Path, root: Path) -> bool:
    """A file that was just written here: no link stands on the way."""
    folders = [path, *(parent for parent in path.parents if parent.is_relative_to(root))]
    return path.is_file() and not any(one.is_symlink() for one in folders) and path.stat().st_size <= _LARGEST_MODULE


def _with(verdict: ToolVerdict, figures: Mapping[str, Any], reason: str = "") -> ToolVerdict:
    return replace(verdict, reason=verdict.reason + reason, figures={**(verdict.figures or {}), **figures})
