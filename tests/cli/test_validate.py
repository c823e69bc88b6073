from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.git_repo import GitRepo
from support.specs import as_bytes, vnext_spec
from support.warm_command import warm

VALID = as_bytes(vnext_spec())
BAD = as_bytes(vnext_spec(mode="docs"))
POLICY = b"""\
version: 1
risk_tiers:
  1: {max_files: 5, max_loc: 200}
  2: {max_files: 15, max_loc: 600}
  3: {max_files: 30, max_loc: 1500}
gates:
  budget_limit: {enabled: true, mode: block}
  spec_completeness: {enabled: true, mode: block}
  scope_boundary: {enabled: true, mode: block}
"""


def run(*arguments: str | bytes, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    done = warm().run(["validate", *arguments], cwd, stdin, os.environ)
    return subprocess.CompletedProcess(arguments, done.code, done.out.encode(), done.err.encode())


def answer(*arguments: str | bytes, cwd: Path, stdin: bytes = b"") -> tuple[int, dict[str, Any]]:
    done = run("--json", *arguments, cwd=cwd, stdin=stdin)
    assert b"Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_bytes(VALID)
    (tmp_path / "bad.yaml").write_bytes(BAD)
    return tmp_path


def test_one_row_for_each_file_and_the_exit_code_says_whether_all_are_valid(folder: Path) -> None:
    code, document = answer("good.yaml", "bad.yaml", "good.yaml", cwd=folder)
    assert code == 1
    assert document["schema_version"] == 1
    assert [(row["path"], row["profile"], row["valid"]) for row in document["results"]] == [
        ("good.yaml", "caws-vnext", True),
        ("bad.yaml", "caws-vnext", False),
    ]
    [finding] = document["results"][1]["findings"]
    assert list(finding) == ["rule", "severity", "message", "line", "column", "remedy"]
    assert finding["rule"] == "spec.schema.mode.development_removed"
    assert (finding["line"], finding["column"]) == (5, 10)
    assert answer("good.yaml", cwd=folder)[0] == 0


def test_what_cannot_be_read_is_named_and_the_rest_is_answered(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    code, document = answer("good.yaml", "none.yaml", "pipe", "/dev/zero", cwd=folder)
    assert code == 2
    assert [row["path"] for row in document["results"]] == ["good.yaml"]
    assert [error["path"] for error in document["errors"]] == ["none.yaml", "pipe", "/dev/zero"]
    text = run("good.yaml", "none.yaml", cwd=folder)
    assert text.returncode == 2
    assert b"good.yaml  valid" in text.stdout
    assert text.stderr.decode().strip() == "agency: none.yaml: There is no such file. Check the path."


def test_what_is_wrong_inside_a_file_is_a_row_never_an_error(folder: Path) -> None:
    for name, data in {
        "big": b"a: 1\n" * 300_000,
        "utf": b"a: \xff",
        "nul": b"a: \0",
        "deep": b"[" * 9999,
        "empty": b"",
    }.items():
        (folder / name).write_bytes(data)
    code, document = answer("big", "utf", "nul", "deep", "empty", cwd=folder)
    assert code == 1
    rules = [row["findings"][0]["rule"].removeprefix("spec.yaml.") for row in document["results"]]
    assert rules == ["too_large", "not_utf8", "parse_failed", "too_deep", "empty_document"]


def test_the_text_shows_the_line_and_a_caret(folder: Path) -> None:
    done = run("bad.yaml", cwd=folder)
    assert done.returncode == 1
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "bad.yaml:5:10  major  spec.schema.mode.development_removed"
    shown = next(index for index, line in enumerate(lines) if '"mode": "docs"' in line)
    assert lines[shown + 1].index("^") == lines[shown].index('"docs"')
    assert "Did you mean 'doc'?" in done.stdout.decode()


def test_sarif_and_annotations_are_written(folder: Path) -> None:
    sarif = json.loads(run("--format", "sarif", "bad.yaml", cwd=folder).stdout)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "spec.schema.mode.development_removed"
    github = run("--format", "github", "bad.yaml", cwd=folder)
    assert github.stdout.startswith(b"::error")
    assert b"line=5" in github.stdout
    assert github.returncode == 1


def test_parity_leaves_the_stricter_layer_out(folder: Path) -> None:
    (folder / "wide.yaml").write_bytes(as_bytes(vnext_spec(scope={"in": ["**"]})))
    assert answer("wide.yaml", cwd=folder)[1]["results"][0]["findings"][0]["rule"] == "strict.scope.overbroad"
    assert answer("--parity", "wide.yaml", cwd=folder)[0] == 0


def test_the_old_command_line_can_be_asked(folder: Path) -> None:
    (folder / "old.yaml").write_bytes(b"id: FEAT-0042\ntitle: t\n")
    code, document = answer("--parity", "--profile", "caws-2025.10", "--compat", "cli-4.0.0", "old.yaml", cwd=folder)
    assert code == 1
    assert document["results"][0]["profile"] == "caws-2025.10"


def test_a_named_profile_makes_every_named_file_a_spec(folder: Path) -> None:
    (folder / "policy-like.yaml").write_bytes(POLICY)
    _, detected = answer("policy-like.yaml", cwd=folder)
    assert (detected["results"][0]["valid"], detected["results"][0]["profile"]) == (True, None)
    code, named = answer("--profile", "caws-vnext", "policy-like.yaml", cwd=folder)
    assert (code, named["results"][0]["profile"]) == (1, "caws-vnext")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--profile", "caws-9"),
        ("--compat", "cli-5"),
        ("--profile", "caws-10", "--compat", "cli-4.0.0"),
        ("--json", "--format", "sarif"),
        ("--format", "xml"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "good.yaml", cwd=folder)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_standard_input_is_read(folder: Path) -> None:
    code, document = answer("-", cwd=folder, stdin=BAD)
    assert (code, document["results"][0]["path"]) == (1, "-")
    assert (
        answer("-", cwd=folder, stdin=b"x" * 2_000_000)[1]["results"][0]["findings"][0]["rule"] == "spec.yaml.too_large"
    )


def test_without_a_path_the_documents_of_the_repository_are_found(git_repo: GitRepo) -> None:
    git_repo.write(".caws/policy.yaml", POLICY)
    git_repo.write(".caws/specs/b.yaml", BAD)
    git_repo.write(".caws/specs/a.yml", VALID)
    git_repo.write(".caws/specs/notes.md", "no document")
    git_repo.write(".caws/working-spec.yaml", VALID)
    git_repo.write(".caws/waivers/w.yaml", b"id: WV-0001\n")
    git_repo.write("agency.toml", b"[law]\nnonsense = 1\n")
    git_repo.write("deep/er/x.txt", b"")
    code, document = answer(cwd=git_repo.path)
    assert code == 1
    assert [(row["path"], row["valid"]) for row in document["results"]] == [
        ("agency.toml", False),
        (".caws/policy.yaml", True),
        (".caws/working-spec.yaml", True),
        (".caws/specs/a.yml", True),
        (".caws/specs/b.yaml", False),
        (".caws/waivers/w.yaml", False),
    ]
    below = answer(cwd=git_repo.path / "deep" / "er")[1]
    assert [row["path"] for row in below["results"]][1] == "../../.caws/policy.yaml"
    elsewhere = answer("--repo", str(git_repo.path), cwd=git_repo.path.parent)[1]
    assert len(elsewhere["results"]) == 6
    assert answer(".caws/specs", cwd=git_repo.path)[1]["results"] == document["results"][3:5]
    assert len(answer(".", cwd=git_repo.path)[1]["results"]) == 6


def test_the_contract_files_of_the_repository_are_looked_for(git_repo: GitRepo) -> None:
    spec = vnext_spec(scope={"in": ["src"]}, contracts=[{"name": "n", "type": "api", "path": "api/charge.yaml"}])
    git_repo.write(".caws/specs/a.yaml", as_bytes(spec))
    [row] = answer(cwd=git_repo.path)[1]["results"]
    assert (row["valid"], row["findings"][0]["rule"]) == (True, "strict.contract.path_not_found")
    git_repo.write("api/charge.yaml", b"")
    assert answer(cwd=git_repo.path)[1]["results"][0]["findings"] == []


def test_a_link_among_the_documents_shows_no_other_file(git_repo: GitRepo, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("top: secret\nid: [")
    (git_repo.path / ".caws" / "specs").mkdir(parents=True)
    (git_repo.path / ".caws" / "specs" / "a.yaml").symlink_to(tmp_path / "secret")
    done = run(cwd=git_repo.path)
    assert done.returncode == 1
    assert b"law.not_a_file" in done.stdout
    assert b"secret" not in done.stdout


def test_where_there_is_nothing_to_validate_it_says_what_to_do(git_repo: GitRepo, tmp_path: Path) -> None:
    done = run(cwd=git_repo.path)
    assert done.returncode == 2
    assert b"agency init" in done.stderr
    code, document = answer(cwd=git_repo.path)
    assert (code, document["results"], len(document["errors"])) == (2, [], 1)
    outside = tmp_path / "outside"
    outside.mkdir()
    done = run(cwd=outside)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1


def test_a_name_that_is_no_utf8_or_forges_lines_is_shown_safely(folder: Path) -> None:
    names = [b"a\xff.yaml", b"b\n::error::x.yaml"]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(BAD)
    code, document = answer(*names, cwd=folder)
    assert code == 1
    assert [row["path"] for row in document["results"]] == ['"a\\377.yaml"', '"b\\n::error::x.yaml"']
    for form in ("text", "github"):
        done = run("--format", form, *names, cwd=folder)
        assert done.returncode == 1
        assert b"\n::error::x" not in done.stdout
