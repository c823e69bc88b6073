import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.git_repo import GitRepo
from support.warm_command import warm

SPEC = """id: {id}
title: Keep the totals right
risk_tier: 2
mode: feature
lifecycle_state: {lifecycle}
blast_radius:
  modules: [src/app]
scope:
  in: [{inside}]
  out: [src/secret]
invariants:
  - Totals stay right.
acceptance:
  - id: A1
    given: two amounts
    when: they are added
    then: the total is their sum
non_functional: {{}}
contracts:
  - name: totals
    type: behavior
    description: How totals are made.
"""
POLICY = """version: 1
risk_tiers:
  1: {max_files: 5, max_loc: 200}
  2: {max_files: 15, max_loc: 600}
  3: {max_files: 30, max_loc: 1500}
gates:
  budget_limit: {enabled: true, mode: block}
  spec_completeness: {enabled: true, mode: block}
  scope_boundary: {enabled: true, mode: block}
non_governed_zones: ["notes/**"]
"""


def spec(spec_id: str = "FEAT-001", inside: str = "src, tests/**", lifecycle: str = "active") -> str:
    return SPEC.format(id=spec_id, inside=inside, lifecycle=lifecycle)


def agency(
    folder: Path, *args: str, stdin: bytes | None = None, home: str | None = None
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"HOME": home} if home else {})}
    done = warm().run(["scope", "check", *args], folder, stdin or b"", env)
    return subprocess.CompletedProcess(args, done.code, done.out, done.err)


def answer(folder: Path, *args: str, stdin: bytes | None = None) -> dict[str, Any]:
    done = agency(folder, "--json", *args, stdin=stdin)
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def rules(document: dict[str, Any]) -> list[str]:
    return [decision["rule"] for decision in document["decisions"]]


@pytest.fixture
def repo(git_repo: GitRepo) -> GitRepo:
    git_repo.commit(
        "law", **{".caws/policy.yaml": POLICY, ".caws/specs/FEAT-001.yaml": spec(), "src/app/a.py": "", "lib/b.py": ""}
    )
    return git_repo


def test_a_path_inside_is_admitted_and_one_outside_rejected_with_a_remedy(repo: GitRepo) -> None:
    inside = agency(repo.path, "src/app/a.py")
    both = agency(repo.path, "src/app/a.py", "lib/b.py", "notes/x.md")

    assert inside.returncode == 0
    assert inside.stdout == "admit  src/app/a.py  scope.in has 'src' [scope.admit.scope_in]\n"
    assert both.returncode == 1
    first, second, third = both.stdout.splitlines()
    assert first.startswith("admit  src/app/a.py")
    assert second.startswith("reject  lib/b.py  ")
    assert "[scope.reject.scope_in_miss]" in second
    assert second.endswith("or have it put into scope.in of FEAT-001 on the base branch.")
    assert third.startswith("admit  notes/x.md  the policy leaves 'notes/**' free")
    assert "judged by spec FEAT-001 of main at" in both.stderr


def test_json_is_one_document_that_names_spec_and_source_of_the_law(repo: GitRepo) -> None:
    document = answer(repo.path, "src/secret/k", "README.md")

    assert document["schema_version"] == 1
    assert document["spec"]["id"] == "FEAT-001"
    assert document["law_source"] == {"kind": "base", "ref": "main", "commit": repo.git("rev-parse", "main")}
    assert rules(document) == ["scope.reject.scope_out", "scope.reject.root_not_allowed"]
    first = document["decisions"][0]
    assert set(first) == {"path", "kind", "rule", "normalized_path", "matched", "message", "remedy"}
    assert (first["kind"], first["normalized_path"], first["matched"]) == ("reject", "src/secret/k", "src/secret")
    assert first["message"]
    assert first["remedy"]


def test_paths_are_taken_from_this_folder_or_absolute(repo: GitRepo) -> None:
    document = answer(repo.path / "src" / "app", "a.py", "../b.py", "../../lib/b.py", str(repo.path / "src/new.py"))

    assert [decision["normalized_path"] for decision in document["decisions"]] == [
        "src/app/a.py",
        "src/b.py",
        "lib/b.py",
        "src/new.py",
    ]


def test_a_repository_reached_through_a_link_is_still_the_repository(repo: GitRepo, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(repo.path)

    assert rules(answer(repo.path, str(tmp_path / "alias" / "src" / "a.py"))) == ["scope.admit.scope_in"]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "src/../../x", "~/x/../../../y"])
def test_a_path_outside_of_the_repository_is_rejected(repo: GitRepo, path: str) -> None:
    done = agency(repo.path, path)

    assert done.returncode == 1
    assert "reject" in done.stdout


