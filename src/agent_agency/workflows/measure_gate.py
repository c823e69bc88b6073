"""Measure one configured gate: its tool over the head, and where tests were touched the base's tests over the head."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

from agent_agency.change.model import Change
from agent_agency.errors import AgencyError
from agent_agency.facts import GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.gates.base_tests import passing, was_stopped, with_fewer_tests, with_overlay, without_overlay
from agent_agency.gates.checkout import Part, fresh_checkout, whole_tree
from agent_agency.gates.tests_of_tree import concerns_tests, overlaid
from agent_agency.gates.tool_run import Surroundings, ToolRun, gate_result, run_tool
from agent_agency.gates.tool_verdict import ToolVerdict
from agent_agency.git import Repository


@dataclass(frozen=True, slots=True)
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

    def run(self, gate: ConfiguredGate, surroundings: Surroundings, *parts: Part) -> ToolRun:
        """Run a gate's tool in a fresh checkout of these files."""
        with fresh_checkout(self.repo, parts, self.reading) as checkout:
            return run_tool(gate, checkout, surroundings)


def measure_gate(trees: TreesOfChange, gate: ConfiguredGate, tier: int, surroundings: Surroundings) -> GateResult:
    """Run a gate and judge it.

    Raises:
        AgencyError: when the head cannot be read.
        OSError: when its checkout cannot be written.
    """
    ran = trees.run(gate, surroundings, trees.head())
    verdict = ran.verdict(gate, tier)
    if gate.kind is GateKind.TESTS and verdict.status in {GateStatus.PASS, GateStatus.FAIL}:
        touched = concerns_tests(trees.change)
        verdict = _with_base_tests(trees, gate, tier, surroundings, ran) if touched else without_overlay(verdict)
    return gate_result(gate, tier, ran, verdict)


def _with_base_tests(
    trees: TreesOfChange, gate: ConfiguredGate, tier: int, surroundings: Surroundings, head: ToolRun
) -> ToolVerdict:
    verdict, change = head.verdict(gate, tier), trees.change
    attempt = partial(trees.run, gate, surroundings)
    try:
        before = attempt(trees.base())
    except (AgencyError, OSError) as error:
        return without_overlay(verdict, f"the base could not be checked out: {error}")
    expected = passing(before, gate, tier)
    if isinstance(expected, str):
        return without_overlay(verdict, f"the base's own run: {expected}")
    verdict = with_fewer_tests(gate, verdict, change, before, head)
    if not expected:
        return without_overlay(verdict, "no test passes at the base")
    try:
        over = attempt(*overlaid(trees.head(), trees.base()))
    except (AgencyError, OSError) as error:
        return with_overlay(gate, verdict, change, expected, f"it could not be checked out: {error}")
    if was_stopped(over):
        return without_overlay(verdict, "it was stopped")
    return with_overlay(gate, verdict, change, expected, passing(over, gate, tier))
