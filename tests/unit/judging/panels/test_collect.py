"""Rows become votes: those of the judges and items that were asked for, once each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_agency.errors import JudgeError
from agent_agency.judging.panels.collect import collect_files
from agent_agency.judging.panels.completion import winner_of

ITEMS = [{"item": "a", "subset": "one", "label": "1"}, {"item": "b", "subset": "two", "label": None}]


def row(item: str, judge: str, order: str, winner: str | None, completion: str | None = None) -> dict[str, Any]:
    return {"item": item, "judge": judge, "order": order, "winner": winner, "completion": completion}


def written(folder: Path, *rows: dict[str, Any], items: list[dict[str, Any]] | None = None) -> tuple[Path, Path]:
    files = folder / "items", folder / "judgments"
    for path, content in zip(files, (ITEMS if items is None else items, rows), strict=True):
        path.write_text("".join(f"{json.dumps(one)}\n" for one in content), "utf-8")
    return files


def test_votes_stand_at_their_item_judge_and_order(tmp_path: Path) -> None:
    files = written(tmp_path, row("b", "M/T", "21", "2"), row("a", "M/S", "12", "1"), row("a", "M/S", "21", None))
    found = collect_files(*files, winner_of)
    assert found.votes.judges == ("M/S", "M/T")
    assert found.votes.marks.tolist() == [[[1, 0], [0, 0]], [[0, 0], [0, -1]]]
    assert found.labels.tolist() == [1, 0]
    assert (found.rows, dict(found.rows_by_judge)) == (3, {"M/S": 2, "M/T": 1})


def test_a_completion_is_read_anew_and_the_recorded_winner_counts_where_there_is_none(tmp_path: Path) -> None:
    said = "Therefore, Output (a) is better."
    files = written(
        tmp_path, row("a", "M/S", "12", "2", said), row("a", "M/S", "21", "1"), row("b", "M/S", "21", "1", said)
    )
    assert collect_files(*files, winner_of).votes.marks[:, 0].tolist() == [[1, 1], [0, -1]]
    assert collect_files(*files, None).votes.marks[:, 0].tolist() == [[-1, 1], [0, 1]]


def test_other_judges_and_other_items_are_counted_and_ignored(tmp_path: Path) -> None:
    files = written(tmp_path, row("a", "M/S", "12", "1"), row("a", "Other/S", "12", "1"), row("z", "M/S", "12", "1"))
    found = collect_files(*files, winner_of, judges=["M/S"])
    assert (found.rows, found.other_judges, found.other_items) == (1, 1, 1)


def test_a_judgement_that_is_given_twice_is_refused_by_its_line(tmp_path: Path) -> None:
    files = written(tmp_path, row("a", "M/S", "12", "1"), row("a", "M/S", "12", "2"))
    with pytest.raises(JudgeError, match="twice") as refused:
        collect_files(*files, winner_of)
    assert refused.value.line == 2


def test_no_items_and_no_judgement_of_them_are_errors_and_not_an_empty_panel(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match="no items"):
        collect_files(*written(tmp_path, items=[]), winner_of)
    with pytest.raises(JudgeError, match="No judgement") as refused:
        collect_files(*written(tmp_path, row("z", "M/S", "12", "1")), winner_of)
    assert refused.value.stable_code == "judge.no_votes"
