"""Recorded files are read row by row, whatever they are called, and the first bad row is named."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.errors import AgencyError, FileUnreadableError, JudgeError
from agent_agency.judging.panels import recorded
from agent_agency.judging.panels.recorded import read_items, read_judgments

ITEM = {"item": "a", "subset": "New", "label": "1", "input": "?", "output_1": "x", "output_2": "y"}
JUDGMENT = {"item": "a", "judge": "M/S", "order": "12", "winner": "2", "completion": None}


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
@pytest.mark.parametrize("packed", [True, False])
def test_what_is_packed_is_told_by_the_content_and_not_by_the_name(tmp_path: Path, name: str, packed: bool) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(lines(ITEM)) if packed else lines(ITEM))
    assert [(one.item, one.subset, one.label) for one in read_items(path)] == [("a", "New", "1")]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(lines(JUDGMENT)),))
    writer.start()
    found = list(read_judgments(path))
    writer.join()
    assert [one.winner for one in found] == ["2"]


def test_blank_lines_and_a_missing_last_line_end_are_nothing_and_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"\n" + lines(JUDGMENT).rstrip(b"\n"))
    assert [one.line for one in read_judgments(path)] == [2]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({**JUDGMENT, "order": "11"}, "order"),
        ({**JUDGMENT, "order": None}, "order"),
        ({**JUDGMENT, "judge": "\ud800/S"}, "surrogate"),
        ({**JUDGMENT, "winner": 1}, "winner"),
        ({**JUDGMENT, "winner": "3"}, "winner"),
        ({**JUDGMENT, "judge": ""}, "judge"),
        ({**JUDGMENT, "judge": "x" * 501}, "judge"),
        ({**JUDGMENT, "item": 5}, "item"),
        ({**JUDGMENT, "completion": ["a"]}, "completion"),
        ({"item": "a", "judge": "M/S", "order": "12"}, "neither"),
    ],
)
def test_a_bad_judgement_is_named_by_its_line(tmp_path: Path, row: dict[str, Any], told: str) -> None:
    path = tmp_path / "rows"
    path.write_bytes(lines(JUDGMENT, row))
    with pytest.raises(JudgeError, match=told) as refused:
        list(read_judgments(path))
    assert (refused.value.line, refused.value.path) == (2, str(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[1]\n", "no JSON object"),
        (b"{\n", "no JSON"),
        (b"\xff\xfe\n", "no JSON"),
        (b'{"item":"a","item":"b","subset":"s","label":"1"}\n', "more than once"),
        (lines({**ITEM, "label": "x"}), "label"),
        (lines({**ITEM, "subset": None}), "subset"),
        (lines(ITEM, ITEM), "twice"),
        (b"\xef\xbb\xbf" + lines(ITEM), "byte order mark"),
        (lines({**ITEM, "item": "\udfff"}), "surrogate"),
        (lines({**ITEM, "subset": "a\ud800"}), "surrogate"),
    ],
)
def test_a_bad_item_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "rows"
    path.write_bytes(content)
    with pytest.raises(JudgeError, match=told):
        list(read_items(path))


def test_an_item_without_a_label_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(lines({"item": "a", "subset": "s"}, {"item": "b", "subset": "s", "label": None}))
    assert [one.label for one in read_items(path)] == [None, None]


@pytest.mark.parametrize("cut", [5, 30, -9, -1])
def test_a_packed_file_that_is_cut_off_is_no_shorter_file(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(lines(*[{**JUDGMENT, "item": str(n)} for n in range(50)]))[:cut])
    with pytest.raises(FileUnreadableError, match="cut off or damaged"):
        list(read_judgments(path))


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "LONGEST_LINE", 1000)
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(b"{" + b" " * 5000))
    with pytest.raises(JudgeError, match="longer than"):
        list(read_items(path))


def test_a_small_packed_file_of_nothing_but_line_ends_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(lines(ITEM) + b"\n" * 10_000_000))
    with pytest.raises(JudgeError, match="blank") as refused:
        list(read_items(path))
    assert refused.value.line == recorded.MOST_BLANK_LINES + 2


def test_the_only_orders_that_are_offered_are_those_that_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(lines({**JUDGMENT, "order": 12}))
    with pytest.raises(JudgeError) as refused:
        list(read_judgments(path))
    assert "null" not in refused.value.fix


def test_a_folder_and_a_missing_file_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match="directory"):
        list(read_items(tmp_path))
    with pytest.raises(FileUnreadableError, match="No such file"):
        list(read_items(tmp_path / "absent"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)
@given(content=st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda tail: b"\x1f\x8b" + tail)))
def test_any_bytes_are_rows_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    try:
        found = list(read_items(path))
    except AgencyError as refused:
        found, named = [], refused.path
    else:
        named = str(path)
    assert named == str(path)
    assert all(one.item for one in found)
