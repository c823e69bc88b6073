from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import FileUnreadableError
from agent_agency.inference.bench.machine import measured_on
from agent_agency.inference.bench.measuring_lock import measuring
from agent_agency.inference.bench.row import Row, quantile
from agent_agency.inference.bench.winner import (
    MAX_KEPT,
    Choice,
    Measurement,
    check_keepable,
    choices_of,
    default_choice,
    keep_measurement,
    load_measurements,
)

ROW = Row("openvino", "full", 16, "default", True, 64, 7.0, 300.0, 1.0, 2.0, None, 48_000, 10_000, 800.0, 0.01)


def test_the_quickest_way_wins_and_of_equals_the_one_with_fewest_in_flight() -> None:
    rows = [ROW, replace(ROW, concurrency=64, requests_per_s=7.1), replace(ROW, engine="llama.cpp", requests_per_s=2.0)]
    assert choices_of(rows)["full"] == Choice("openvino", "default", 16, choices_of(rows)["full"].why)
    rows.append(replace(ROW, concurrency=32, requests_per_s=9.0))
    assert choices_of(rows)["full"].width == 32


def test_a_way_with_an_invalid_answer_is_never_chosen() -> None:
    short = replace(ROW, mode="short", valid=0.98, requests_per_s=50.0)
    assert choices_of([short]) == {}
    assert choices_of([short, replace(short, valid=1.0, concurrency=8, requests_per_s=5.0)])["short"].width == 8


def test_neither_the_naive_row_nor_the_exact_precision_is_chosen_for_speed() -> None:
    assert choices_of([replace(ROW, prefix_cache=False), replace(ROW, precision="exact")]) == {}


def test_what_was_measured_is_read_back_and_replaces_what_was_measured_before(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "measured.json"
    assert load_measurements(path) == ()
    on = measured_on("sha256:1", lambda name: "1.0" if name == "openvino" else None)
    first = Measurement(on, "2026-01-01T00:00:00+00:00", choices_of([ROW]))
    keep_measurement(path, first)
    assert load_measurements(path) == (first,)
    keep_measurement(path, replace(first, at="2026-01-02T00:00:00+00:00"))
    assert [one.at for one in load_measurements(path)] == ["2026-01-02T00:00:00+00:00"]


def test_the_oldest_measurements_go_first(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    for number in range(MAX_KEPT + 2):
        keep_measurement(path, Measurement(measured_on(f"sha256:{number}"), "2026", {}))
    kept = [one.on.model_digest for one in load_measurements(path)]
    assert len(kept) == MAX_KEPT
    assert kept[0] == "sha256:2"


def test_what_differs_between_machines_is_named() -> None:
    on = measured_on("sha256:1", lambda _: "1.0")
    assert on.differences(on) == ()
    assert on.differences(replace(on, cores=on.cores + 1)) == ("cores",)
    assert on.differences(measured_on("sha256:1", lambda _: "1.1")) == ("versions",)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"measurements": [{}]}', '{"measurements": 1}', "\x00", '{"measurements":']
)
def test_a_file_that_is_none_of_ours_is_moved_aside_whole_and_makes_room(tmp_path: Path, text: str) -> None:
    path = tmp_path / "measured.json"
    for number in (1, 2):
        path.write_text(f"{text}", "utf-8")
        with pytest.raises(FileUnreadableError, match="cannot be read"):
            load_measurements(path)
        check_keepable(path)
        moved = keep_measurement(path, Measurement(measured_on(f"sha256:{number}"), "2026", {}))
        assert moved == tmp_path / f"measured.json.unreadable-{number}"
        assert moved.read_text("utf-8") == text
        assert [one.on.model_digest for one in load_measurements(path)] == [f"sha256:{number}"]
    assert keep_measurement(path, Measurement(measured_on("sha256:3"), "2026", {})) is None


def test_what_was_only_tried_is_told_apart_when_it_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    keep_measurement(path, Measurement(measured_on("sha256:1"), "2026", {}, tried=True))
    keep_measurement(path, Measurement(measured_on("sha256:2"), "2026", {}))
    assert [one.tried for one in load_measurements(path)] == [True, False]


def test_one_process_measures_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "measured.json"
    with measuring(path) as ours:
        assert ours
        with measuring(path) as other:
            assert not other
    with measuring(path) as again:
        assert again


def test_the_defaults_are_stated() -> None:
    assert default_choice(openvino=True).engine == "openvino"
    assert default_choice(openvino=False).engine == "llama.cpp"
    assert default_choice(openvino=True, memory_gib=4).width < default_choice(openvino=True, memory_gib=24).width


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values_and_enough_are_not_above_it(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
