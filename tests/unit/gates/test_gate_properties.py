"""What holds for every change, whatever is in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.change.governance import GovernanceEdit
from agent_agency.change.model import AddedLine, FileChange
from agent_agency.facts import GateResult, GateStatus
from agent_agency.gates.builtin import run_builtin_gates
from agent_agency.gates.context import GateContext
from agent_agency.spec.explain import find_rule
from agent_agency.spec.model import Budget, BudgetDecision, Scope
from agent_agency.spec.rule_catalogue import load_catalogue
from support.gate_context import added, change, context, copied, deleted, modified, renamed, spec, symlink

CATALOGUE = load_catalogue()
PATHS = st.sampled_from(
    ["src/a.py", "src/B.py", "src/b.py", "src/out/x", "docs/a.md", "top", ".caws/policy.yaml", "src/é", "src/e\u0301",
     "src/\udcff", "src/a\nb", "back\\slash", "ci.yml"]
)  # fmt: skip
FILES = st.one_of(
    st.builds(added, PATHS, st.integers(0, 3)),
    st.builds(modified, PATHS, st.integers(0, 3), st.integers(0, 900)),
    st.builds(deleted, PATHS, st.integers(0, 900)),
    st.builds(renamed, PATHS, PATHS.map(lambda path: f"{path}2"), st.integers(0, 3)),
    st.builds(copied, PATHS, PATHS.map(lambda path: f"{path}3")),
    st.builds(symlink, PATHS, st.sampled_from(["a.py", "../docs", "../../etc", "/etc/passwd", "b.py"])),
)
CHANGES = st.lists(FILES, max_size=6, unique_by=lambda file: file.path)
LINES = st.sampled_from(["x = 1", "# TODO: x", "s = 'TODO'", "password = 'correct-horse-battery'", ""])


def build(files: list[FileChange], texts: list[str]) -> GateContext:
    contents = {
        file.new.path: [texts[number % len(texts)] for number in range(file.added)]
        for file in files
        if file.new is not None and not file.new.is_symlink
    }
    data = {path: "\n".join(lines).encode() for path, lines in contents.items()}
    edits = [("law", path) for file in files for path in file.paths if path.startswith(".caws")]
    edits += [("ci", path) for file in files for path in file.paths if path == "ci.yml"]
    return context(
        *files,
        added_lines={
            path: tuple(AddedLine(n, text) for n, text in enumerate(lines, 1)) for path, lines in contents.items()
        },
        read_head=data.get,
        spec=spec(Scope(("src", "ci.yml"), outside=("src/out",))),
        governance=tuple(GovernanceEdit(path, kind, "edited") for kind, path in edits),
        budget=BudgetDecision(Budget(3, 1000), Budget(3, 1000)),
    )


def said(results: tuple[GateResult, ...]) -> dict[str, GateResult]:
    return {result.name: result for result in results}


@settings(max_examples=60, deadline=None)
@given(CHANGES, st.lists(LINES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(files: list[FileChange], texts: list[str], random: object) -> None:
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert run_builtin_gates(build(files, texts)) == run_builtin_gates(build(shuffled, texts))


@settings(max_examples=60, deadline=None)
@given(CHANGES, st.lists(LINES, min_size=1, max_size=3))
def test_a_file_outside_the_scope_never_makes_a_failing_change_pass(files: list[FileChange], texts: list[str]) -> None:
    before = said(run_builtin_gates(build(files, texts)))
    after = said(run_builtin_gates(build([*files, added("outside/the/scope.py", 2)], texts)))
    assert after["scope_boundary"].status is GateStatus.FAIL
    failed = {name for name, result in before.items() if result.status is GateStatus.FAIL}
    assert all(after[name].status is GateStatus.FAIL for name in failed)


@settings(max_examples=60, deadline=None)
@given(CHANGES, st.lists(LINES, min_size=1, max_size=3))
def test_every_result_says_why_and_every_failure_says_what_would_mend_it(
    files: list[FileChange], texts: list[str]
) -> None:
    for result in run_builtin_gates(build(files, texts)):
        assert result.reason
        assert all(finding.message and finding.remedy and finding.rule for finding in result.findings)
        for finding in result.findings:
            shown = finding.message + finding.remedy
            assert shown.isprintable(), shown
            assert len(finding.fingerprint) == 32
            assert find_rule(CATALOGUE, finding.rule) is not None, finding.rule


@pytest.mark.parametrize(
    ("gate", "missing"),
    [
        ("spec_completeness", {"spec": None, "spec_result": None}),
        ("spec_completeness", {"spec": None}),
        ("scope_boundary", {"spec": None}),
        ("scope_boundary", {"head_modes": None}),
        ("budget_limit", {"spec": None}),
        ("budget_limit", {"budget": None}),
        ("god_object", {"read_head": lambda _path: None}),
        ("todo_detection", {"added_lines": {}}),
        ("secrets", {"added_lines": {}}),
    ],
)
def test_no_gate_passes_when_what_it_reads_was_missing(gate: str, missing: dict[str, object]) -> None:
    file = added("src/a.py", 3)
    assert file.new is not None
    whole = context(replace(file, new=replace(file.new, size=90_000)), read_head={"src/a.py": b"x = 1\n" * 3}.get)
    assert said(run_builtin_gates(whole))[gate].status is GateStatus.PASS
    lacking = replace(whole, **missing)  # type: ignore[arg-type]
    assert said(run_builtin_gates(lacking))[gate].status is not GateStatus.PASS


@pytest.mark.parametrize("governs", [True, False])
def test_a_change_without_files_is_no_reason_to_break(*, governs: bool) -> None:
    results = run_builtin_gates(context(change=change(), spec=spec() if governs else None))
    assert GateStatus.ERROR not in {result.status for result in results}
