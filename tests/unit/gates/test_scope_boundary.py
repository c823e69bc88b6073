from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from agent_agency.change.model import FileChange, FileStatus
from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from agent_agency.gates.scope_boundary import evaluate
from agent_agency.spec.model import Scope
from support.gate_context import (
    added,
    context,
    copied,
    deleted,
    end,
    modified,
    policy,
    renamed,
    rules,
    spec,
    symlink,
)

SCOPE = Scope(("src", "web/**"), outside=("src/vendor",), support=("README.md",))


def run(*files: FileChange, tree: dict[str, str] | None = None, scope: Scope = SCOPE, **more: Any) -> GateResult:
    """``tree`` maps further paths of the head to their mode, or to the text of a link where it begins with ``->``."""
    texts = {path: text[2:].encode() for path, text in (tree or {}).items() if text.startswith("->")}
    modes = {file.new.path: file.new.mode for file in files if file.new}
    modes |= {path: "120000" if path in texts else mode for path, mode in (tree or {}).items()}
    built = context(*files, spec=spec(scope), **({"head_modes": modes, "read_head": texts.get} | more))
    return evaluate(built, GateMode.BLOCK)


@pytest.mark.parametrize(
    "file",
    [
        added("src/a"),
        modified("web/a/b.js"),
        deleted("README.md"),
        renamed("src/a", "web/b"),
        copied("docs/a", "src/a"),
        modified(".caws/specs/A-1.yaml"),
    ],
)
def test_what_lies_inside_the_scope_passes(file: FileChange) -> None:
    assert run(file).status is GateStatus.PASS


@pytest.mark.parametrize(
    ("file", "rule", "paths"),
    [
        (added("docs/a"), "scope.reject.scope_in_miss", ["docs/a"]),
        (deleted("docs/a"), "scope.reject.scope_in_miss", ["docs/a"]),
        (modified("Makefile"), "scope.reject.root_not_allowed", ["Makefile"]),
        (modified("src/vendor/a"), "scope.reject.scope_out", ["src/vendor/a"]),
        (renamed("docs/a", "src/a"), "scope.reject.scope_in_miss", ["docs/a"]),
        (renamed("src/a", "docs/a"), "scope.reject.scope_in_miss", ["docs/a"]),
        (copied("src/a", "docs/a"), "scope.reject.scope_in_miss", ["docs/a"]),
        (added("src/back\\slash"), "scope.invalid_path.backslash", ["src/back\\slash"]),
        (modified("docs/sub"), "scope.reject.scope_in_miss", ["docs/sub"]),
    ],
)
def test_what_leaves_the_scope_fails_with_the_rule_of_the_standard(
    file: FileChange, rule: str, paths: list[str]
) -> None:
    result = run(file)
    assert result.status is GateStatus.FAIL
    assert rules(result.findings) == [rule] * len(paths)
    assert [finding.place.path for finding in result.findings] == paths


def test_both_ends_of_a_rename_between_two_places_outside_are_told() -> None:
    result = run(renamed("docs/a", "lib/b"))
    assert [finding.place.path for finding in result.findings] == ["docs/a", "lib/b"]
    assert all(finding.message.startswith("docs/a -> lib/b: ") for finding in result.findings)


def test_the_remedy_names_the_command_and_the_entry_to_ask_for() -> None:
    (finding,) = run(modified("docs/a b")).findings
    base = "b" * 40
    assert finding.remedy == (
        f"Take it back with: git checkout {base} -- 'docs/a b';"
        " or ask for 'docs/a b' in scope.in of .caws/specs/FEAT-1.yaml"
    )
    (excluded,) = run(modified("src/vendor/a")).findings
    assert "scope.out of .caws/specs/FEAT-1.yaml to give up 'src/vendor'" in excluded.remedy
    assert "excluded by scope.out entry 'src/vendor'" in excluded.message


def test_the_policy_lets_zones_and_files_of_the_root_through() -> None:
    law = policy(non_governed_zones=("docs/**",), root_passthrough=("Makefile",))
    assert run(modified("docs/a"), modified("Makefile"), policy=law).status is GateStatus.PASS


def test_a_submodule_inside_the_scope_needs_a_waiver() -> None:
    moved = replace(modified("src/sub"), old=end("src/sub", "160000"), new=end("src/sub", "160000"))
    result = run(moved)
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["scope_boundary.submodule"])
    assert all(finding.waivable for finding in result.findings)


