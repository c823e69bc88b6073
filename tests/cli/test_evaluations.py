"""``agency evaluations`` and ``agency label`` as a person runs them: real processes and a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.workflows.evaluation_records import save_evaluations
from agent_agency.workflows.learning_store import open_learning_store
from support.command import Done
from support.command import agency as fresh_agency
from support.evaluations import digest, evaluation
from support.git_repo import GitRepo
from support.warm_command import agency


@pytest.fixture
def folder(git_repo: GitRepo) -> Path:
    """A repository with evaluations of two judges."""
    made = [evaluation(subject=number, at=f"2026-01-0{number + 1}T00:00:00.000Z") for number in range(4)]
    other = evaluation(judge="relevance", version="r", verdict="abstain", score=None, abstained_because="timeout")
    hostile = evaluation(subject=9, reasoning="\x1b[31mred\x1b[0m\n::error::no", engine="e")
    save_evaluations(open_learning_store(git_repo.path, {}), [*made, other, hostile])
    return git_repo.path


def _run(folder: Path, *args: str) -> Done:
    done = agency(*args, cwd=folder)
    assert "Traceback" not in done.err
    return done


def test_evaluations_are_listed_newest_first_and_page_by_page(folder: Path) -> None:
    first = _run(folder, "evaluations", "list", "--judge", "safety", "--limit", "2", "--json").document
    assert len(first["evaluations"]) == 2
    rest = _run(folder, "evaluations", "list", "--judge", "safety", "--after", first["next"], "--json").document
    assert (len(rest["evaluations"]), rest["next"]) == (3, None)
    told = _run(folder, "evaluations", "list", "--verdict", "abstain").out
    assert ("timeout" in told, told.count("\n")) == (True, 1)
    since = _run(folder, "evaluations", "list", "--since", "2026-01-04", "--until", "2026-01-05", "--json").document
    assert [one["subject"] for one in since["evaluations"]] == [digest(3)]


def test_an_evaluation_is_labelled_and_corrected_and_the_sums_follow(folder: Path) -> None:
    (one,) = _run(folder, "evaluations", "list", "--since", "2026-01-31", "--verdict", "pass", "--json").document[
        "evaluations"
    ]
    for verdict, source in (("pass", "truth"), ("fail", "person")):
        done = _run(folder, "label", "add", one["id"][:14], "--verdict", verdict, "--source", source, "--who", "ada")
        assert (done.code, done.err) == (0, "")
    shown = _run(folder, "evaluations", "show", one["id"])
    assert "label        fail by person" in shown.out
    assert "\x1b" not in shown.out
    assert "\n::error" not in shown.out
    labels = _run(folder, "label", "list", "--json").document["labels"]
    assert [(label["verdict"], label["in_force"]) for label in labels] == [("fail", True), ("pass", False)]
    stats = _run(folder, "evaluations", "stats", "--judge", "safety", "--json").document
    assert [(one["labelled"], one["right"], one["accuracy"]) for one in stats["versions"]] == [(1, 0, 0.0)]
    assert "right in 0 of 1 labelled" in _run(folder, "evaluations", "stats").out
    assert "not in force" in _run(folder, "label", "list").out


def test_an_export_goes_to_another_store_and_back_as_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    export = _run(folder, "evaluations", "export").out
    assert _run(folder, "evaluations", "export", "--out", str(tmp_path / "out.jsonl")).code == 0
    assert (tmp_path / "out.jsonl").read_text() == export
    for new in (6, 0):
        done = _run(other, "evaluations", "import", str(tmp_path / "out.jsonl"), "--json")
        assert done.document["new"] == {"labels": 0, "evaluations": new}
    assert fresh_agency("evaluations", "export", cwd=other).out == export  # with another seed of hashes
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text(export.replace("safety", "sofety", 1))
    refused = _run(other, "evaluations", "import", str(damaged))
    assert (refused.code, refused.out) == (2, "")
    assert f"{damaged}:2: Line 2 has another digest" in refused.err
    assert _run(other, "evaluations", "export").out == export


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("evaluations", "show", "E-00"), "No evaluation begins"),
        (("evaluations", "list", "--verdict", "good"), "no verdict 'good'"),
        (("evaluations", "list", "--version", "abcdef"), "No version"),
        (("evaluations", "import", "missing.jsonl"), "cannot be read"),
        (("label", "add", "--verdict", "pass", "--who", "ada"), "not clear what is labelled"),
        (("label", "add", "--verdict", "pass", "--who", "ada", "--subject", "x", "--judge", "safety"), "'subject'"),
        (("label", "list", "--after", "L-00"), "No label begins"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_2(folder: Path, args: tuple[str, ...], told: str) -> None:
    done = _run(folder, *args)
    assert (done.code, done.out, told in done.err, done.err.count("\n")) == (2, "", True, 1)


def test_where_nothing_was_appealed_no_label_comes_of_rulings(folder: Path) -> None:
    done = _run(folder, "label", "import-rulings", "--json")
    assert done.document == {"schema_version": 1, "new": 0, "known": 0, "not_final": 0}
