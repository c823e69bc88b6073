from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelEngine, LabelRequest, label_engine
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.priming import PrimingEngine
from agent_agency.inference.protocol import Cancel, Engine, Message, Request
from support.local_engines import ask, eventually, refused, scripted, weigh


def test_it_is_an_engine_that_scores_labels_and_primes() -> None:
    with scripted() as engine:
        whole: Engine = engine
        assert whole.name == "double"
        assert isinstance(engine, LabelEngine)
        assert isinstance(engine, PrimingEngine)
        assert label_engine(engine) is engine
        assert engine.width == 4


def test_a_model_is_loaded_by_the_first_question_and_not_before() -> None:
    with scripted() as engine:
        assert engine.identity["model_digest"] == f"sha256:{'0' * 64}"
        assert engine.health().ready
        before = engine.state
        reply = engine.generate(ask("say hello you", top_logprobs=2))
        assert (before, engine.state) == ("cold", "warm")
        assert (reply.text, reply.finish, reply.model_digest) == ("hello you", "stop", f"sha256:{'0' * 64}")
        assert (reply.usage.prompt, reply.usage.completion, reply.usage.cached) == (6, 2, 0)
        assert reply.logprobs[0].others == (("other", -1.5),)
        assert engine.health().ready
        assert engine.process_id is not None
        assert engine.counts.starts == 1


def test_labels_priming_and_counting_go_the_same_way() -> None:
    with scripted() as engine:
        scored = engine.score_labels(weigh("say", "Yes", "No"))
        assert scored.logprobs() == {"Yes": -3.0, "No": -2.0}
        assert engine.prime((Message("system", "one two"),)).tokens == 5
        assert engine.count_tokens((Message("system", "one two"),)) == 5
        assert engine.capabilities().notes == ("It is a double.",)
        assert engine.capabilities().context_tokens == 1000


def test_text_of_any_script_arrives_as_it_was() -> None:
    text = "grün\u2028日本 \U0001f600 \x00 \\n"
    with scripted() as engine:
        assert engine.generate(ask(f"say {text}")).text == text


def test_text_that_utf8_has_no_form_for_is_refused_before_anything_is_asked() -> None:
    with scripted() as engine:
        assert refused(lambda: engine.generate(ask("say \ud800"))).stable_code == "engine.bad_request"
        assert refused(lambda: engine.score_labels(weigh("say \ud800"))).stable_code == "engine.bad_request"
        assert engine.generate(ask("say on")).text == "on"


def test_many_threads_share_one_process_and_each_gets_its_own_answer() -> None:
    with scripted() as engine, ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda number: engine.generate(ask(f"say {number}")).text, range(300)))
        assert said == [str(number) for number in range(300)]
        assert engine.counts.starts == 1


def test_a_streamed_answer_comes_in_pieces_and_ends_with_the_reply() -> None:
    with scripted() as engine:
        pieces = list(engine.stream(ask("pieces 3")))
        assert [one.text for one in pieces] == ["0 ", "1 ", "2 ", ""]
        assert pieces[-1].reply is not None
        assert pieces[-1].reply.text == "0 1 2 "


def test_a_stream_that_nobody_reads_on_frees_its_place() -> None:
    with scripted() as engine:
        stream = engine.stream(ask("pieces 100000"))
        assert next(iter(stream)).text == "0 "
        stream.close()  # type: ignore[attr-defined]
        process = engine._kept.current
        assert process is not None
        eventually(lambda: not process._questions.any)
        assert engine.counts.lost == 0


@pytest.mark.parametrize("text", ["slow 600", "pieces 100000"])
def test_a_cancelled_call_ends_at_once_and_frees_its_place(text: str) -> None:
    with scripted() as engine, ThreadPoolExecutor(1) as pool:
        cancel = Cancel()
        call = pool.submit(engine.generate, ask(text), cancel)
        eventually(lambda: engine.state == "warm")
        cancel.cancel()
        assert refused(lambda: call.result(90)).stable_code == "engine.cancelled"
        process = engine._kept.current
        assert process is not None
        eventually(lambda: not process._questions.any)
        assert refused(lambda: engine.generate(ask("say no"), cancel)).stable_code == "engine.cancelled"
        assert engine.generate(ask("say yes")).text == "yes"
        assert engine.counts.lost == 0


def test_a_call_ends_at_its_deadline_while_others_go_on(tmp_path: Path) -> None:
    with scripted() as engine, ThreadPoolExecutor(1) as pool:
        engine.warm()
        other = pool.submit(engine.generate, ask(f"until {tmp_path / 'now'}"))
        assert refused(lambda: engine.generate(ask("slow 600", deadline_s=0.1))).stable_code == "engine.timeout"
        (tmp_path / "now").touch()
        assert other.result().text == "at last"
        assert engine.counts.lost == 0


def test_what_the_engine_refuses_keeps_its_code_and_ends_nothing_else() -> None:
    with scripted(labels=False, logprobs=0) as engine:
        assert refused(lambda: engine.score_labels(weigh("say"))).stable_code == "engine.no_labels"
        assert refused(lambda: engine.generate(ask("say a", top_logprobs=5))).stable_code == "engine.no_logprobs"
        raised = refused(lambda: engine.generate(ask("raise")))
        assert raised.stable_code == "engine.failed"
        assert "a library's own words" in raised.message
        assert refused(lambda: engine.generate(ask("no_memory"))).stable_code == "engine.out_of_memory"
        assert engine.counts.lost == 0


