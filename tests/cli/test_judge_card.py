"""``agency judge card``: a judge is measured, its card is kept, and the exit code says whether it may block."""

from __future__ import annotations

from pathlib import Path

from support.command import agency as fresh_agency
from support.git_repo import GitRepo
from support.warm_command import agency

MEASURE = ("judge", "card", "safety", "--engine", "offline", "--split", "dev", "--items", "30", "--json")


def test_a_card_is_measured_and_listed_and_the_offline_engine_never_earns_the_right_to_block(git_repo: GitRepo) -> None:
    git_repo.commit("base", readme="x\n")
    done = agency(*MEASURE, cwd=git_repo.path)
    assert done.code == 1
    told = done.document
    assert told["recorded"] is True
    assert told["may_block"] is False
    assert any("no language model" in one for one in told["shortfalls"])
    measures = told["card"]["measures"]
    assert {"accuracy", "retest", "abstention", "calibration_error"} <= set(measures)
    for one in measures.values():
        assert one["low"] <= one["high"]
        assert one["n"] > 0
    listed = agency("judge", "cards", "--json", cwd=git_repo.path).document["cards"]
    assert [one["digest"] for one in listed] == [told["digest"]]
    assert agency("ledger", "verify", cwd=git_repo.path).code == 0


def test_the_same_judge_measured_again_has_the_same_figures(git_repo: GitRepo) -> None:
    git_repo.commit("base", readme="x\n")
    twice = (agency, fresh_agency)  # the second with another seed of hashes
    first, second = (run(*MEASURE, "--no-record", cwd=git_repo.path).document["card"] for run in twice)
    assert {**first, "measured_at": ""} == {**second, "measured_at": ""}
    assert agency("judge", "cards", "--json", cwd=git_repo.path).document["cards"] == []


def test_outside_a_repository_the_card_is_shown_and_kept_nowhere(tmp_path: Path) -> None:
    done = agency(*MEASURE, cwd=tmp_path)
    assert done.code == 1
    assert done.document["recorded"] is False


def test_the_offline_engines_injection_figure_is_not_quoted_to_people(git_repo: GitRepo) -> None:
    git_repo.commit("base", readme="x\n")
    out = agency(*MEASURE[:-1], "--no-record", cwd=git_repo.path).out
    row = next(line for line in out.splitlines() if line.startswith("injection flips"))
    assert "0." not in row
    assert "no language model" in out


def test_a_judge_that_does_not_exist_and_an_engine_that_is_not_set_up_are_one_sentence(tmp_path: Path) -> None:
    unknown = agency("judge", "card", "saftey", "--engine", "offline", cwd=tmp_path)
    assert unknown.code == 2
    assert "relevance, faithfulness, minimality, safety, rubric" in unknown.err
    nothing = agency("judge", "card", "safety", cwd=tmp_path)
    assert nothing.code == 2
    assert "No engine is configured" in nothing.err