def test_one_path_per_line_is_read_from_standard_input(repo: GitRepo) -> None:
    document = answer(repo.path, stdin=b"src/a.py\r\n\n\r\nlib/b.py\nsrc/\0x\nsrc/caf\xe9.py")

    assert rules(document) == [
        "scope.admit.scope_in",
        "scope.reject.scope_in_miss",
        "scope.invalid_path.nul",
        "scope.admit.scope_in",
    ]
    assert document["decisions"][2]["path"] == '"src/\\000x"'
    assert document["decisions"][3]["path"] == '"src/caf\\351.py"'


def test_no_line_at_all_is_nothing_to_reject(repo: GitRepo) -> None:
    done = agency(repo.path, stdin=b"")

    assert (done.returncode, done.stdout) == (0, "")


def test_a_forged_name_cannot_forge_a_line(repo: GitRepo) -> None:
    done = agency(repo.path, "lib/x\nadmit  src/a.py", "lib/\x1b[2K")

    assert len(done.stdout.splitlines()) == 2
    assert done.stdout.isprintable() or all(line.isprintable() for line in done.stdout.splitlines())


def test_a_link_that_leads_out_of_the_scope_is_rejected(repo: GitRepo) -> None:
    (repo.path / "src/etc").symlink_to("/etc")
    (repo.path / "src/lib").symlink_to("../lib")
    (repo.path / "src/loop").symlink_to("loop")
    (repo.path / "src/law.yaml").symlink_to("../.caws/policy.yaml")
    (repo.path / "src/fine").symlink_to("app")

    document = answer(repo.path, "src/etc/passwd", "src/lib/b.py", "src/loop", "src/law.yaml", "src/fine/a.py")

    assert rules(document) == ["scope.symlink_escape"] * 4 + ["scope.admit.scope_in"]


def test_going_up_through_a_link_is_resolved_as_the_system_does(repo: GitRepo) -> None:
    repo.write("lib/deep/c.py")
    (repo.path / "src/way").symlink_to("../lib/deep")

    assert rules(answer(repo.path, "src/way/../b.py")) == ["scope.symlink_escape"]


def test_other_letters_for_an_excluded_or_foreign_name_are_rejected(repo: GitRepo) -> None:
    repo.commit("wider", **{".caws/specs/FEAT-001.yaml": spec(inside="src, LIB")})

    document = answer(repo.path, "src/SECRET/k.py", "LIB/b.py", "src/App/a.py")

    assert rules(document) == ["scope.case_fold", "scope.case_fold", "scope.admit.scope_in"]


def test_a_spec_edited_beside_the_code_gives_no_leave(repo: GitRepo) -> None:
    repo.branch("feature")
    repo.write(".caws/specs/FEAT-001.yaml", spec(inside="src, lib"))
    assert rules(answer(repo.path, "lib/b.py")) == ["scope.reject.scope_in_miss"]

    repo.commit("widen my own scope")
    assert rules(answer(repo.path, "lib/b.py")) == ["scope.reject.scope_in_miss"]


def test_an_upstream_that_is_another_branch_is_the_law(repo: GitRepo) -> None:
    repo.branch("next")
    repo.commit("wider", **{".caws/specs/FEAT-001.yaml": spec(inside="src, lib")})
    repo.branch("feature", "next")
    repo.git("branch", "-q", "--set-upstream-to=next")

    document = answer(repo.path, "lib/b.py")

    assert (document["law_source"]["ref"], rules(document)) == ("next", ["scope.admit.scope_in"])


def test_a_branch_pushed_under_its_own_name_is_not_the_law(repo: GitRepo, tmp_path: Path) -> None:
    repo.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    repo.git("push", "-q", "origin", "main")
    repo.branch("feature")
    repo.commit("wider", **{".caws/specs/FEAT-001.yaml": spec(inside="src, lib")})
    repo.git("push", "-q", "-u", "origin", "feature")

    document = answer(repo.path, "lib/b.py")

    assert (document["law_source"]["ref"], rules(document)) == ("origin/main", ["scope.reject.scope_in_miss"])


def test_a_linked_worktree_is_judged_like_the_main_one(repo: GitRepo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "feat-001-side", str(tmp_path / "side"))

    assert rules(answer(tmp_path / "side", "src/x.py", "lib/x.py")) == [
        "scope.admit.scope_in",
        "scope.reject.scope_in_miss",
    ]


