from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelEngine
from agent_agency.inference.protocol import Cancel
from agent_agency.inference.scheduling.for_task import ForTask
from agent_agency.inference.scheduling.scheduler import Scheduler
from agent_agency.inference.scheduling.settings import SchedulerSettings
from support.counting_engine import CountingEngine, a_request
from support.scheduled_double import GatedDouble, PrimingDouble, asked, asked_labels, failing


def _one_at_a_time(**changes: object) -> SchedulerSettings:
    return replace(SchedulerSettings(width=1), **changes)  # type: ignore[arg-type]


def _blocked(engine: GatedDouble, settings: SchedulerSettings | None = None) -> Scheduler:
    """A scheduler whose width is taken up by calls that wait at the engine's gate."""
    scheduler = Scheduler(engine, settings or _one_at_a_time())
    for number in range(scheduler.served().width):
        scheduler.submit(asked(f"block {number}"), task="blocker")
    engine.wait_for_running(scheduler.served().width)
    return scheduler


def _code(caught: pytest.ExceptionInfo[EngineError]) -> str:
    return caught.value.stable_code


def test_it_answers_as_the_engine_does() -> None:
    engine = GatedDouble()
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        assert isinstance(scheduler, LabelEngine)
        assert scheduler.generate(asked("abc")).text == "cba"
        assert scheduler.score_labels(asked_labels("abc")).logprobs() == {"yes": -1.0, "no": -2.0}
        assert "".join(piece.text for piece in scheduler.stream(asked("abc"))) == "cba"
        assert scheduler.submit(asked("xy")).result().text == "yx"
        assert scheduler.submit_labels(asked_labels("abc")).result().scores[0].label == "yes"
        assert ForTask(scheduler, "case 1").generate(asked("task")).text == "ksat"
        assert (scheduler.name, scheduler.identity) == (engine.name, engine.identity)
        assert scheduler.served().answered == 6


def test_an_engine_that_scores_no_labels_says_so() -> None:
    with Scheduler(CountingEngine()) as scheduler, pytest.raises(EngineError) as caught:
        scheduler.score_labels(asked_labels("x"))
    assert _code(caught) == "engine.no_labels"


def test_no_more_are_in_flight_than_the_width_and_none_is_lost() -> None:
    engine = GatedDouble()
    engine.gate.set()
    with Scheduler(engine, SchedulerSettings(width=3)) as scheduler, ThreadPoolExecutor(16) as pool:
        texts = list(pool.map(lambda number: scheduler.generate(asked(f"{number:03}")).text, range(200)))
    assert texts == [f"{number:03}"[::-1] for number in range(200)]
    assert engine.most <= 3
    assert len(engine.order) == 200


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine, _one_at_a_time(capacity=2))
    tickets = [scheduler.submit(asked(str(number))) for number in range(2)]
    with pytest.raises(EngineError) as caught:
        scheduler.submit(asked("too many"))
    assert _code(caught) == "engine.busy"
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 0
    assert scheduler.health_now().ready
    engine.gate.set()
    assert [ticket.result().text for ticket in tickets] == ["0", "1"]
    assert scheduler.served().refused == {"engine.busy": 1}
    scheduler.close()


def test_a_burst_that_can_be_in_flight_is_not_taken_to_wait() -> None:
    engine = GatedDouble()
    with Scheduler(engine, SchedulerSettings(width=3, capacity=1)) as scheduler:
        tickets = [scheduler.submit(asked(str(number))) for number in range(4)]
        with pytest.raises(EngineError) as caught:
            scheduler.submit(asked("too many"))
        assert _code(caught) == "engine.busy"
        engine.gate.set()
        assert [ticket.result().text for ticket in tickets] == ["0", "1", "2", "3"]


def test_a_full_queue_gives_way_to_another_task_and_to_what_matters_more() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine, _one_at_a_time(capacity=4))
    flood = [scheduler.submit(asked(f"flood {number}"), task="flood") for number in range(4)]
    others = [scheduler.submit(asked(f"other {number}"), task="other") for number in range(2)]
    high = scheduler.submit(asked("high"), task="flood", priority=1)
    for task, priority in (("other", 0), ("flood", 0), ("third", -1)):
        with pytest.raises(EngineError) as caught:
            scheduler.submit(asked("refused"), task=task, priority=priority)
        assert _code(caught) == "engine.busy"
        assert caught.value.retry_after_s
    gone = flood[1:]  # two for the other task, then one for the higher priority
    for one in gone:
        error = one.exception(30)
        assert isinstance(error, EngineError)
        assert (error.stable_code, bool(error.retry_after_s)) == ("engine.busy", True)
    engine.gate.set()
    assert high.result().text == "hgih"
    assert all(ticket.result() for ticket in (flood[0], *others))
    served = scheduler.served()
    assert (served.failed, served.refused) == ({"engine.busy": 3}, {"engine.busy": 3})
    scheduler.close()


