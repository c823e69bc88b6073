from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.change.model import FileChange
from agent_agency.config import LawLimits
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gates.budget_limit import evaluate
from agent_agency.gates.context import GateContext
from agent_agency.spec.model import Budget, BudgetDecision
from support.gate_context import added, context, copied, deleted, modified, renamed, rules, spec


def run(built: GateContext) -> GateResult:
    return evaluate(built, GateMode.BLOCK)


def within(files: int, lines: int) -> BudgetDecision:
    return BudgetDecision(Budget(files, lines), Budget(files, lines))


def test_a_change_of_exactly_the_budget_passes() -> None:
    assert run(context(modified("src/a", 300, 300), budget=within(1, 600))).status is GateStatus.PASS


@pytest.mark.parametrize("file", [modified("src/a", 601), deleted("src/a", 601), modified("src/a", 301, 300)])
def test_deletions_weigh_as_much_as_insertions(file: FileChange) -> None:
    result = run(context(file, budget=within(1, 600)))
    assert rules(result.findings) == ["budget_limit.lines"]
    assert "over by 1;" in result.findings[0].message


def test_a_rename_and_a_copy_count_as_one_file_each_and_a_binary_as_a_file() -> None:
    files = (renamed("src/a", "src/b"), copied("src/a", "src/c"), added("src/d.png", 0, binary=True))
    result = run(context(*files, budget=within(3, 10)))
    assert (result.status, result.facts["files"], result.facts["binary_files"]) == (GateStatus.PASS, 3, 1)
    assert run(context(*files, budget=within(2, 10))).status is GateStatus.FAIL


def test_the_message_names_the_figures_the_largest_files_and_the_waiver_that_would_do() -> None:
    files = [modified(f"src/{n}", n) for n in (1, 500, 20, 300)]
    (finding,) = run(context(*files, budget=within(10, 600))).findings
    assert "821 changed lines where risk tier 2 allows 600: over by 221" in finding.message
    assert "src/500 +500 -0, src/300 +300 -0, src/20 +20 -0" in finding.message
    assert "max_loc: 221" in finding.remedy


def test_too_many_files_are_told_by_folder() -> None:
    files = [added(f"src/deep/{n}") for n in range(3)] + [added("top")]
    (finding,) = run(context(*files, budget=within(2, 600))).findings
    assert finding.rule == "budget_limit.files"
    assert "src/deep 3, . 1" in finding.message
    assert "max_files: 2" in finding.remedy


def test_only_the_law_leaves_files_out_and_they_are_listed() -> None:
    files = (added("src/a", 5), added("yarn.lock", 9000), replace(added("src/gen.py", 900), generated=True))
    limits = LawLimits(budget_exclude=("**/*.lock",), exclude_generated=True)
    result = run(context(*files, limits=limits, budget=within(1, 5)))
    assert result.status is GateStatus.PASS
    assert [item["path"] for item in result.facts["excluded"]] == ["src/gen.py", "yarn.lock"]
    plain = run(context(*files, budget=within(1, 5)))
    assert rules(plain.findings) == ["budget_limit.files", "budget_limit.lines"]


def test_a_file_renamed_into_an_excluded_place_still_counts() -> None:
    limits = LawLimits(budget_exclude=("vendor/**",))
    result = run(context(renamed("src/a", "vendor/a", 0, 700), limits=limits))
    assert result.status is GateStatus.FAIL
    assert run(context(renamed("vendor/b", "vendor/a", 0, 700), limits=limits)).status is GateStatus.PASS


def test_waivers_that_raised_the_budget_are_in_the_facts() -> None:
    raised = BudgetDecision(Budget(20, 900), Budget(15, 600), applied=("WV-1",), skipped={"WV-2": "expired"})
    result = run(context(modified("src/a", 900), budget=raised))
    assert result.status is GateStatus.PASS
    assert (result.facts["waivers_applied"], result.facts["waivers_skipped"]) == (["WV-1"], {"WV-2": "expired"})
    assert result.facts["baseline"] == {"max_files": 15, "max_loc": 600}


def test_without_a_spec_or_a_budget_the_gate_does_not_run_and_says_what_was_missing() -> None:
    assert "no valid working spec" in run(context(spec=None)).reason
    missing = run(context(spec=spec(risk_tier=3), budget=None))
    assert (missing.status, missing.reason) == (GateStatus.NOT_RUN, "no budget is known for risk tier 3")
