from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.warm_command import agency

RECORDS = [
    {"id": "one", "task": "Name a fruit.", "output": "An apple is a fruit."},
    {"id": "two", "task": "Name a fruit.", "output": "A hammer is a tool.", "claims": ["It is one."]},
    {"id": "three", "output": 5},
]


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in RECORDS) + "{ torn", "utf-8")
    return path


def _run(cwd: Path, *arguments: str) -> tuple[int, Any]:
    done = agency(*arguments, "--json", cwd=cwd)
    return done.code, done.document


def test_each_record_of_a_file_has_one_outcome(records: Path) -> None:
    code, told = _run(records.parent, "judge", "run", "relevance", "--input", str(records), "--engine", "offline")
    assert code == 1
    assert told["by_status"] == {"judged": 2, "abstained": 0, "error": 2, "not_run": 0}
    assert told["language_model"] is False
    assert [one["id"] for one in told["outcomes"]] == ["one", "two", "three", "line 4"]
    assert [one["reason"] for one in told["outcomes"]] == ["", "", "record", "record"]


def test_a_run_with_an_output_file_goes_on_where_it_stopped(records: Path) -> None:
    out = records.with_name("out.jsonl")
    command = ("judge", "run", "safety", "--input", str(records), "--engine", "offline", "--out", str(out))
    assert _run(records.parent, *command)[1]["resumed"] == 0
    first = out.read_bytes()
    assert _run(records.parent, *command)[1]["resumed"] == 2
    assert out.read_bytes() == first
    assert [json.loads(line)["line"] for line in first.splitlines()] == [1, 2, 3, 4]


@pytest.mark.parametrize("out", ["in.jsonl", "in"])
def test_the_records_are_never_written_over(records: Path, out: str) -> None:
    source = records.rename(records.with_name("in.jsonl.journal" if out == "in.jsonl" else "in"))
    before = source.read_bytes()
    done = agency(
        *("judge", "run", "safety", "--input", str(source), "--engine", "offline", "--out", out), cwd=source.parent
    )
    assert done.code == 2
    assert "which is read" in done.err
    assert source.read_bytes() == before


def test_a_server_that_is_not_there_is_one_sentence_and_leaves_nothing(records: Path) -> None:
    out = records.with_name("out.jsonl")
    command = ("judge", "run", "relevance", "--input", str(records), "--engine", "http://127.0.0.1:9/v1#none")
    done = agency(*command, "--out", str(out), cwd=records.parent)
    assert (done.code, done.out) == (2, "")
    assert "127.0.0.1" in done.err
    assert not out.exists()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = agency("judge", "run", "relevance", "--input", "none.jsonl", "--engine", "offline", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "none.jsonl" in done.err
    assert "Traceback" not in done.err


def test_judges_are_listed_and_shown(tmp_path: Path) -> None:
    listed = _run(tmp_path, "judge", "list")[1]
    assert [one["judge"] for one in listed["judges"]] == ["relevance", "faithfulness", "minimality", "safety", "rubric"]
    shown = _run(tmp_path, "judge", "show", "faithfulness")[1]
    assert {one["counted"] for one in shown["criteria"]} == {"", "claims_about_files", "claims_about_tests"}
    assert "claims" in agency("judge", "show", "faithfulness", cwd=tmp_path).out


def test_an_unknown_judge_is_refused(tmp_path: Path) -> None:
    code, told = _run(tmp_path, "judge", "show", "kindness")
    assert (code, told["error"]["code"]) == (2, "judge.unknown")