def test_what_is_late_in_the_queue_is_not_sent() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine)
    late = scheduler.submit(asked("late", deadline_s=0.02))
    with pytest.raises(EngineError) as caught:
        late.result()
    assert _code(caught) == "engine.timeout"
    engine.gate.set()
    scheduler.close()
    assert "late" not in engine.order


def test_the_engine_is_given_what_is_left_of_the_deadline() -> None:
    now = [0.0]
    engine = GatedDouble()
    scheduler = Scheduler(engine, _one_at_a_time(), timer=lambda: now[0])
    first = scheduler.submit(asked("first"))
    engine.wait_for_running(1)
    second = scheduler.submit(asked("second", deadline_s=30.0))
    now[0] = 10.0
    engine.gate.set()
    assert (first.result().text, second.result().text) == ("tsrif", "dnoces")
    assert engine.deadlines == [60.0, 20.0]
    scheduler.close()


def test_an_engine_that_never_answers_keeps_nobody_beyond_the_deadline() -> None:
    now = [0.0]
    engine = GatedDouble(deaf=True)
    scheduler = Scheduler(engine, _one_at_a_time(overrun_s=1.0, idle_s=0.01), timer=lambda: now[0])
    hung = scheduler.submit(asked("hung", deadline_s=30.0))
    engine.wait_for_running(1)
    now[0] = 32.0
    with pytest.raises(EngineError) as caught:
        hung.result()
    assert _code(caught) == "engine.timeout"
    assert scheduler.served().running == 1
    engine.gate.set()
    assert scheduler.generate(asked("next")).text == "txen"
    scheduler.close()


def test_the_higher_priority_and_then_the_earlier_deadline_goes_first() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine)
    scheduler.submit(asked("low"), priority=-1)
    scheduler.submit(asked("later", deadline_s=50.0))
    scheduler.submit(asked("sooner", deadline_s=40.0))
    scheduler.submit(asked("high"), priority=1)
    engine.gate.set()
    scheduler.close()
    assert engine.order[1:] == ["high", "sooner", "later", "low"]


def test_a_task_with_a_thousand_requests_delays_another_ones_single_request_by_no_more_than_one() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine)
    for number in range(1000):
        scheduler.submit(asked(f"many {number}"), task="many")
    scheduler.submit(asked("single"), task="single")
    engine.gate.set()
    scheduler.close()
    assert engine.order.index("single") <= 2
    assert len(engine.order) == 1002


def test_a_cancelled_request_leaves_the_queue() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine)
    ticket = scheduler.submit(asked("unwanted"))
    assert ticket.cancel()
    with pytest.raises(EngineError) as caught:
        ticket.result()
    assert _code(caught) == "engine.cancelled"
    assert not ticket.cancel()
    assert scheduler.served().waiting == 0
    engine.gate.set()
    scheduler.close()
    assert "unwanted" not in engine.order


def test_a_request_that_is_cancelled_in_flight_frees_its_place() -> None:
    engine = GatedDouble()
    scheduler = Scheduler(engine, _one_at_a_time())
    switch = Cancel()
    ticket = scheduler.submit(asked("unwanted"), switch)
    engine.wait_for_running(1)
    switch.cancel()
    with pytest.raises(EngineError) as caught:
        ticket.result()
    assert _code(caught) == "engine.cancelled"
    engine.wait_for_quiet()
    engine.gate.set()
    assert scheduler.generate(asked("next")).text == "txen"
    assert engine.cancelled == 1
    scheduler.close()


def test_what_is_cancelled_before_it_is_asked_is_not_asked() -> None:
    engine = GatedDouble()
    switch = Cancel()
    switch.cancel()
    with Scheduler(engine) as scheduler, pytest.raises(EngineError) as caught:
        scheduler.generate(asked("unwanted"), switch)
    assert _code(caught) == "engine.cancelled"
    assert not engine.order


def test_who_stops_reading_a_stream_cancels_it() -> None:
    engine = GatedDouble()
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        pieces = scheduler.stream(asked("abc"))
        assert next(pieces).text == "c"
        pieces.close()  # type: ignore[attr-defined]
        assert scheduler.generate(asked("next")).text == "txen"


def test_a_prefix_is_computed_once_before_its_requests_are_let_through() -> None:
    engine = PrimingDouble()
    scheduler = Scheduler(engine)
    tickets = [scheduler.submit(asked(str(number), shared="rubric")) for number in range(10)]
    engine.wait_for_running(1)
    assert engine.order == ["prime rubric"]
    engine.gate.set()
    wait(tickets)
    assert engine.order.count("prime rubric") == 1
    assert engine.most <= engine.width
    served = scheduler.served()
    assert (served.tokens.asked, served.tokens.cached, served.tokens.primed) == (7500, 6000, 600)
    assert (served.tokens.computed, served.tokens.saved) == (2100, 5400)
    scheduler.close()


