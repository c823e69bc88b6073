from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.pulse import Finding, Patience, Pulse
from agent_agency.inference.local.restarts import RestartPolicy
from support.local_engines import PATIENT, ask, eventually, is_alive, lose_patience, refused, scripted, weigh

NEVER_AGAIN = RestartPolicy(most=0)


def _process(engine: LocalEngine) -> int:
    engine.warm()
    process = engine.process_id
    assert process is not None
    return process


def _held() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def _waited_for(engine: LocalEngine) -> int:
    process = engine._kept.current
    return 0 if process is None else process._questions.waited_for


def _has_questions(engine: LocalEngine) -> bool:
    """Whether something is open; nothing is where the process was given up for what it did not end."""
    process = engine._kept.current
    return process is not None and process._questions.any


def test_a_killed_process_costs_nobody_an_answer_that_can_still_be_had(tmp_path: Path) -> None:
    with scripted() as engine, ThreadPoolExecutor(8) as pool:
        process = _process(engine)
        calls = [pool.submit(engine.generate, ask(f"until {tmp_path / 'now'}")) for _ in range(8)]
        eventually(lambda: _waited_for(engine) == 8)
        os.kill(process, signal.SIGKILL)
        (tmp_path / "now").touch()
        assert [call.result().text for call in calls] == ["at last"] * 8
        assert (engine.counts.starts, engine.counts.lost, engine.counts.again) == (2, 1, 8)


def test_a_process_that_is_killed_while_idle_is_started_again_by_the_next_question() -> None:
    with scripted() as engine:
        os.kill(_process(engine), signal.SIGKILL)
        eventually(lambda: engine.state == "cold")
        assert engine.memory_bytes == 0
        assert engine.generate(ask("say on")).text == "on"
        assert (engine.counts.lost, engine.counts.again) == (1, 0)


def test_no_descriptor_and_no_thread_is_left_behind_by_lost_processes() -> None:
    with scripted(policy=RestartPolicy(most=100, first_s=0.0)) as engine:
        _process(engine)
        before = _held()
        for _ in range(3):
            refused(lambda: engine.generate(ask("die 9")))
        _process(engine)
        eventually(lambda: all(now <= then for now, then in zip(_held(), before, strict=True)))


def test_a_question_that_ends_the_process_twice_is_told_and_leaves_the_engine_usable() -> None:
    with scripted() as engine:
        raised = refused(lambda: engine.generate(ask("die 11")))
        assert raised.stable_code == "engine.process_died"
        assert "SIGSEGV" in raised.message
        assert "last words of the engine" in raised.message
        assert engine.generate(ask("say on")).text == "on"
        assert (engine.counts.lost, engine.counts.again) == (2, 1)


def test_an_answer_that_has_begun_to_be_streamed_is_not_begun_again() -> None:
    with scripted() as engine:
        stream = engine.stream(ask("pieces_die"))
        assert next(stream).text == "begun"
        assert refused(lambda: next(stream)).stable_code == "engine.process_died"
        assert engine.counts.again == 0


def test_a_process_that_exits_says_with_what_code() -> None:
    with scripted(policy=NEVER_AGAIN) as engine:
        assert "exit code 7" in refused(lambda: engine.generate(ask("exit 7"))).message


def test_a_process_that_keeps_ending_is_given_up_until_somebody_says_otherwise(tmp_path: Path) -> None:
    with scripted(policy=RestartPolicy(most=2, first_s=0.01)) as engine:
        for _ in range(2):
            refused(lambda: engine.generate(ask("die 9")))
        assert engine.state == "failed"
        assert not engine.health().ready
        raised = refused(lambda: engine.generate(ask("say a")))
        assert raised.stable_code == "engine.failed"
        assert "3 times" in raised.message
        assert engine.counts.starts == 3
        engine.warm()
        assert engine.generate(ask(f"die_once {tmp_path / 'died'}")).text == "back"


def test_who_has_no_time_to_wait_for_a_restart_is_told_at_once_why() -> None:
    with scripted(policy=RestartPolicy(first_s=1000, longest_s=1000)) as engine:
        refused(lambda: engine.generate(ask("die 9")))
        raised = refused(lambda: engine.generate(ask("say a", deadline_s=20)))
        assert raised.stable_code == "engine.process_died"
        assert engine.counts.starts == 2


