from __future__ import annotations

import io
import itertools
import json
import threading
from pathlib import Path

import pytest

from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.protocol import Cancel, Reply, Request
from agent_agency.judging import batch_record
from agent_agency.judging.batch import Bounds, MemoryKeeper, judge_batch
from agent_agency.judging.batch_journal import Journal
from agent_agency.judging.batch_outcome import Outcome
from agent_agency.judging.batch_record import BatchRecord, lines_of, read_records
from support.counting_engine import CountingEngine
from support.judged import a_judge

QUICK = Bounds(workers=4)


class _Shaky(CountingEngine):
    """A double: what a text says is what happens to its call."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        judged = request.messages[-1].content
        if "time out" in judged:
            raise EngineError("No answer in time", fix="Wait longer.", code="engine.timeout")
        if "lost connection" in judged:
            raise EngineError("Nothing answers", fix="Start it.")
        if "no room" in judged:
            raise EngineError("The prompt is too long", fix="Shorten it.", code="engine.prompt_too_long")
        if "defect" in judged:
            raise ZeroDivisionError
        return super().generate(request, cancel)


def _answer(request: Request) -> str:
    judged = request.messages[1].content  # also when it is asked to repair
    if "prattle" in judged:
        return "I think it passes."
    answer = {"evidence": ["a whole sentence"], "reasoning": "So.", "verdict": "pass", "score": 1, "confidence": 1}
    return json.dumps({**answer, "suggestions": []})


def _lines(kinds: list[str]) -> list[bytes]:
    lines = []
    for number, kind in enumerate(kinds):
        record = {"id": f"r{number}", "output": f"a whole sentence, number {number}: {kind}"}
        lines.append(b"{ torn" if kind == "bad" else json.dumps(record).encode())
    return lines


def _run(kinds: list[str], engine: CountingEngine, keeper: MemoryKeeper | Journal | None = None) -> tuple[Outcome, ...]:
    records = tuple(read_records(_lines(kinds)))
    return judge_batch(a_judge(engine), records, keeper or MemoryKeeper(), QUICK, _still)


def _still() -> float:
    return 0.0


def _ended(outcomes: tuple[Outcome, ...]) -> list[tuple[str, str]]:
    return [(one.work.status, one.work.reason) for one in outcomes]


def test_a_thousand_records_of_every_sort_are_each_accounted_for() -> None:
    sorts = ["good", "good", "bad", "time out", "prattle", "good", "lost connection", "good", "defect", "good"]
    expected = {
        "good": ("judged", ""),
        "bad": ("error", "record"),
        "time out": ("error", "timeout"),
        "prattle": ("abstained", "invalid"),
        "lost connection": ("error", "engine"),
        "defect": ("error", "defect"),
    }
    kinds = list(itertools.islice(itertools.cycle(sorts), 1000))
    outcomes = _run(kinds, _Shaky(answer=_answer))
    assert [one.line for one in outcomes] == list(range(1, 1001))
    assert _ended(outcomes) == [expected[kind] for kind in kinds]


def test_a_dead_server_is_left_alone_and_the_rest_is_not_run() -> None:
    outcomes = _run(["lost connection"] * 300, _Shaky(answer=_answer))
    ended = _ended(outcomes)
    assert ended.count(("not_run", "circuit")) > 250
    assert set(ended) == {("error", "engine"), ("not_run", "circuit")}


def test_prompts_that_do_not_fit_say_nothing_of_the_server_and_are_not_asked_again(tmp_path: Path) -> None:
    kinds = ["no room"] * 40 + ["good"] * 10
    for _ in range(2):
        with Journal(tmp_path / "j") as journal:
            ended = _ended(_run(kinds, _Shaky(answer=_answer), journal))
            assert len(journal.settled) == 50
        assert ended == [("error", "prompt_too_long")] * 40 + [("judged", "")] * 10


def test_a_server_that_dies_half_way_costs_only_what_it_did_not_answer(tmp_path: Path) -> None:
    kinds = ["good"] * 50 + ["lost connection"] * 50
    with Journal(tmp_path / "j") as journal:
        first = _run(kinds, _Shaky(answer=_answer), journal)
    assert _ended(first)[:50] == [("judged", "")] * 50
    again = CountingEngine(answer=_answer)
    with Journal(tmp_path / "j") as journal:
        second = _run(kinds, again, journal)
    assert _ended(second) == [("judged", "")] * 100
    assert again.asked == 50


def test_equal_subjects_are_asked_once_and_each_has_its_outcome() -> None:
    engine = CountingEngine(answer=_answer)
    line = json.dumps({"output": "a whole sentence"}).encode()
    outcomes = judge_batch(a_judge(engine), tuple(read_records([line, line, line])), MemoryKeeper(), QUICK, _still)
    assert (len(outcomes), engine.asked) == (3, 1)
    assert {one.work.status for one in outcomes} == {"judged"}


def test_no_more_workers_ask_at_once_than_were_allowed() -> None:
    inside, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(3)

    class Watched(CountingEngine):
        def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            full.wait()
            with lock:
                inside -= 1
            return super().generate(request, cancel)

    records = tuple(read_records(_lines(["good"] * 30)))
    outcomes = judge_batch(a_judge(Watched(answer=_answer)), records, MemoryKeeper(), Bounds(workers=3), _still)
    assert most == 3
    assert len(outcomes) == 30


def test_when_time_is_up_calls_in_flight_are_cancelled_and_the_rest_is_not_run() -> None:
    now = [0.0]

    class Slow(CountingEngine):
        def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
            if self.asked >= 10:
                now[0] = 60.0
                assert cancel is not None
                while not cancel.cancelled:
                    threading.Event().wait(0.005)
                raise EngineError("Cancelled", fix="Run it again.", code="engine.cancelled")
            return super().generate(request, cancel)

    records = tuple(read_records(_lines(["good"] * 40)))
    bounds = Bounds(workers=2, limit_s=30)
    ended = _ended(judge_batch(a_judge(Slow(answer=_answer)), records, MemoryKeeper(), bounds, lambda: now[0]))
    assert ended.count(("judged", "")) in {10, 11}  # two workers may pass the mark together
    assert set(ended) == {("judged", ""), ("not_run", "deadline")}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"[]", "no JSON object"),
        (b'{"output": 1}', "'output'"),
        (b'{"task": "x"}', "'output'"),
        (b'{"output": "x", "surface": "audio"}', "'surface'"),
        (b'{"output": "x", "claims": "all"}', "'claims'"),
        (b'{"output": "x", "facts": {"a": []}}', "'facts'"),
        (b'{"output": "x", "grade": 5}', "'grade'"),
        (b'{"output": "x", "output": "y"}', "more than once"),
        (b'{"output": "\\ud800"}', "canonical JSON"),
        (b'{"output": "x", "facts": {"a": NaN}}', "NaN"),
        (b"\xff", "UTF-8"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_a_bad_line_is_a_record_that_says_what_is_wrong(line: bytes, told: str) -> None:
    (record,) = read_records([line])
    assert record.subject is None
    assert told in record.problem


def test_a_line_that_is_too_long_is_one_bad_record_and_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_record, "MAX_LINE", 1000)
    source = io.BytesIO(b'{"output": "a"}\n' + b"x" * 5000 + b'\n{"output": "b"}')
    assert max(map(len, lines_of(source))) == 1001
    source.seek(0)
    found = list(read_records(lines_of(source)))
    assert [(one.line, one.subject is None) for one in found] == [(1, False), (2, True), (3, False)]
    assert "more than 1,000 bytes" in found[1].problem


def test_a_source_without_line_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_record, "LONGEST_SKIPPED", 2 * batch_record.MAX_LINE)
    with Path("/dev/zero").open("rb") as stream, pytest.raises(ValueError, match="a line has more than"):
        list(lines_of(stream))


def test_blank_lines_are_no_records_and_lines_keep_their_numbers() -> None:
    assert [one.line for one in read_records([b"\n", b'{"output": "x"}\n', b"  \n", b'{"output": "y"}'])] == [2, 4]


def test_a_torn_last_line_is_cut_off_and_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        _run(["good"] * 3, CountingEngine(answer=_answer), journal)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    engine = CountingEngine(answer=_answer)
    with Journal(path) as journal:
        assert len(journal.settled) == 2
        assert _ended(_run(["good"] * 3, engine, journal)) == [("judged", "")] * 3
    assert engine.asked == 1
    assert path.read_bytes().count(b"\n") == 3


def test_a_damaged_journal_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"subject": "x"}\n')
    with pytest.raises(JudgeError) as raised:
        Journal(path)
    assert (raised.value.stable_code, raised.value.line) == ("judge.journal_damaged", 1)


def test_two_runs_do_not_share_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j"), pytest.raises(JudgeError) as raised:
        Journal(tmp_path / "j")
    assert raised.value.stable_code == "judge.journal_busy"


def test_another_judge_version_asks_again(tmp_path: Path) -> None:
    records: tuple[BatchRecord, ...] = tuple(read_records(_lines(["good"] * 4)))
    engine = CountingEngine(answer=_answer)
    for judge in (a_judge(engine), a_judge(engine, "safety")):
        with Journal(tmp_path / "j") as journal:
            judge_batch(judge, records, journal, QUICK, _still)
    assert engine.asked == 8