def test_one_prefix_is_served_before_the_next_is_computed() -> None:
    engine = PrimingDouble(width=1)
    scheduler = _blocked(engine, SchedulerSettings(bypass=100))
    for number in range(10):
        scheduler.submit(asked(f"a{number}", shared="A"))
        scheduler.submit(asked(f"b{number}", shared="B"))
    engine.gate.set()
    scheduler.close()
    order = engine.order[1:]
    assert order[0] == "prime A"
    assert order[11] == "prime B"
    assert {text[0] for text in order[1:11]} == {"a"}


def test_a_prefix_that_cannot_be_computed_ahead_holds_no_request_back() -> None:
    engine = PrimingDouble(fails_to_prime=failing("prompt_too_long"))
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        assert scheduler.generate(asked("abc", shared="rubric")).text == "cba"
        assert scheduler.served().priming_failures == 1


def test_after_the_engine_failed_its_prefixes_are_computed_anew() -> None:
    fails = [False]

    def answer(text: str) -> str:
        if fails[0]:
            raise failing("process_died")
        return text[::-1]

    engine = PrimingDouble(answer=answer)
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        for fails[0] in (False, False, True, False):
            if fails[0]:
                with pytest.raises(EngineError):
                    scheduler.generate(asked("x", shared="rubric"))
            else:
                scheduler.generate(asked("x", shared="rubric"))
    assert engine.order == ["prime rubric", "x", "x", "x", "prime rubric", "x"]


def test_more_prefixes_than_are_kept_are_each_computed_once_when_they_come_together() -> None:
    engine = PrimingDouble(width=8)
    engine.gate.set()
    with Scheduler(engine, SchedulerSettings(kept_groups=1)) as scheduler:
        wait([scheduler.submit(asked(f"{number}", shared=f"item {number // 4}")) for number in range(200)])
    assert sum(text.startswith("prime") for text in engine.order) <= 55


def test_an_engine_that_keeps_failing_is_left_alone_and_comes_back() -> None:
    now = [0.0]
    down = [True]

    def answer(text: str) -> str:
        if down[0]:
            raise failing("unreachable")
        return text[::-1]

    engine = GatedDouble(answer=answer)
    engine.gate.set()
    scheduler = Scheduler(engine, _one_at_a_time(), timer=lambda: now[0])
    codes = []
    for _ in range(7):
        with pytest.raises(EngineError) as caught:
            scheduler.generate(asked("x"))
        codes.append(_code(caught))
    assert codes == ["engine.unreachable"] * 5 + ["engine.breaker_open"] * 2
    assert len(engine.order) == 5
    assert not scheduler.health_now().ready
    assert "the double says unreachable" in caught.value.message
    now[0], down[0] = 3.0, False
    assert scheduler.generate(asked("abc")).text == "cba"
    assert scheduler.served().breaker == "closed"
    scheduler.close()


def test_what_waits_ends_at_once_when_the_engine_is_left_alone() -> None:
    engine = GatedDouble(answer=lambda _: (_ for _ in ()).throw(failing("server_failed")))
    scheduler = _blocked(engine)
    tickets = [scheduler.submit(asked(str(number))) for number in range(20)]
    engine.gate.set()
    codes = {error.stable_code for ticket in tickets if isinstance(error := ticket.exception(), EngineError)}
    assert codes == {"engine.server_failed", "engine.breaker_open"}
    assert len(engine.order) == 5
    scheduler.close()


def test_a_refusal_for_what_was_asked_does_not_speak_against_the_engine() -> None:
    engine = GatedDouble(answer=lambda _: (_ for _ in ()).throw(failing("prompt_too_long")))
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        for _ in range(20):
            with pytest.raises(EngineError) as caught:
                scheduler.generate(asked("x"))
            assert _code(caught) == "engine.prompt_too_long"


def test_a_busy_engine_is_asked_again_after_the_time_that_it_names() -> None:
    tries: list[str] = []
    retry_after_s = 0.01

    def answer(text: str) -> str:
        tries.append(text)
        if len(tries) < 3:
            raise failing("busy", retry_after_s=retry_after_s)
        return text[::-1]

    engine = GatedDouble(answer=answer)
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        assert scheduler.generate(asked("abc")).text == "cba"
        assert scheduler.served().width < SchedulerSettings().aimd.first
        tries.clear()
        retry_after_s = 1000.0
        with pytest.raises(EngineError) as caught:
            scheduler.generate(asked("x", deadline_s=100.0))
    assert _code(caught) == "engine.busy"


