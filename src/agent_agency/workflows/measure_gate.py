"""Measure one configured gate: its tool over the head, again where a test failed, and where needed over the base.

The base's own run, and the base's tests over the head's code, are made where a change touched what decides about
tests; a gate with a ratchet, and a contract, is compared with what its tool says of the base.
"""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from agent_agency.change.model import Change
from agent_agency.change.patch import added_lines
from agent_agency.errors import AgencyError
from agent_agency.facts import GateResult, GateStatus
from agent_agency.gate_settings import CONTRACT_FORMATS, ConfiguredGate, GateKind
from agent_agency.gates.base_runs import BASE, BaseRuns
from agent_agency.gates.base_tests import passing, was_stopped, with_fewer_tests, with_overlay, without_overlay
from agent_agency.gates.checkout import Part, fresh_checkout, whole_tree
from agent_agency.gates.flaky_tests import with_second_run
from agent_agency.gates.gate_command import Surroundings
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.refusal import Code
from agent_agency.gates.tests_of_tree import concerns_tests, overlaid
from agent_agency.gates.tool_run import ToolRun, gate_result, run_tool
from agent_agency.gates.tool_verdict import ToolVerdict
from agent_agency.gates.unmended_tests import with_unmended_tests
from agent_agency.gates.withheld_files import (
    WithheldFiles,
    find_withheld,
    lay_withheld,
    withheld_folder,
    withheld_parts,
)
from agent_agency.gates.withheld_tests import judge_withheld
from agent_agency.git import Repository
from agent_agency.sandbox.model import Ended
from agent_agency.withheld_settings import WithheldTests


@dataclass(frozen=True)
class TreesOfChange:
    """The two trees that a change lies between; ``reading`` lets one thread at a time read the repository."""

    repo: Repository
    change: Change
    reading: threading.Lock

    def head(self) -> Part:
        """Every file of the head."""
        return whole_tree(self.repo, self.change.head_tree, self.reading)

    def base(self) -> Part:
        """Every file of the merge base."""
        return whole_tree(self.repo, self.change.base_commit, self.reading)

    @cached_property
    def head_paths(self) -> frozenset[str]:
        """The paths of the head's files."""
        return frozenset(entry.path for entry in self.head().entries)

    @cached_property
    def base_paths(self) -> frozenset[str]:
        """The paths of the base's files."""
        return frozenset(entry.path for entry in self.base().entries)

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """The base path of each moved file, by its head path."""
        ends = [(file.old, file.new) for file in self.change.files]
        return {new.path: old.path for old, new in ends if old and new and old.path != new.path}

    def lines_of(self, path: str) -> int | None:
        """How many lines a file of the head has; ``None`` for what is no text or not there."""
        with self.reading:
            data = self.repo.read_blob(self.change.head_tree, path)
        if data is None or b"\0" in data:
            return None
        return len(data.splitlines())

    @cached_property
    def added(self) -> Mapping[str, frozenset[int]]:
        """The numbers of the lines that the change adds, by head path; those that hold only white space left out."""
        with self.reading:
            found = added_lines(self.repo, self.change)
        return {path: frozenset(line.number for line in lines if line.text.strip()) for path, lines in found.items()}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One gate about to be measured; ``begun`` is told each piece of the work before it starts.

    ``base_runs`` keeps what the tool says of the base, from one review to the next. ``withheld`` are the tests that
    the owner withholds and that this gate must run too.
    """

    trees: TreesOfChange
    gate: ConfiguredGate
    tier: int
    surroundings: Surroundings
    begun: Callable[[str], None]
    base_runs: BaseRuns
    withheld: tuple[WithheldTests, ...] = ()
    runs: list[ToolRun] = field(default_factory=list)

    def run(self, part: str, doing: str, *files: Part) -> ToolRun:
        """Run the gate's tool in a fresh checkout of these files."""
        self.begun(doing)
        trees = self.trees
        with fresh_checkout(trees.repo, files, trees.reading) as checkout:
            ran = run_tool(self.gate, checkout, self.surroundings, part)
            if part == BASE:
                self.base_runs.keep(self.gate, ran, checkout)
        self.runs.append(ran)
        return ran

    def find_withheld(self, digest: str) -> WithheldFiles | str:
        """The withheld files behind a digest, or why they are not to be had."""
        return find_withheld(withheld_folder(self.trees.repo.common_dir), digest)

    def base(self) -> ToolRun:
        """What the tool says of the base, from this review or an earlier one.

        Raises:
            AgencyError: when the base cannot be read.
            OSError: when its checkout cannot be written.
        """
        known = next((ran for ran in self.runs if ran.part == BASE), None) or self.base_runs.load(self.gate)
        return known or self.run(BASE, "runs over the base", self.trees.base())


