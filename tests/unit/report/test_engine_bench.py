from __future__ import annotations

import io

from rich.console import Console

from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.machine import measured_on
from agent_agency.inference.bench.row import Row, Way
from agent_agency.inference.bench.trial import Trial
from agent_agency.report.engine_bench import bench_document, print_bench
from agent_agency.workflows.engine_bench import EngineBench

ROW = Row("llama.cpp", "full", 8, "default", True, 64, 1.3, 62.0, 6.0, 7.5, None, 48_000, 10_000, 800.0, 0.01)
SLOW = Trial(Way("llama.cpp", "full", 1), 2, 0.4, 2.5, 0.0)
NEAR = Trial(Way("llama.cpp", "full", 4), 4, 1.25, 3.0, 0.0, close=True)
WHOLE = Trial(Way("llama.cpp", "full", 2), 2, 1.3, 3.0, 0.0, measured=True)


def found(*trials: Trial) -> EngineBench:
    on = measured_on("sha256:1", lambda _: "1.0")
    return EngineBench("m", 1, on, LoadShape(), (ROW,), (), {}, None, trials=trials, moved="/aside")


def shown(bench: EngineBench) -> str:
    out = io.StringIO()
    print_bench(bench, Console(file=out, width=200))
    return out.getvalue()


def test_what_was_only_tried_stands_below_the_table_and_a_near_one_is_marked() -> None:
    text = shown(found(SLOW, NEAR, WHOLE))
    assert "llama.cpp full 1 at once 0.4/s, llama.cpp full 4 at once* 1.25/s (*: near the best" in text
    assert "full 2 at once" not in text
    assert "is now /aside." in text
    assert "Tried" not in shown(found())


def test_trials_are_no_rows_of_the_document() -> None:
    document = bench_document(found(NEAR, WHOLE))
    assert [row["requests"] for row in document["rows"]] == [64]
    assert [(one["concurrency"], one["measured"], one["close"]) for one in document["trials"]] == [
        (4, False, True),
        (2, True, False),
    ]