def test_nobody_waits_in_vain_for_an_engine_that_named_a_time_beyond_the_deadline() -> None:
    now = [0.0]
    engine = GatedDouble(answer=lambda _: (_ for _ in ()).throw(failing("busy", retry_after_s=100.0)))
    scheduler = Scheduler(engine, _one_at_a_time(), timer=lambda: now[0])
    tickets = [scheduler.submit(asked(str(number))) for number in range(3)]
    engine.wait_for_running(1)
    patient = scheduler.submit(asked("patient", deadline_s=1000.0))
    engine.gate.set()
    errors = [ticket.exception() for ticket in tickets]
    assert {error.stable_code for error in errors if isinstance(error, EngineError)} == {"engine.busy"}
    assert len(engine.order) == 1
    with pytest.raises(EngineError) as caught:
        scheduler.submit(asked("hurried"))
    assert caught.value.retry_after_s == 100.0
    assert not patient.done()
    scheduler.close(drain=False)


def test_a_probe_that_hangs_keeps_nobody_from_trying_again() -> None:
    now = [0.0]
    down = [True]

    def answer(text: str) -> str:
        if down[0]:
            raise failing("process_died")
        return text[::-1]

    engine = GatedDouble(answer=answer, deaf=True)
    engine.gate.set()
    scheduler = Scheduler(engine, SchedulerSettings(width=2), timer=lambda: now[0])
    for _ in range(5):
        with pytest.raises(EngineError):
            scheduler.generate(asked("x"))
    engine.gate.clear()
    now[0], down[0] = 3.0, False
    probe, after = scheduler.submit(asked("probe")), scheduler.submit(asked("after"))
    engine.wait_for_running(1)
    assert (scheduler.served().breaker, scheduler.served().waiting) == ("half_open", 1)
    probe.cancel()
    engine.wait_for_running(2)
    engine.gate.set()
    assert after.result().text == "retfa"
    assert scheduler.served().breaker == "closed"
    scheduler.close()


def test_closing_lets_what_is_there_end_and_takes_no_more() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine)
    ticket = scheduler.submit(asked("abc"))
    closing = threading.Thread(target=scheduler.close)
    closing.start()
    engine.gate.set()
    closing.join()
    assert ticket.result().text == "cba"
    with pytest.raises(EngineError) as caught:
        scheduler.submit(asked("x"))
    assert _code(caught) == "engine.closed"
    assert not scheduler.health_now().ready


def test_closing_at_once_cancels_what_is_there() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine)
    ticket = scheduler.submit(asked("abc"))
    assert scheduler.close(drain=False)
    assert engine.cancelled == 1
    with pytest.raises(EngineError) as caught:
        ticket.result()
    assert _code(caught) == "engine.closed"


def test_closing_waits_for_a_deaf_engine_no_longer_than_it_is_told() -> None:
    engine = GatedDouble(deaf=True)
    scheduler = _blocked(engine)
    assert not scheduler.close(drain=False, timeout_s=0.01)
    engine.gate.set()


def test_how_it_is_now_is_told_while_it_is_full() -> None:
    engine = GatedDouble()
    scheduler = _blocked(engine, _one_at_a_time(capacity=3))
    for number in range(3):
        scheduler.submit(asked(str(number)))
    assert scheduler.health_now().detail == "3 waiting, 1 running of 1"
    engine.gate.set()
    scheduler.close()


def test_a_fault_of_the_engine_that_is_none_of_ours_reaches_who_asked() -> None:
    engine = GatedDouble(answer=lambda _: (_ for _ in ()).throw(ZeroDivisionError("a mistake")))
    engine.gate.set()
    with Scheduler(engine) as scheduler:
        with pytest.raises(ZeroDivisionError):
            scheduler.generate(asked("x"))
        with pytest.raises(ZeroDivisionError):
            scheduler.submit(asked("x")).result()


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, float("nan")])
def test_a_deadline_that_is_no_time_is_refused(deadline_s: float) -> None:
    with Scheduler(CountingEngine()) as scheduler, pytest.raises(EngineError) as caught:
        scheduler.generate(replace(a_request(), deadline_s=deadline_s))
    assert _code(caught) == "engine.bad_request"


def test_threads_without_work_end() -> None:
    engine = GatedDouble()
    engine.gate.set()
    before = threading.active_count()
    scheduler = Scheduler(engine, SchedulerSettings(width=4, idle_s=0.01))
    wait([scheduler.submit(asked(str(number))) for number in range(50)])
    for thread in threading.enumerate():
        if thread.name.startswith("scheduler"):
            thread.join(30)
    assert threading.active_count() <= before
    assert scheduler.generate(asked("abc")).text == "cba"
    assert scheduler.submit(asked("abc")).result().text == "cba"
