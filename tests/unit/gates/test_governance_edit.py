from __future__ import annotations

from typing import Any

import pytest

from agent_agency.change.governance import GovernanceEdit
from agent_agency.change.model import AddedLine, FileChange
from agent_agency.config import LawLimits
from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from agent_agency.gates.governance_edit import evaluate, only_law_edited
from agent_agency.spec.model import Scope
from support.gate_context import added, change, context, copied, modified, renamed, rules, spec

KINDS = ("ci", "hooks", "tests_config", "tool_config", "agent_settings")
POLICY = ".caws/policy.yaml"


def run(*files: FileChange, edits: tuple[tuple[str, str], ...], **more: Any) -> GateResult:
    governance = tuple(GovernanceEdit(path, kind, f"{kind} edited") for path, kind in edits)
    return evaluate(context(*files, governance=governance, **more), GateMode.BLOCK)


def test_a_change_that_governs_nothing_passes() -> None:
    assert run(modified("src/a.py"), edits=()).status is GateStatus.PASS


def test_law_edited_beside_code_is_critical_and_no_waiver_covers_it() -> None:
    result = run(modified("src/a.py"), modified(POLICY), edits=((POLICY, "law"),))
    (finding,) = result.findings
    assert (result.status, finding.rule) == (GateStatus.FAIL, "governance_edit.law")
    assert (finding.severity, finding.waivable) == (Severity.CRITICAL, False)
    assert f"git checkout {'b' * 40} -- {POLICY}" in finding.remedy


@pytest.mark.parametrize("entry", [POLICY, ".caws"])
def test_no_spec_authorises_an_edit_of_the_law(entry: str) -> None:
    governing = spec(Scope(("src", entry)))
    result = run(modified("src/a.py"), modified(POLICY), edits=((POLICY, "law"),), spec=governing)
    assert result.status is GateStatus.FAIL


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_of_other_governance_is_major_and_waivable(kind: str) -> None:
    result = run(modified("conf/x"), edits=(("conf/x", kind),))
    (finding,) = result.findings
    assert (result.status, finding.rule) == (GateStatus.FAIL, f"governance_edit.{kind}")
    assert (finding.severity, finding.waivable) == (Severity.MAJOR, True)


@pytest.mark.parametrize("scope", [Scope(("conf/x",)), Scope(("src",), support=("conf/x",))])
def test_a_spec_that_names_the_very_file_authorises_the_edit(scope: Scope) -> None:
    result = run(modified("conf/x"), edits=(("conf/x", "ci"),), spec=spec(scope))
    assert (result.status, result.findings[0].severity) == (GateStatus.PASS, Severity.ADVICE)


@pytest.mark.parametrize("entry", ["conf", "conf/", "conf/**", "conf/?", "**", "./conf/x", "conf/x/"])
def test_a_spec_that_names_it_only_by_folder_or_pattern_does_not(entry: str) -> None:
    assert run(modified("conf/x"), edits=(("conf/x", "ci"),), spec=spec(Scope((entry,)))).status is GateStatus.FAIL


def test_a_pattern_that_happens_to_be_spelt_like_the_file_is_no_name_of_it() -> None:
    result = run(modified("conf/*"), edits=(("conf/*", "ci"),), spec=spec(Scope(("conf/*",))))
    assert result.status is GateStatus.FAIL


def test_a_change_of_nothing_but_law_is_a_question_to_a_person() -> None:
    result = run(added(POLICY), added(".caws/specs/A-1.yaml"), edits=((POLICY, "law"), (".caws/specs/A-1.yaml", "law")))
    assert (result.status, result.mendable) == (GateStatus.NOT_RUN, False)
    assert "a person with authority must decide" in result.reason
    assert {finding.severity for finding in result.findings} == {Severity.ADVICE}
    assert not any(finding.waivable for finding in result.findings)


@pytest.mark.parametrize(
    "files", [(added(POLICY), added("src/a.py")), (renamed("src/a.py", POLICY),), (added(POLICY), added("ci.yml"))]
)
def test_law_together_with_anything_else_is_no_mere_question(files: tuple[FileChange, ...]) -> None:
    result = run(*files, edits=((POLICY, "law"), ("ci.yml", "ci")))
    assert result.status is GateStatus.FAIL


def test_an_empty_change_does_not_count_as_law_only_and_a_copy_into_law_does() -> None:
    edit = (GovernanceEdit(POLICY, "law", "added"),)
    assert not only_law_edited(change(), ())
    assert only_law_edited(change(copied("README", POLICY)), edit)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("src/** linguist-generated", True),
        ("src/** text linguist-generated=true", True),
        ("[attr]gen linguist-generated", True),
        ("src/** -linguist-generated", False),
        ("src/** linguist-generated=false", False),
        ("linguist-generated text", False),
    ],
)
def test_marking_files_as_generated_is_told_and_fails_where_the_law_leaves_generated_files_out(
    line: str, *, told: bool
) -> None:
    lines = {".gitattributes": (AddedLine(3, line),)}
    for excluded, severity in ((True, Severity.MAJOR), (False, Severity.ADVICE)):
        limits = LawLimits(exclude_generated=excluded)
        result = run(modified(".gitattributes"), edits=(), added_lines=lines, limits=limits)
        assert [finding.severity for finding in result.findings] == ([severity] if told else [])
        assert rules(result.findings) == (["governance_edit.generated_mark"] if told else [])


def test_the_facts_list_every_edit() -> None:
    result = run(modified("conf/x"), edits=(("conf/x", "ci"),))
    assert result.facts["edits"] == [{"path": "conf/x", "kind": "ci", "detail": "ci edited"}]
