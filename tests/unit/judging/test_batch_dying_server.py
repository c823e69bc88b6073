from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx")

from agent_agency.inference.protocol import Engine
from agent_agency.judging.batch import Bounds, judge_batch
from agent_agency.judging.batch_journal import Journal
from agent_agency.judging.batch_outcome import Outcome
from agent_agency.judging.batch_record import read_records
from support.judged import a_judge
from support.openai_server import serving
from support.server_engines import engine_of

RECORDS = 200
ANSWERED = 60
LINES = [json.dumps({"id": str(n), "output": f"sentence number {n} of many"}).encode() for n in range(RECORDS)]


def _answer(body: Mapping[str, Any]) -> str:
    judged = body["messages"][-1]["content"]
    quote = next(line for line in judged.split("\n") if line.startswith("sentence number"))
    members = {"evidence": [quote], "reasoning": "So.", "verdict": "pass", "score": 1, "confidence": 1}
    return json.dumps({**members, "suggestions": []})


def _run(engine: Engine, journal: Path) -> tuple[Outcome, ...]:
    with Journal(journal) as kept:
        return judge_batch(a_judge(engine), tuple(read_records(LINES)), kept, Bounds(workers=4), time.monotonic)


def test_a_batch_outlives_its_server_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    calls = itertools.count(1)

    def answer(body: Mapping[str, Any]) -> str:
        if next(calls) == ANSWERED:
            server.behaviour.fault = "hang_up"
        return _answer(body)

    with serving(answer=answer, context=1 << 20) as server:
        engine = engine_of(server, model="tiny")
        first = _run(engine, tmp_path / "journal")
        ended = [one.work.status for one in first]
        assert len(first) == RECORDS
        assert ended.count("judged") >= ANSWERED - 4
        assert ended.count("not_run") > 0
        assert set(ended) <= {"judged", "error", "not_run"}
        server.behaviour.fault = ""
        before = next(calls)
        second = _run(engine, tmp_path / "journal")
    assert [one.work.status for one in second] == ["judged"] * RECORDS
    assert next(calls) - before - 1 == RECORDS - ended.count("judged")