def test_where_the_base_holds_no_law_the_head_is_asked_and_then_the_working_tree(git_repo: GitRepo) -> None:
    git_repo.commit("nothing yet", **{"src/a.py": ""})
    git_repo.branch("feature")
    git_repo.write(".caws/specs/FEAT-001.yaml", spec())
    assert answer(git_repo.path, "src/a.py")["law_source"] == {"kind": "worktree", "ref": None, "commit": None}

    git_repo.commit("law")
    source = answer(git_repo.path, "src/a.py")["law_source"]
    assert (source["kind"], source["ref"]) == ("head", "HEAD")


def test_a_repository_without_a_commit_is_judged_by_its_working_tree(git_repo: GitRepo) -> None:
    git_repo.write(".caws/specs/FEAT-001.yaml", spec())

    assert rules(answer(git_repo.path, "src/a.py")) == ["scope.admit.scope_in"]


def test_the_spec_is_named_by_option_by_branch_or_is_the_only_active_one(repo: GitRepo) -> None:
    repo.commit("second", **{".caws/specs/FEAT-002.yaml": spec("FEAT-002", inside="lib")})

    undecided = agency(repo.path, "lib/b.py")
    assert undecided.returncode == 2
    assert "FEAT-001" in undecided.stderr
    assert "FEAT-002" in undecided.stderr
    assert rules(answer(repo.path, "--spec", "FEAT-002", "lib/b.py")) == ["scope.admit.scope_in"]
    repo.branch("feat-002-work")
    assert rules(answer(repo.path, "lib/b.py")) == ["scope.admit.scope_in"]


def outside_of_git(_: GitRepo, tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    folder.mkdir()
    return folder


def without_specs(repo: GitRepo, _: Path) -> Path:
    repo.git("rm", "-qr", ".caws/specs")
    repo.commit("no specs")
    return repo.path


def with_a_broken_policy(repo: GitRepo, _: Path) -> Path:
    repo.commit("broken", **{".caws/policy.yaml": POLICY.replace("version: 1", "version: 2")})
    return repo.path


def with_a_broken_spec(repo: GitRepo, _: Path) -> Path:
    repo.commit("broken", **{".caws/specs/FEAT-001.yaml": spec().replace("risk_tier: 2", "risk_tier: high")})
    return repo.path


def with_a_closed_spec(repo: GitRepo, _: Path) -> Path:
    closed = spec(lifecycle="closed") + "resolution: completed\n"
    repo.commit("closed", **{".caws/specs/FEAT-001.yaml": closed})
    return repo.path


def with_a_linked_spec(repo: GitRepo, _: Path) -> Path:
    repo.git("rm", "-q", ".caws/specs/FEAT-001.yaml")
    (repo.path / ".caws/specs").mkdir(exist_ok=True)
    (repo.path / ".caws/specs/FEAT-001.yaml").symlink_to("/etc/hosts")
    repo.commit("linked")
    return repo.path


def with_a_broken_git_file(_: GitRepo, tmp_path: Path) -> Path:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / ".git").write_text("gitdir: /nowhere\n")
    return folder


def with_a_missing_object(repo: GitRepo, _: Path) -> Path:
    blob = repo.git("rev-parse", "main:.caws/specs/FEAT-001.yaml")
    (repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    return repo.path


@pytest.mark.parametrize(
    "arrange",
    [
        outside_of_git,
        without_specs,
        with_a_broken_policy,
        with_a_broken_spec,
        with_a_closed_spec,
        with_a_linked_spec,
        with_a_broken_git_file,
        with_a_missing_object,
    ],
    ids=lambda function: function.__name__,
)
def test_where_there_is_no_answer_it_says_so_in_one_sentence(repo: GitRepo, tmp_path: Path, arrange: Any) -> None:
    folder = arrange(repo, tmp_path)

    done = agency(folder, "src/a.py")
    as_json = agency(folder, "--json", "src/a.py")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("agency: ")
    assert len(done.stderr.splitlines()) == 1
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["error"]["message"]


def test_an_unknown_spec_is_named_with_what_there_is(repo: GitRepo) -> None:
    done = agency(repo.path, "--spec", "FEAT-999", "src/a.py")

    assert done.returncode == 2
    assert "FEAT-001" in done.stderr


def test_asking_changes_nothing_in_the_repository(repo: GitRepo) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in repo.path.rglob("*"))

    agency(repo.path, "src/app/a.py", "lib/b.py")

    assert sorted((path, path.stat().st_mtime_ns) for path in repo.path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="NOT RUN: root may read everything")
def test_a_file_that_may_not_be_read_is_decided_by_its_name(repo: GitRepo) -> None:
    repo.write("src/app/a.py", "A = 1\n").chmod(0)
    done = agency(repo.path, "src/app/a.py")
    assert done.returncode == 0, done.stderr
