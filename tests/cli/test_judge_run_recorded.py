"""What ``agency judge run`` leaves in the store, also where it is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Capabilities, Message, Parameters, Reply, Request, Usage
from agent_agency.judging.batch import Bounds
from agent_agency.report.judge_run import batch_lines
from agent_agency.store.database import Database
from agent_agency.store.evaluations import Asked, by_time
from agent_agency.store.labels import Label
from agent_agency.store.model_runs import calls_of, totals_of
from agent_agency.workflows.evaluations import add_labels
from agent_agency.workflows.judge_run import BatchRequest, BatchServices, run_batch
from agent_agency.workflows.learning_store import open_learning_store
from support.judging_engines import RuleEngine
from support.warm_command import agency

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONDAY_MORNING = "2026-03-02T08:00:00.000Z"
DIFF = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-number = 0\n+number_of_days = {number}\n"


@dataclass(frozen=True)
class Day:
    """A clock that stands at noon of a day."""

    number: int

    def now(self) -> datetime:
        return MONDAY + timedelta(days=self.number)


def _records(folder: Path, count: int) -> Path:
    path = folder / "in.jsonl"
    lines = [json.dumps({"id": str(at), "task": "Count.", "output": f"The number is {at}."}) for at in range(count)]
    path.write_text("\n".join(lines), "utf-8")
    return path


def _evaluations(database: Database) -> list[Any]:
    with database.read() as connection:
        return [row.recorded.evaluation for row in by_time(connection, Asked())]


def _command(source: Path, out: Path) -> list[str]:
    given = ["judge", "run", "safety", "--engine", "offline", "--input", str(source), "--out", str(out), "--json"]
    return [*given, "--workers", "1"]


def test_a_batch_that_was_killed_is_recorded_once_and_whole(tmp_path: Path) -> None:
    source, out = _records(tmp_path, 300), tmp_path / "out.jsonl"
    journal = tmp_path / "out.jsonl.journal"
    command = [sys.executable, "-m", "agent_agency", *_command(source, out)]
    killed = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") >= 75):
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    database = open_learning_store(tmp_path, os.environ)
    before = len(_evaluations(database))
    told = agency(*_command(source, out), cwd=tmp_path).document
    settled = [json.loads(line) for line in journal.read_bytes().splitlines()]
    kept = _evaluations(database)
    assert before < told["resumed"]
    assert before + told["recorded"] == len(kept) == len(settled) == 300
    assert sorted((one.subject, one.at) for one in kept) == sorted((one["subject"], one["at"]) for one in settled)
    assert {one.run for one in kept} == {told["run"]}
    assert agency(*_command(source, out), cwd=tmp_path).document["recorded"] == 0
    assert len(_evaluations(database)) == 300


@dataclass
class DyingEngine(RuleEngine):
    """Its server dies after some answers, and then tells nothing of itself either."""

    answers: int = 5

    def capabilities(self) -> Capabilities:
        if len(self.calls) >= self.answers:
            raise EngineError("The server cannot be reached", fix="Start it.")
        return super().capabilities()

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        if len(self.calls) >= self.answers:
            raise EngineError("The server cannot be reached", fix="Start it.")
        return super().generate(request, cancel)


def test_every_record_is_accounted_for_where_the_server_died_on_the_way(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"output": DIFF.format(number=at)}) + "\n" for at in range(40)), "utf-8")
    database = open_learning_store(tmp_path, os.environ)
    services = BatchServices(
        engine=DyingEngine(),
        parameters=Parameters(),
        database=database,
        clock=time.monotonic,
        now=Day(0),
        secret=random.Random(0).randbytes,
        told=lambda *_: None,
    )
    result = run_batch(BatchRequest("safety", source, None, Bounds(1)), services)
    assert result.by_status["judged"] == 5
    assert sum(result.by_status.values()) == 40
    assert result.by_status["not_run"] > 0


def test_every_call_is_recorded_with_what_it_took(tmp_path: Path) -> None:
    source = _records(tmp_path, 3)
    told = agency(*_command(source, tmp_path / "out.jsonl"), cwd=tmp_path).document
    with open_learning_store(tmp_path, os.environ).read() as connection:
        assert totals_of(connection, told["run"]).calls == 3
        call = next(calls_of(connection, told["run"]))
    assert (call.engine, call.outcome, call.cache_hit) == ("offline", "ok", False)
    assert call.details["model_digest"].startswith("sha256:")
    assert call.details["prompt_digest"].startswith("sha256:")
    assert call.details["parameters"]["temperature"] == 0
    assert call.prompt_tokens is not None


def test_a_trend_follows_from_days_of_judging_and_labels(tmp_path: Path) -> None:
    database = open_learning_store(tmp_path, os.environ)
    for day in range(9):
        _judge_and_label(tmp_path, database, day)
    told = agency("trend", "show", "--judge", "safety", "--json", cwd=tmp_path).document
    assert told["verdict"] == "declining"
    assert len(told["points"]) == 9


def _judge_and_label(folder: Path, database: Database, day: int) -> None:
    """Ten answers on a day, of which one less is right with each day that passes."""
    source = folder / "day.jsonl"
    lines = [{"surface": "code", "output": DIFF.format(number=f"{day}_{at}")} for at in range(10)]
    source.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    secret, bounds = random.Random(day).randbytes, Bounds(workers=1)
    outside = (RuleEngine(), Parameters(), database, time.monotonic, Day(day), secret, lambda *_: None)
    done = run_batch(BatchRequest("safety", source, None, bounds), BatchServices(*outside))
    assert done.recorded == 10
    labels = [
        Label(
            MONDAY_MORNING, one.work.subject, "safety", "pass" if at < 10 - day // 2 else "fail", None, "person", "Ada"
        )
        for at, one in enumerate(done.outcomes)
    ]
    add_labels(database, labels)


class KeepingEngine(RuleEngine):
    """A double that keeps prefixes: 80 tokens of each prompt of 100 are there, once 80 were computed ahead."""

    width = 2

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        del messages, cancel
        return Primed(80, 80)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        return replace(super().generate(request, cancel), usage=Usage(100, 10, 80))


def test_tokens_tell_what_was_computed_and_answers_that_are_kept_cost_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"output": DIFF.format(number=at)}) + "\n" for at in range(5)), "utf-8")
    engine, database, cache = KeepingEngine(), open_learning_store(tmp_path, os.environ), CallCache(tmp_path / "kept")
    services = BatchServices(
        engine=engine,
        parameters=Parameters(),
        database=database,
        clock=time.monotonic,
        now=Day(0),
        secret=lambda size: b"s" * size,
        told=lambda *_: None,
        cache=cache,
    )
    first, again, anew = (
        run_batch(BatchRequest("safety", source, None, Bounds()), one)
        for one in (services, services, replace(services, cache=None))
    )
    assert first.tokens.as_dict() == {
        "calls": 5,
        "prompt": 500,
        "cached": 400,
        "completion": 50,
        "kept": 0,
        "primed": 80,
        "computed": 180,
        "saved": 320,
    }
    assert "tokens   500 of prompts, 320 of them reused (64%), 50 of answers, in 5 calls" in list(batch_lines(first))
    assert (again.tokens.kept, again.tokens.prompt, again.tokens.saved) == (5, 0, 0)
    assert "kept     5 answers were there already, and cost nothing" in list(batch_lines(again))
    assert again.by_verdict == first.by_verdict
    assert anew.tokens == first.tokens
    assert len(engine.calls) == 10
