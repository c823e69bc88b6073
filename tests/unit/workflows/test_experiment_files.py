"""Files of observations and units: every bad line is named, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.errors import ExperimentError, FileUnreadableError
from agent_agency.learning.experiments.desk import Given
from agent_agency.workflows.experiment_files import read_observations, read_units
from agent_agency.workflows.trends import one_series, read_series


def _file(folder: Path, text: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_observations_are_read_with_their_lines(tmp_path: Path) -> None:
    path = _file(tmp_path, '{"unit":"u","metric":"m","value":1}\n\n{"unit":"u","metric":"n","value":true,"arm":"a"}')
    assert read_observations(path) == [
        Given("u", "m", 1.0, None, str(path), 1),
        Given("u", "n", 1.0, "a", str(path), 3),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('{"unit":"u","metric":"m","value":null}', "value is no number"),
        ('{"unit":"u","metric":"m"}', "value is no number"),
        ('{"unit":"u","metric":"m","value":"1"}', "value is no number"),
        ('{"unit":1,"metric":"m","value":1}', "are texts"),
        ('{"unit":"u","metric":"m","value":1,"arm":2}', "are texts"),
        ('{"unit":"u","metric":"m","value":1,"extra":1}', "'extra' is no member"),
        ('{"unit":"u","metric":"m","value":NaN}', "no JSON"),
        ('{"unit":"u","unit":"v","metric":"m","value":1}', "no JSON"),
        ("[]", "no JSON object"),
        ("\udcff", "no JSON"),
    ],
)
def test_a_bad_observation_is_named_by_its_line(tmp_path: Path, row: str, why: str) -> None:
    with pytest.raises(ExperimentError, match=why) as refused:
        read_observations(_file(tmp_path, f'{{"unit":"u","metric":"m","value":1}}\n{row}\n'))
    assert refused.value.line == 2


@pytest.mark.parametrize("text", ["u1\n\nu2", "u1\n u2", "u1\nu\x1b", "u1\n\udcff"])
def test_a_bad_name_of_a_unit_is_named_by_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExperimentError, match="no name of a unit") as refused:
        read_units(_file(tmp_path, text))
    assert refused.value.line == 2


def test_units_are_read_one_a_line(tmp_path: Path) -> None:
    assert read_units(_file(tmp_path, "u1\r\nü2\n")) == ["u1", "ü2"]
    with pytest.raises(FileUnreadableError):
        read_units(tmp_path)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('{"time":"2026-01-21","value":null}', "value is no number"),
        ('{"time":"2026-01-21","value":true}', "value is no number"),
        ('{"time":"2026-01-21","value":1e999}', "value is no number"),
        ('{"time":"2026-01-21T08:00:00","value":1}', "time is no moment"),
        ('{"time":20260121,"value":1}', "time is no moment"),
        ('{"value":1}', "time is no moment"),
        ('{"time":"2026-01-21","value":1,"n":0}', "n is no count"),
        ('{"time":"2026-01-21","value":1,"n":1.5}', "n is no count"),
        ('{"time":"2026-01-21","value":1,"weight":1}', "'weight' is no member"),
        ('{"time":"2026-01-21","value":1,"judge":"a\\nb"}', "can be printed"),
        ("[]", "no JSON object"),
        ("{", "no JSON"),
    ],
)
def test_a_bad_point_is_named_by_its_line(tmp_path: Path, row: str, why: str) -> None:
    with pytest.raises(ExperimentError, match=why) as refused:
        read_series(_file(tmp_path, f'{{"time":"2026-01-20","value":1}}\n{row}\n'), lower_is_better=False)
    assert refused.value.line == 2


def test_points_are_told_apart_by_judge_and_metric(tmp_path: Path) -> None:
    rows = '{"time":"2026-01-20","value":0.5,"n":4}\n{"time":"2026-01-20","value":7,"n":4,"judge":"j","metric":"m"}\n'
    found = read_series(_file(tmp_path, rows), lower_is_better=True)
    assert [(one.judge, one.metric, one.is_share, one.counted) for one in found] == [
        ("series", "value", True, True),
        ("j", "m", False, False),
    ]
    assert one_series(found, "j", None) is found[1]
    for judge, metric in ((None, None), ("k", None), ("j", "value")):
        with pytest.raises(ExperimentError, match="series"):
            one_series(found, judge, metric)