def measure_gate(measurement: Measurement) -> GateResult:
    """Run a gate and judge it.

    Raises:
        AgencyError: when the head cannot be read.
        OSError: when its checkout cannot be written.
    """
    gate, tier = measurement.gate, measurement.tier
    head = measurement.run("head", "runs", measurement.trees.head())
    verdict = _verdict(measurement, head)
    if gate.kind is GateKind.TESTS and head.stopped() is None and verdict.status is not GateStatus.ERROR:
        touched = concerns_tests(measurement.trees.change)
        verdict = _with_base_tests(measurement, head, verdict) if touched else without_overlay(verdict)
        verdict = _with_control(measurement, head, verdict)
    if measurement.withheld:
        run = partial(_withheld, measurement)
        verdict = judge_withheld(gate, tier, verdict, measurement.withheld, measurement.find_withheld, run)
    return gate_result(gate, tier, head, verdict, [item for ran in measurement.runs for item in ran.evidence])


def _verdict(measurement: Measurement, head: ToolRun) -> ToolVerdict:
    """What the head's own run means; of failed tests, in the light of a second run."""
    gate, tier = measurement.gate, measurement.tier
    if gate.format in CONTRACT_FORMATS:
        return _of_contract(measurement, head)
    context = _context(measurement, head)
    verdict = head.verdict(gate, tier, context)
    if gate.kind is not GateKind.TESTS or verdict.status is not GateStatus.FAIL:
        return verdict
    again = measurement.run("rerun", "runs again, since tests failed", measurement.trees.head())
    return with_second_run(gate, verdict, head, again, again.verdict(gate, tier, context))


def _context(measurement: Measurement, head: ToolRun) -> JudgingContext:
    """What a report is judged against; the base is measured for it where the gate has a ratchet."""
    gate, trees = measurement.gate, measurement.trees
    context = JudgingContext(paths=trees.head_paths, root=head.root, lines_of=trees.lines_of)
    if gate.ratchet or gate.kind in {GateKind.COVERAGE, GateKind.MUTATION}:
        context = replace(context, added=trees.added, renamed=trees.renamed)
    if not gate.ratchet or head.stopped() is not None:
        return context
    try:
        base = measurement.base()
    except (AgencyError, OSError) as error:
        problem = ReportProblem(Code.UNREADABLE, f"The base could not be checked out: {error}")
        return replace(context, base=problem)
    stopped = base.stopped()
    report = base.report if stopped is None else ReportProblem(Code.MISSING, f"The base's own run: {stopped.reason}")
    return replace(context, base=report, base_paths=trees.base_paths, base_root=base.root)