def test_a_submodule_that_goes_away_brings_nothing_in() -> None:
    gone = replace(modified("src/sub"), old=end("src/sub", "160000"), new=None)
    assert run(gone).status is GateStatus.PASS


@pytest.mark.parametrize("target", ["b.py", "../web/x", "./deep/../b.py", "sub/link/x"])
def test_a_link_that_stays_in_the_scope_passes(target: str) -> None:
    assert run(symlink("src/l", target), tree={"src/sub/link": "->../other"}).status is GateStatus.PASS


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/etc/passwd", "outside the repository"),
        ("../../x", "outside the repository"),
        ("../src/../../x", "outside the repository"),
        ("..", "outside the repository"),
        ("l", "outside the repository"),
        ("../docs/x", "docs/x, outside the scope"),
        ("vendor/x", "src/vendor/x, outside the scope"),
        ("../web/away/x", "docs/x, outside the scope"),
        ("../web/far/x", "outside the repository"),
        ("unread/x", "outside the repository"),
        ("../.caws/policy.yaml", ".caws/policy.yaml, outside the scope"),
    ],
)
def test_a_link_that_leads_out_fails_whatever_the_way(target: str, told: str) -> None:
    tree = {"web/away": "->../docs", "web/far": "->/usr", "src/unread": "120000"}
    result = run(symlink("src/l", target), tree=tree)
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["scope.symlink_escape"])
    assert told in result.findings[0].message


def test_a_file_that_turns_into_a_link_is_followed_too() -> None:
    turned = FileChange(FileStatus.TYPE_CHANGED, end("src/a"), end("src/a", "120000", target="/etc"), 1, 1)
    assert rules(run(turned).findings) == ["scope.symlink_escape"]


def test_a_link_whose_text_is_not_known_does_not_pass() -> None:
    unknown = FileChange(FileStatus.ADDED, None, end("src/l", "120000"))
    assert run(unknown).status is GateStatus.FAIL


@pytest.mark.parametrize("path", ["src/Vendor/a", "src/VENDOR", "src/vendoR/b/c"])
def test_another_spelling_of_what_is_excluded_fails(path: str) -> None:
    assert rules(run(added(path)).findings) == ["scope.case_fold"]
    assert rules(run(modified(path)).findings) == ["scope.case_fold"]


def test_another_unicode_form_of_what_is_excluded_fails() -> None:
    composed = unicodedata.normalize("NFC", "src/caf\u00e9")
    scope = Scope(("src",), outside=(composed,))
    result = run(added(unicodedata.normalize("NFD", composed) + "/a"), scope=scope)
    assert rules(result.findings) == ["scope.case_fold"]


def test_a_name_that_is_a_file_outside_the_scope_to_some_file_systems_fails() -> None:
    scope = Scope(("src/New.py",))
    result = run(added("src/New.py"), tree={"src/new.py": "100644"}, scope=scope)
    assert rules(result.findings) == ["scope.case_fold"]


def test_a_new_name_beside_a_tracked_one_that_differs_by_case_alone_fails() -> None:
    result = run(added("src/A.py"), tree={"src/a.py": "100644"})
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, ["scope_boundary.names_fall_together"])
    assert "'src/a.py'" in result.findings[0].message


def test_a_rename_that_only_changes_case_and_an_edit_of_an_old_pair_pass() -> None:
    assert run(renamed("src/a.py", "src/A.py")).status is GateStatus.PASS
    assert run(modified("src/A.py"), tree={"src/a.py": "100644"}).status is GateStatus.PASS


def test_without_a_spec_or_the_names_of_the_head_the_gate_does_not_pass() -> None:
    result = evaluate(context(added("src/a"), spec=None), GateMode.BLOCK)
    assert (result.status, "no valid working spec" in result.reason) == (GateStatus.NOT_RUN, True)
    unread = run(added("src/a"), head_modes=None)
    assert (unread.status, "names of the head" in unread.reason) == (GateStatus.NOT_RUN, True)
    assert run(added("docs/a"), head_modes=None).status is GateStatus.FAIL


def test_the_facts_count_what_was_looked_at() -> None:
    result = run(renamed("src/a", "docs/b"), symlink("src/l", "a"))
    assert result.facts == {"touched_paths": 3, "outside_paths": 1, "symbolic_links": 1}
    assert result.reason == "1 of 3 touched paths outside the scope of FEAT-1"
    assert {finding.severity for finding in result.findings} == {Severity.MAJOR}