def test_a_window_that_is_asked_for_is_kept() -> None:
    with scripted() as engine:
        assert refused(lambda: engine.generate(ask("say a", context=2000))).stable_code == "engine.bad_request"
        long = ask("say " + "word " * 50, context=40)
        assert refused(lambda: engine.generate(long)).stable_code == "engine.prompt_too_long"
        assert engine.generate(ask("say a b c", context=8, max_tokens=100)).finish == "length"


def test_labels_that_are_no_set_are_refused() -> None:
    with scripted() as engine:
        assert refused(lambda: engine.score_labels(weigh("say", "Yes", "Yes!"))).stable_code == "engine.bad_request"
        nothing = LabelRequest((), ("Yes", "No"))
        assert refused(lambda: engine.score_labels(nothing)).stable_code == "engine.bad_request"
        assert refused(lambda: engine.prime(())).stable_code == "engine.bad_request"
        assert engine.state == "cold"


def test_an_answer_of_nothing_is_none() -> None:
    with scripted() as engine:
        assert refused(lambda: engine.generate(ask("say  "))).stable_code == "engine.empty_answer"


def test_a_deadline_counts_while_the_model_is_loaded_and_the_loading_goes_on(tmp_path: Path) -> None:
    with scripted(load=f"until {tmp_path / 'now'}") as engine:
        raised = refused(lambda: engine.generate(ask("say a", deadline_s=0.05)))
        assert raised.stable_code == "engine.timeout"
        assert "still being loaded" in raised.message
        assert engine.state == "loading"
        assert not engine.health().ready
        (tmp_path / "now").touch()
        assert engine.generate(ask("say a")).text == "a"
        assert engine.counts.starts == 1


def test_an_unloaded_model_gives_its_memory_back_and_comes_again_when_asked() -> None:
    with scripted() as engine:
        assert engine.generate(ask("say a")).text == "a"
        assert engine.memory_bytes > 1 << 20
        engine.unload()
        assert (engine.state, engine.memory_bytes, engine.process_id) == ("cold", 0, None)
        assert engine.generate(ask("say b")).text == "b"
        assert (engine.counts.starts, engine.counts.lost) == (2, 0)


def test_what_runs_is_ended_before_a_model_is_let_go_and_what_comes_then_waits_for_the_next(tmp_path: Path) -> None:
    with scripted() as engine, ThreadPoolExecutor(3) as pool:
        engine.warm()
        running = pool.submit(engine.generate, ask(f"until {tmp_path / 'now'}"))
        eventually(lambda: engine._kept.current is not None and engine._kept.current._questions.waited_for == 1)
        gone = pool.submit(engine.unload)
        eventually(lambda: engine.state == "draining")
        late = pool.submit(engine.generate, ask("say late"))
        (tmp_path / "now").touch()
        assert running.result().text == "at last"
        assert late.result().text == "late"
        gone.result()
        assert (engine.counts.starts, engine.counts.lost) == (2, 0)


def test_a_closed_engine_refuses() -> None:
    with scripted() as engine:
        engine.warm()
        engine.close()
        engine.close()
        assert refused(lambda: engine.generate(ask("say a"))).stable_code == "engine.closed"


def test_closing_ends_what_does_not_end_by_itself() -> None:
    with scripted() as engine, ThreadPoolExecutor(1) as pool:
        engine.warm()
        call = pool.submit(engine.generate, ask("slow 600"))
        eventually(lambda: engine._kept.current is not None and engine._kept.current._questions.waited_for == 1)
        engine.close(0.05)
        assert refused(lambda: call.result(90)).stable_code == "engine.closed"


def test_health_is_told_while_the_engine_is_full() -> None:
    with scripted() as engine, ThreadPoolExecutor(8) as pool:
        engine.warm()
        cancel = Cancel()
        calls = [pool.submit(engine.generate, ask("slow 600"), cancel) for _ in range(8)]
        assert engine.health().ready
        cancel.cancel()
        assert {refused(call.result).stable_code for call in calls} == {"engine.cancelled"}


def test_it_says_what_it_is_without_being_loaded(tmp_path: Path) -> None:
    absent = LocalEngine(LocalModel("gone", str(tmp_path / "gone.gguf"), "sha256:1", "llama.cpp", quantisation="Q8_0"))
    assert absent.identity["quantisation"] == "Q8_0"
    assert not absent.health().ready
    unknown = LocalEngine(LocalModel("odd", str(tmp_path), "sha256:1", "odd"))
    assert not unknown.health().ready
    assert refused(lambda: unknown.identity).stable_code == "engine.bad_settings"


def test_a_cancel_switch_that_outlives_its_calls_keeps_none_of_them() -> None:
    cancel = Cancel()
    with scripted() as engine:
        for _ in range(3):
            engine.generate(Request((Message("user", "say a"),)), cancel)
        assert not cancel._calls


def test_engines_can_be_made_and_first_asked_by_threads_that_end() -> None:
    with scripted() as engine:
        first = threading.Thread(target=lambda: engine.generate(ask("say a")))
        first.start()
        first.join()
        before = engine.process_id
        assert engine.generate(ask("say b")).text == "b"
        assert engine.process_id == before
        assert engine.counts.starts == 1


def test_errors_are_made_anew_for_each_caller() -> None:
    with scripted(load="refuse") as engine:
        errors: list[EngineError] = [refused(lambda: engine.generate(ask("say a"))) for _ in range(2)]
        assert errors[0] is not errors[1]
        assert {one.stable_code for one in errors} == {"engine.model_unreadable"}