def test_a_stopped_process_is_found_out_and_replaced_within_the_deadline(tmp_path: Path) -> None:
    with scripted() as engine, ThreadPoolExecutor(1) as pool:
        process = _process(engine)
        call: Future[object] = pool.submit(engine.generate, ask(f"until {tmp_path / 'now'}"))
        eventually(lambda: _waited_for(engine) == 1)
        os.kill(process, signal.SIGSTOP)
        (tmp_path / "now").touch()
        lose_patience(engine, hung_s=0.2)
        assert call.result() is not None
        assert not is_alive(process)
        assert engine.counts.again == 1


def test_a_stopped_process_that_was_idle_is_found_out_by_the_next_question() -> None:
    with scripted(policy=NEVER_AGAIN) as engine:
        os.kill(_process(engine), signal.SIGSTOP)
        lose_patience(engine, hung_s=0.2)
        raised = refused(lambda: engine.generate(ask("say a")))
        assert raised.stable_code == "engine.hung"


def test_a_process_that_is_stopped_while_it_loads_is_found_out_and_replaced(tmp_path: Path) -> None:
    with scripted(load=f"until {tmp_path / 'now'}") as engine, ThreadPoolExecutor(1) as pool:
        call: Future[object] = pool.submit(engine.generate, ask("say a"))
        eventually(lambda: engine.process_id is not None)
        first = engine.process_id
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        (tmp_path / "now").touch()
        lose_patience(engine, hung_s=0.2)
        assert call.result() is not None
        assert (is_alive(first), engine.counts.lost) == (False, 1)


def test_a_deadline_holds_even_where_the_process_is_stopped_and_reads_nothing() -> None:
    patience = Patience(hung_s=1000, stop_s=0.1)
    with scripted(patience=patience) as engine, ThreadPoolExecutor(4) as pool:
        process = _process(engine)
        os.kill(process, signal.SIGSTOP)
        large = "say " + "x" * 400_000  # more than a pipe holds
        calls = [pool.submit(engine.generate, ask(large, deadline_s=0.3)) for _ in range(4)]
        assert {refused(call.result).stable_code for call in calls} == {"engine.timeout"}
        os.kill(process, signal.SIGCONT)
        assert engine.generate(ask("say on")).text == "on"


class _Beats(Pulse):
    """Keeps what it found."""

    def __init__(self) -> None:
        super().__init__(PATIENT)
        self.found: list[Finding] = []

    def beat(self, *, overdue: bool) -> Finding:
        self.found.append(super().beat(overdue=overdue))
        return self.found[-1]


def test_slow_work_is_no_hang(tmp_path: Path) -> None:
    """While it goes on nothing comes but answers to pings, and each of them is a sign of life."""
    with scripted() as engine, ThreadPoolExecutor(1) as pool:
        _process(engine)
        process, beats = engine._kept.current, _Beats()
        assert process is not None
        process._pulse = beats
        call = pool.submit(engine.generate, ask(f"until {tmp_path / 'now'}"))
        eventually(lambda: beats.found.count(Finding.ALIVE) > 4)
        (tmp_path / "now").touch()
        assert call.result().text == "at last"
        assert engine.counts.lost == 0


def test_a_process_whose_interpreter_is_held_for_good_is_found_out() -> None:
    with scripted(policy=NEVER_AGAIN) as engine:
        _process(engine)
        lose_patience(engine, hung_s=1)
        assert refused(lambda: engine.generate(ask("mute"))).stable_code == "engine.hung"


def test_an_engine_that_ends_nothing_not_even_what_was_cancelled_is_found_out() -> None:
    with scripted() as engine:
        _process(engine)
        lose_patience(engine, stuck_s=0.2)
        assert refused(lambda: engine.generate(ask("deaf", deadline_s=0.1))).stable_code == "engine.timeout"
        eventually(lambda: engine.counts.lost == 1)
        assert engine.generate(ask("say on")).text == "on"


