"""``agency waiver write``: an exception that holds under the law, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

ASKED = [
    *("waiver", "write", "--gate", "scope_boundary", "--spec", "FEAT-1", "--approved-by", "owner@example.org"),
    *("--reason", "the note belongs beside the readme"),
]


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo", config="[law]\nwaiver_max_days = 10\n")
    repo.commit("Note", **{"notes.txt": "x\n"})
    return repo


def test_on_the_base_it_covers_the_change_that_it_was_written_for(repo: GitRepo) -> None:
    review = ("review", "--base", "main", "--head", "work", "--json")
    assert agency(*review, cwd=repo.path).document["caws_verdict"] == "waiver-required"
    repo.git("switch", "-q", "main")
    done = agency(*ASKED, cwd=repo.path)
    assert done.code == 0, done.err
    assert "git add :/.caws/waivers/WV-1.yaml" in done.out
    assert agency("validate", ".caws/waivers/WV-1.yaml", cwd=repo.path).code == 0
    assert agency("validate", "--parity", ".caws/waivers/WV-1.yaml", cwd=repo.path).code == 0
    repo.commit("Grant WV-1")
    ruling = agency(*review, cwd=repo.path).document
    assert (ruling["verdict"], ruling["exit_code"]) == ("waived", 0)


def test_a_delta_raises_the_budget(repo: GitRepo) -> None:
    asked = [word if word != "scope_boundary" else "budget_limit" for word in ASKED]
    document = agency(*asked, "--max-loc", "40", "--json", cwd=repo.path).document
    assert "max_loc: 40" in document["files"][0]["text"]


def test_each_gets_an_id_of_its_own(repo: GitRepo) -> None:
    repo.commit("Waive", **{".caws/waivers/WV-1.yaml": "broken: [\n"})
    paths = [agency(*ASKED, "--json", cwd=repo.path).document["files"][0]["path"] for _ in range(2)]
    assert paths == [".caws/waivers/WV-2.yaml", ".caws/waivers/WV-3.yaml"]


@pytest.mark.parametrize(
    ("also", "said"),
    [
        (["--days", "11"], "10"),
        (["--gate", "scope_bondary"], "scope_boundary"),
        (["--requested-by", "OWNER@example.org"], "their own"),
        (["--spec", "FEAT-9"], "FEAT-1"),
        (["--reason", "because"], "reason"),
        (["--id", "../../evil-1"], "id"),
        (["--id", "wv"], "id"),
        (["--approved-by", "The Lead"], "addresses"),
        (["--approved-by", " "], "approve"),
    ],
)
def test_what_the_law_refuses_is_not_written(also: list[str], said: str, repo: GitRepo) -> None:
    done = agency(*ASKED, *also, cwd=repo.path)
    assert done.code == 2, done.out
    assert said in done.err
    assert done.err.count("\n") == 1
    assert repo.git("status", "--porcelain") == ""


def test_an_id_that_is_taken_is_refused(repo: GitRepo) -> None:
    assert agency(*ASKED, "--id", "WV-7", cwd=repo.path).code == 0
    before = (repo.path / ".caws/waivers/WV-7.yaml").read_bytes()
    assert agency(*ASKED, "--id", "WV-7", cwd=repo.path).code == 2
    assert (repo.path / ".caws/waivers/WV-7.yaml").read_bytes() == before
