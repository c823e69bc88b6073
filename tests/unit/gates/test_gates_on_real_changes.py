"""The gates over changes that real git measured, so that no field means something else here than there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from agent_agency.change.governance import governance_edits
from agent_agency.change.measure import Head, measure
from agent_agency.change.patch import added_lines
from agent_agency.facts import GateResult, GateStatus
from agent_agency.gates.builtin import run_builtin_gates
from agent_agency.gates.context import GateContext
from agent_agency.git import Repository
from agent_agency.spec.model import Scope
from support.gate_context import context, rules, spec
from support.git_repo import GitRepo

AWS = "AKI" + "A" + "Q7WERTY2UIOPA5DF"


@contextmanager
def measured(repo: GitRepo, base: str, head: Head | None = None, **more: Any) -> Iterator[GateContext]:
    with Repository.discover(repo.path) as opened:
        measured_change = measure(opened, base, head or Head.commit(repo.git("rev-parse", "HEAD")))
        tree = measured_change.head_tree
        yield context(
            change=measured_change,
            added_lines=added_lines(opened, measured_change),
            read_head=lambda path: opened.read_blob(tree, path),
            read_base=lambda path: opened.read_blob(base, path),
            governance=governance_edits(opened, measured_change),
            head_modes={entry.path: entry.mode for entry in opened.list_files(tree)},
            **more,
        )


def gates(repo: GitRepo, base: str, head: Head | None = None, **more: Any) -> dict[str, GateResult]:
    with measured(repo, base, head, **more) as built:
        return {result.name: result for result in run_builtin_gates(built)}


def failed(results: dict[str, GateResult]) -> dict[str, list[str]]:
    listed = {name: result for name, result in results.items() if result.applicable}
    return {name: rules(result.findings) for name, result in listed.items() if result.status is not GateStatus.PASS}


def test_a_good_change_passes(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{"src/a.py": "x = 1\n", "docs/b.md": "# b\n"})
    git_repo.commit("head", **{"src/a.py": "x = 1\ny = 2\n", "src/new.py": "z = 3\n"})
    assert failed(gates(git_repo, base)) == {}


def test_a_bad_change_is_told_by_every_gate_that_it_breaks(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{"src/a.py": "x = 1\n", "docs/old.md": "some text\n" * 20, "big.txt": "l\n" * 900})
    (git_repo.path / "big.txt").unlink()
    git_repo.git("mv", "docs/old.md", "src/old.md")
    git_repo.commit(
        "head",
        **{
            "src/a.py": f"x = 1\nkey = '{AWS}'  # FIXME later\n",
            "src/huge.py": "y = 2\n" * 2000,
            "conftest.py": "import os\n",
            ".caws/policy.yaml": "version: 1\n",
        },
    )
    found = failed(gates(git_repo, base))
    assert found == {
        "scope_boundary": [
            "scope.reject.root_not_allowed",
            "scope.reject.root_not_allowed",
            "scope.reject.scope_in_miss",
        ],
        "budget_limit": ["budget_limit.lines"],
        "god_object": ["god_object.too_long"],
        "todo_detection": ["todo_detection.fixme"],
        "governance_edit": ["governance_edit.law", "governance_edit.tests_config"],
        "secrets": ["secrets.aws_access_key"],
    }


def test_an_untracked_file_of_the_working_tree_counts(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{"src/a.py": "x = 1\n"})
    git_repo.write("src/new.js", f"const k = '{AWS}'; // TODO\n")
    assert set(failed(gates(git_repo, base, Head.worktree()))) == {"todo_detection", "secrets"}


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00x",
        b"x = 1\x00\n",
        b"\xef\xbb\xbfx = 1\r\ny = 2\rz = 3\n",
        b"a" * 200_000,
        b"(" * 20_000,
        b"def f(\n  '''\n",
        b"",
        b"\n" * 500,
        "# ünïcödé \u2028 \u0085\n".encode(),
        b"x = '\xc3\x28'\n",
    ],
)
def test_hostile_content_neither_breaks_a_gate_nor_goes_unread(git_repo: GitRepo, content: bytes) -> None:
    base = git_repo.commit("base", **{"src/a.py": "x = 1\n"})
    git_repo.commit("head", **{"src/bad.py": content})
    results = gates(git_repo, base)
    assert GateStatus.ERROR not in {result.status for result in results.values()}
    assert set(failed(results).get("tampering", [])) <= {"tampering.not_read"}
    assert set(failed(results)) <= {"tampering"}
    git_repo.commit("worse", **{"src/bad.py": content + f"\n# TODO {AWS}\n".encode()})
    assert "secrets" in failed(gates(git_repo, base))


def test_an_attribute_that_calls_a_file_binary_hides_no_credential(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{".gitattributes": "*.py binary\n"})
    git_repo.commit("head", **{"src/a.py": f"key = '{AWS}'\n"})
    assert failed(gates(git_repo, base)) == {"secrets": ["secrets.aws_access_key"]}


def test_odd_names_are_told_in_a_form_that_forges_nothing(git_repo: GitRepo) -> None:
    base = git_repo.commit("base")
    name = "out\x1b[2J\n/a b"
    git_repo.commit("head", **{name: "x\n"})
    (finding,) = gates(git_repo, base)["scope_boundary"].findings
    assert finding.place.path == name
    assert finding.message.isprintable()
    assert finding.remedy.isprintable()
    assert "git --literal-pathspecs rm -- $'out\\033[2J\\n/a b'" in finding.remedy


def test_an_executable_bit_alone_is_no_line_but_a_file(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{"src/a.sh": "#!/bin/sh\n"})
    (git_repo.path / "src/a.sh").chmod(0o755)
    git_repo.commit("head")
    facts = gates(git_repo, base)["budget_limit"].facts
    assert (facts["files"], facts["lines"]) == (1, 0)


def test_a_copy_needs_its_new_place_in_scope_and_not_its_source(git_repo: GitRepo) -> None:
    text = "".join(f"line {n}\n" for n in range(40))
    base = git_repo.commit("base", **{"docs/a.txt": text})
    git_repo.commit("head", **{"src/a.txt": text, "docs/a.txt": text + "x\n"})
    narrow = gates(git_repo, base, spec=spec(Scope(("src", "docs"))))
    assert failed(narrow) == {}
    only = gates(git_repo, base)["scope_boundary"]
    assert [finding.place.path for finding in only.findings] == ["docs/a.txt"]


def test_links_and_spellings_are_read_from_the_tree_that_git_holds(git_repo: GitRepo) -> None:
    (git_repo.path / "src").mkdir()
    (git_repo.path / "src/inner").symlink_to("../docs")
    base = git_repo.commit("base", **{"src/a.py": "x = 1\n", "docs/d.md": "d\n"})
    (git_repo.path / "src/through").symlink_to("inner/d.md")
    (git_repo.path / "src/away").symlink_to("/etc/passwd")
    (git_repo.path / "src/fine").symlink_to("a.py")
    blob = git_repo.git("hash-object", "-w", "--stdin", stdin=b"y = 1\n")
    git_repo.git("add", "-A")
    git_repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},src/A.py")
    git_repo.git("commit", "-q", "-m", "head")
    found = gates(git_repo, base)["scope_boundary"].findings
    assert [(finding.rule, finding.place.path) for finding in found] == [
        ("scope.symlink_escape", "src/away"),
        ("scope.symlink_escape", "src/through"),
        ("scope_boundary.names_fall_together", "src/A.py"),
    ]


def test_a_submodule_is_judged_by_its_path_and_opened_by_nobody(git_repo: GitRepo) -> None:
    base = git_repo.commit("base")
    for path in ("src/sub", "lib/sub"):
        git_repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
    git_repo.git("commit", "-q", "-m", "head")
    results = gates(git_repo, base)
    assert rules(results["scope_boundary"].findings) == ["scope.reject.scope_in_miss", "scope_boundary.submodule"]
    assert GateStatus.ERROR not in {result.status for result in results.values()}