NONSENSE = {
    "no JSON": "write hello",
    "no UTF-8": "write_bytes ff",
    "a deep one": "write " + "[" * 100_000,
    "an unknown number": 'write {"id":4096,"is":"counted","tokens":3}',
    "another answer": 'write {"id":2,"is":"counted","tokens":3}',
    "NaN": 'write {"id":2,"is":"generated","text":"a","finish":"stop","prompt":NaN,"completion":1,"cached":0}',
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_on_the_pipe_ends_the_process_and_every_question_with_one_typed_error(what: str) -> None:
    with scripted(policy=NEVER_AGAIN) as engine, ThreadPoolExecutor(2) as pool:
        process = _process(engine)
        other = pool.submit(engine.generate, ask("slow 600"))
        eventually(lambda: _waited_for(engine) == 1)
        raised = refused(lambda: engine.generate(ask(NONSENSE[what])))
        assert raised.stable_code == "engine.bad_answer"
        assert refused(lambda: other.result(90)).stable_code == "engine.bad_answer"
        assert not is_alive(process)


def test_a_second_answer_to_one_question_is_nonsense() -> None:
    with scripted(policy=NEVER_AGAIN) as engine:
        _process(engine)
        assert engine.generate(ask("twice 2")).text == "once"
        assert refused(lambda: engine.generate(ask("slow 600"))).stable_code in {"engine.bad_answer", "engine.failed"}


def test_a_line_without_end_is_nonsense() -> None:
    with scripted(policy=NEVER_AGAIN) as engine:
        assert refused(lambda: engine.generate(ask("long 40"))).stable_code == "engine.bad_answer"


def test_numbers_that_are_none_are_refused_where_they_arise() -> None:
    with scripted() as engine:
        assert refused(lambda: engine.score_labels(weigh("nan"))).stable_code == "engine.bad_answer"
        assert engine.counts.lost == 0


def test_a_flood_of_words_and_pieces_is_taken_and_bounded() -> None:
    with scripted() as engine:
        pieces = [one.text for one in engine.stream(ask("flood 5000"))]
        assert len(pieces) == 5001
        process = engine._kept.current
        assert process is not None
        assert len(process.log) <= 16 * 1024


def test_a_process_over_its_memory_is_ended_and_said_so() -> None:
    with scripted(policy=NEVER_AGAIN, memory_gb=0.1) as engine:
        process = _process(engine)
        raised = refused(lambda: engine.generate(ask("eat 200")))
        assert raised.stable_code == "engine.out_of_memory"
        assert "0.10 are set" in raised.message
        assert not is_alive(process)


def test_a_file_that_is_no_model_is_told_once_for_all_and_not_tried_again() -> None:
    with scripted(load="refuse") as engine, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(engine.generate, ask("say a")) for _ in range(4)]
        assert {refused(call.result).stable_code for call in calls} == {"engine.model_unreadable"}
        assert engine.state == "failed"
        assert engine.counts.starts == 1
        assert not engine.health().ready


def test_a_process_that_dies_while_loading_says_its_last_words() -> None:
    with scripted(load="die", policy=RestartPolicy(most=1, first_s=0.01)) as engine:
        raised = refused(lambda: engine.generate(ask("say a")))
        assert "the loader met its end" in raised.message
        assert engine.state == "failed"


def test_a_model_that_takes_too_long_to_load_is_given_up() -> None:
    patience = Patience(load_s=0.3, beat_s=0.05, stop_s=5)
    with scripted(load="slow 60", patience=patience, policy=NEVER_AGAIN) as engine:
        assert refused(engine.warm).stable_code in {"engine.load_timeout", "engine.timeout"}
        eventually(lambda: engine.state == "failed")
        assert "not loaded within 0.3 seconds" in refused(lambda: engine.generate(ask("say a"))).message


@pytest.mark.soak
def test_ten_thousand_questions_leak_nothing_and_are_answered_once_each() -> None:
    with scripted() as engine, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: engine.generate(ask(f"say {number}")), range(1000)))
        before = engine.memory_bytes
        said = list(pool.map(lambda number: engine.generate(ask(f"say {number}")).text, range(10_000)))
        assert said == [str(number) for number in range(10_000)]
        assert engine.memory_bytes - before < 5 << 20
        assert (engine.counts.starts, engine.counts.lost) == (1, 0)


def test_chaos_every_question_has_one_typed_end() -> None:
    texts = ["say a", "say b", "die 9", "slow 0.05", "write x", "raise", "say c", "pieces 3", "exit 1", "deaf"] * 6
    patience = replace(PATIENT, stuck_s=0.3)  # of these none is to be found hung
    policy = RestartPolicy(most=10_000, first_s=0.0, longest_s=0.0)
    with scripted(patience=patience, policy=policy) as engine, ThreadPoolExecutor(12) as pool:
        calls = [pool.submit(engine.generate, ask(text, deadline_s=3)) for text in texts]
        ends = [call.exception(60) for call in calls]
        assert all(one is None or isinstance(one, EngineError) for one in ends)
        assert engine.generate(ask("say on")).text == "on"
        eventually(lambda: not _has_questions(engine))
