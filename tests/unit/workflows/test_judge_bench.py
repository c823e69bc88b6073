"""Recorded judges are measured as their rows say, and a bad file is named by its line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_agency.errors import AgencyError
from agent_agency.workflows.judge_bench import Bench, bench_recorded
from agent_agency.workflows.judge_bench_panels import Plan
from support.llmbar import ITEMS, JUDGMENTS, needs_llmbar
from support.recorded_judges import Recorded, record, write_rows


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return record(tmp_path)


def bench(made: Recorded, plan: Plan | None = None) -> Bench:
    return bench_recorded(made.items, made.judgments, (), plan, lambda _: None)


ROW = {"item": "item-000", "judge": "M/Plain", "order": "12", "completion": "Output (a)", "winner": "1"}
HOSTILE: dict[str, tuple[list[Any], int]] = {
    "no judge": ([ROW, {key: value for key, value in ROW.items() if key != "judge"}], 2),
    "no item": ([{key: value for key, value in ROW.items() if key != "item"}], 1),
    "no order": ([ROW, {key: value for key, value in ROW.items() if key != "order"}], 2),
    "neither answer nor winner": ([{"item": "item-000", "judge": "M/Plain", "order": "12"}], 1),
    "an order that is none": ([ROW, {**ROW, "order": "11"}], 2),
    "an order that is a number": ([{**ROW, "order": 12}], 1),
    "a winner that is none": ([{**ROW, "winner": "a"}], 1),
    "a completion that is no text": ([{**ROW, "completion": ["Output (a)"]}], 1),
    "an answer given twice": ([ROW, ROW], 2),
    "a list": ([ROW, [1]], 2),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_bad_row_is_named_by_file_and_line(case: str, recorded: Recorded) -> None:
    rows, line = HOSTILE[case]
    write_rows(recorded.judgments, rows)
    with pytest.raises(AgencyError) as refused:
        bench(recorded)
    assert (refused.value.path, refused.value.line) == (str(recorded.judgments), line)
    assert refused.value.fix
    assert refused.value.exit_code == 2


def spoil_json(made: Recorded) -> None:
    text = "".join(f"{json.dumps(row)}\n" for row in made.judgment_rows[:3]) + '{"item": "item-0\n'
    made.judgments.write_bytes(gzip.compress(text.encode()))


def cut_off(made: Recorded) -> None:
    made.judgments.write_bytes(made.judgments.read_bytes()[:-200])


def empty(made: Recorded) -> None:
    write_rows(made.judgments, [])


def other_items(made: Recorded) -> None:
    write_rows(made.judgments, [{**row, "item": f"other-{row['item']}"} for row in made.judgment_rows])


def no_items(made: Recorded) -> None:
    write_rows(made.items, [])


def no_labels(made: Recorded) -> None:
    write_rows(made.items, [*made.item_rows[:-1], {**made.item_rows[-1], "label": None}])


def no_file(made: Recorded) -> None:
    made.judgments.unlink()


@pytest.mark.parametrize(
    ("spoil", "name", "line"),
    [
        (spoil_json, "judgments.jsonl.gz", 4),
        (cut_off, "judgments.jsonl.gz", None),
        (empty, "judgments.jsonl.gz", None),
        (other_items, "judgments.jsonl.gz", None),
        (no_items, "items.jsonl", None),
        (no_labels, "items.jsonl", None),
        (no_file, "judgments.jsonl.gz", None),
    ],
)
def test_a_bad_file_is_refused_by_its_name(
    spoil: Callable[[Recorded], None], name: str, line: int | None, recorded: Recorded
) -> None:
    spoil(recorded)
    with pytest.raises(AgencyError) as refused:
        bench(recorded)
    assert refused.value.path is not None
    assert Path(refused.value.path).name == name
    assert line is None or refused.value.line == line
    assert refused.value.exit_code == 2


def test_one_subset_alone_cannot_be_left_out(tmp_path: Path) -> None:
    measured = bench(record(tmp_path, subsets=("only",), n=12), Plan(1, 3, 0))
    assert all(one.left_out == {} and one.left_out_mean is None for one in measured.sets[0].methods)


def test_the_same_seed_gives_the_same_figures(recorded: Recorded) -> None:
    assert bench(recorded, Plan(2, 4, 7)).sets == bench(recorded, Plan(2, 4, 7)).sets


@pytest.mark.soak
@needs_llmbar
def test_a_calibrated_panel_is_far_above_majority_on_recorded_judges() -> None:
    without = (("GPT-4",), ("GPT-4", "PaLM2"))
    measured = bench_recorded(ITEMS, JUDGMENTS, without, Plan(), lambda _: None)
    for found, hoped in zip(measured.sets, (0.92, 0.83, 0.74), strict=True):
        methods = {one.method: one for one in found.methods}
        calibrated = methods["calibrated"]
        assert calibrated.accuracy.value >= hoped - 0.02
        assert calibrated.over_baseline is not None
        assert calibrated.over_baseline.interval.low > 0.05
        assert calibrated.over_baseline.p_value < 0.01