def _of_contract(measurement: Measurement, head: ToolRun) -> ToolVerdict:
    from agent_agency.gates.contracts.configured import judge_contract

    stopped = head.stopped()
    if stopped is not None or head.outcome is None or head.outcome.exit_code is None:
        return stopped or ToolVerdict(GateStatus.ERROR, "the tool was not started")
    gate, base = measurement.gate, measurement.base()
    ended = base.stopped()
    missing = base.outcome is not None and base.outcome.ended is Ended.NOT_STARTED
    if ended is not None and not missing:
        return replace(ended, reason=f"the base's own run: {ended.reason}")
    if base.document is None and posixpath.normpath(gate.report or "") in measurement.trees.base_paths:
        return ToolVerdict(GateStatus.ERROR, f"the contract of the base at {gate.report} cannot be used")
    return judge_contract(gate, measurement.tier, head.outcome.exit_code, head.document, base.document)


def _with_base_tests(measurement: Measurement, head: ToolRun, verdict: ToolVerdict) -> ToolVerdict:
    gate, tier, change = measurement.gate, measurement.tier, measurement.trees.change
    before = measurement.base()
    expected = passing(before, gate, tier)
    if isinstance(expected, str):
        return _with_failing_tests_only(measurement, verdict, f"the base's own run: {expected}")
    verdict = with_fewer_tests(gate, verdict, change, before, head)
    if not expected:
        return _with_failing_tests_only(measurement, verdict, "no test passes at the base")
    attempt = partial(_still_passing, measurement)
    try:
        still = attempt("runs the base's tests")
        if not isinstance(still, str) and expected - still:
            again = attempt("runs the base's tests again, since some failed")
            still = still if isinstance(again, str) else still | again
    except (AgencyError, OSError) as error:
        return with_overlay(gate, verdict, change, expected, f"it could not be checked out: {error}")
    if was_stopped(measurement.runs[-1]):
        return without_overlay(verdict, "it was stopped")
    verdict = with_overlay(gate, verdict, change, expected, still)
    return with_unmended_tests(gate, verdict, change, measurement.runs, expected)


def _with_failing_tests_only(measurement: Measurement, verdict: ToolVerdict, reason: str) -> ToolVerdict:
    """What is left to ask of a base that no test passes at: whether its tests pass over the head's code now."""
    verdict = without_overlay(verdict, reason)
    _still_passing(measurement, "runs the base's tests")
    return with_unmended_tests(measurement.gate, verdict, measurement.trees.change, measurement.runs, frozenset())


def _with_control(measurement: Measurement, head: ToolRun, verdict: ToolVerdict) -> ToolVerdict:
    """Run tests that passed again, each made to fail, where the change could write the report itself."""
    from agent_agency.gates.control_run import PART, make_tests_fail, may_reach_report, with_control

    trees, gate = measurement.trees, measurement.gate
    if verdict.status is not GateStatus.PASS:
        return verdict
    with trees.reading:
        if not may_reach_report(trees.change, added_lines(trees.repo, trees.change)):
            return verdict
    with fresh_checkout(trees.repo, [trees.head()], trees.reading) as checkout:
        made = make_tests_fail(checkout)
        if not made.tests:
            return verdict
        measurement.begun("runs the tests again, each made to fail")
        ran = run_tool(gate, checkout, replace(measurement.surroundings, output=None), PART)
    measurement.runs.append(ran)
    return with_control(gate, verdict, head, ran, made)


def _still_passing(measurement: Measurement, doing: str) -> frozenset[str] | str:
    """The ids of the tests that pass when the base's tests are run over the head's code, or why it is not known."""
    trees = measurement.trees
    over = measurement.run("overlay", doing, *overlaid(trees.head(), trees.base()))
    return passing(over, measurement.gate, measurement.tier)


def _withheld(measurement: Measurement, files: WithheldFiles) -> ToolRun:
    """Run withheld tests over the head's code; nothing that they print is shown or kept."""
    trees = measurement.trees
    measurement.begun("runs the tests that the owner withholds")
    quiet = replace(measurement.surroundings, evidence=None, output=None)
    parts = withheld_parts(trees.head(), trees.base(), files)
    with fresh_checkout(trees.repo, parts, trees.reading) as checkout:
        lay_withheld(files, checkout.root)
        return run_tool(measurement.gate, checkout, quiet, "withheld")
