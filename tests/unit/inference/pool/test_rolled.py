from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent_agency.errors import AllowanceUsedUpError, EngineError
from agent_agency.inference.labels import LabelEngine, LabelRequest
from agent_agency.inference.pool.copies import Copies
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.inference.priming import Primed, PrimingEngine
from agent_agency.inference.protocol import Cancel, Message
from agent_agency.store import rollouts
from agent_agency.store.database import Database
from agent_agency.store.rollouts import Pair, RolloutStep
from support.counting_engine import CountingEngine, a_request
from support.pooled import SetTimer, died
from support.rollouts import RoleEngine, World, a_world

AT = "2026-01-31T08:00:00.000Z"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/agency/store.db")


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


def _by(text: str) -> str:
    return "new" if '"by": "new"' in text else "old"


def _pass(_: str) -> str:
    return "pass"


def _fail(_: str) -> str:
    return "fail"


def _move(world: World, stage: str) -> None:
    with world.book.database.write() as connection:
        rollouts.move(connection, world.rollout.number, RolloutStep("enough", stage, AT, "a test", ""))


def _pairs(world: World, stage: str) -> tuple[Pair, ...]:
    world.settle()
    with world.book.database.read() as connection:
        return rollouts.pairs_of(connection, world.rollout.number, stage, 500)


def test_in_the_shadow_the_new_engine_answers_copies_that_nobody_reads(world: World) -> None:
    engine = world.engine()
    answers = [engine.generate(a_request(str(at))).text for at in range(20)]
    assert {_by(one) for one in answers} == {"old"}
    assert (len(_pairs(world, "shadow")), world.new.asked) == (20, 20)
    assert (engine.name, engine.identity) == ("old", {"model": "old"})


def test_two_that_agree_go_from_shadow_to_share_to_all_and_the_role_is_given_over(world: World) -> None:
    engine = world.engine()
    seen: list[tuple[str, str]] = []
    for at in range(400):
        stage = world.stage
        seen.append((stage, _by(engine.generate(a_request(str(at))).text)))
        if stage == "finished":
            break
    assert {by for stage, by in seen if stage == "shadow"} == {"old"}
    assert {by for stage, by in seen if stage == "share"} == {"old", "new"}
    assert {by for stage, by in seen if stage in {"all", "finished"}} == {"new"}
    assert (engine.name, world.stage) == ("new", "finished")


def test_a_new_engine_that_judges_otherwise_goes_back_and_nobody_read_its_answers(world: World) -> None:
    world.new.verdict = _fail
    engine = world.engine()
    while world.stage == "shadow":
        assert _by(engine.generate(a_request(str(world.old.asked))).text) == "old"
    assert (world.stage, world.old.asked <= 12) == ("returned", True)
    asked = world.new.asked
    engine.generate(a_request("later"))
    world.settle()
    assert world.new.asked == asked


def test_a_new_engine_that_is_slower_than_agreed_goes_back(world: World) -> None:
    world.new.latency_s = 0.2
    engine = world.engine()
    for at in range(40):
        engine.generate(a_request(str(at)))
    assert world.stage == "returned"


@pytest.mark.parametrize("error", [died(), RuntimeError("odd"), AllowanceUsedUpError("used up", fix="none")])
def test_where_the_new_engine_fails_the_old_one_answers_in_what_is_left_of_the_deadline(
    error: Exception, world: World
) -> None:
    _move(world, "all")
    world.new.broken = error
    engine = world.engine()
    assert {_by(engine.generate(a_request(str(at))).text) for at in range(5)} == {"old"}
    assert _by("".join(piece.text for piece in engine.stream(a_request("s")))) == "old"
    assert all(one == 60.0 for one in world.new.deadlines)
    assert all(60.0 < one <= 120.0 for one in world.old.deadlines)
    pairs = _pairs(world, "all")
    assert (len(pairs), {one.agreed for one in pairs}, {one.old_outcome for one in pairs}) == (6, {False}, {"ok"})


def test_a_new_engine_that_keeps_failing_goes_back_by_itself(world: World) -> None:
    _move(world, "all")
    world.new.broken = died()
    engine = world.engine()
    for at in range(12):
        assert _by(engine.generate(a_request(str(at))).text) == "old"
    assert world.stage == "returned"
    asked = world.new.asked
    engine.generate(a_request("later"))
    assert world.new.asked == asked


def test_an_error_of_the_old_engine_is_told_and_says_nothing_of_the_new_one(world: World) -> None:
    world.old.broken = EngineError("too long", fix="Shorten it.", code="engine.prompt_too_long")
    with pytest.raises(EngineError, match="too long"):
        world.engine().generate(a_request())
    assert _pairs(world, "shadow") == ()


def test_a_cancelled_request_is_cancelled_and_not_asked_again(world: World) -> None:
    _move(world, "all")
    cancel = Cancel()
    cancel.cancel()
    engine = world.engine()
    with pytest.raises(EngineError, match="cancelled"):
        engine.generate(a_request(), cancel)
    with pytest.raises(EngineError, match="cancelled"):
        list(engine.stream(a_request(), cancel))
    assert (world.old.asked, _pairs(world, "all")) == (0, ())


def test_a_copy_for_which_no_money_is_left_says_nothing(world: World) -> None:
    world.new.broken = AllowanceUsedUpError("used up", fix="none")
    engine = world.engine()
    for at in range(20):
        engine.generate(a_request(str(at)))
    assert (_pairs(world, "shadow"), world.stage) == ((), "shadow")


def test_streams_make_pairs_too(world: World) -> None:
    engine = world.engine()
    for at in range(3):
        assert _by("".join(piece.text for piece in engine.stream(a_request(str(at))))) == "old"
    _move(world, "all")
    later = world.engine()
    assert _by("".join(piece.text for piece in later.stream(a_request("x")))) == "new"
    assert [len(_pairs(world, stage)) for stage in ("shadow", "all")] == [3, 1]


def test_an_engine_whose_identity_was_taken_down_in_the_shadow_lets_no_other_answer(world: World) -> None:
    pinned = world.engine(pinned=True)
    _move(world, "all")
    assert _by(pinned.generate(a_request()).text) == "old"
    assert (pinned.name, pinned.identity) == ("old", {"model": "old"})
    later = world.engine(pinned=True)
    assert _by(later.generate(a_request()).text) == "new"
    assert (later.name, later.identity["backend"]) == ("old|new", "rollout")


def test_who_takes_it_back_in_another_process_is_heeded_within_a_second(world: World) -> None:
    _move(world, "all")
    timer = SetTimer()
    engine = world.engine(timer=timer)
    assert _by(engine.generate(a_request()).text) == "new"
    world.book.act("primary", "back", "ann", "")
    timer.seconds = 1.1
    assert _by(engine.generate(a_request()).text) == "old"


def test_while_the_store_cannot_be_asked_the_old_engine_answers(world: World, tmp_path: Path) -> None:
    _move(world, "all")
    timer = SetTimer()
    engine = world.engine(timer=timer)
    world.settle()
    world.book.database.close()
    for path in (tmp_path / "agency").iterdir():
        path.unlink()
    (tmp_path / "agency" / "store.db").mkdir()
    timer.seconds = 1.1
    assert _by(engine.generate(a_request()).text) == "old"


def test_where_either_may_answer_it_can_what_both_can(world: World) -> None:
    _move(world, "share")
    engine = world.engine()
    assert engine.capabilities().notes == ()
    assert (engine.health().ready, engine.count_tokens(a_request().messages)) == (True, 3)
    assert isinstance(engine, LabelEngine)


@dataclass
class _PrimingRole(RoleEngine):
    """No model: keeps prefixes, and is asked so many at once."""

    width: int = 4

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:  # noqa: ARG002 - the protocol's
        self.asked += 1
        return Primed(len(messages), len(messages))


def test_two_servers_name_no_best_width_and_a_model_of_this_machine_keeps_its_own(world: World) -> None:
    assert not isinstance(world.engine(), PrimingEngine)
    world.old = _PrimingRole(name="old")
    _move(world, "share")
    with_a_server = world.engine()
    assert isinstance(with_a_server, PrimingEngine)
    assert (with_a_server.width, with_a_server.prime(a_request().messages).tokens) == (4, 2)
    world.new = _PrimingRole(name="new", width=2)
    both = world.engine()
    assert isinstance(both, PrimingEngine)
    assert (both.width, both.prime(a_request().messages).tokens, world.new.asked) == (2, 2, 1)


def test_labels_are_compared_by_the_likeliest_one(world: World) -> None:
    engine = world.engine()
    assert isinstance(engine, LabelEngine)
    for at in range(4):
        world.new.verdict = {True: _pass, False: _fail}[at % 2 == 1]
        engine.score_labels(LabelRequest((Message("user", str(at)),), ("yes", "no")))
        world.settle()
    assert [one.agreed for one in _pairs(world, "shadow")] == [False, True, False, True]


def test_an_engine_without_labels_makes_the_role_one_without_them(database: Database) -> None:
    world = a_world(database)
    world.new = CountingEngine(name="new")  # type: ignore[assignment]
    assert not isinstance(world.engine(), LabelEngine)


def test_copies_for_which_there_is_no_room_are_left_out() -> None:
    copies, go = Copies(threads=1, most_waiting=1), threading.Event()

    def wait(_: Cancel) -> None:
        go.wait(30)

    added = [copies.add(wait) for _ in range(5)]
    assert (added, copies.left_out) == ([True, True, False, False, False], 3)
    go.set()
    copies.close()
    assert not copies.add(lambda _: None)


def test_closing_ends_copies_that_are_still_being_answered(world: World) -> None:
    engine = world.engine()
    ended = threading.Event()

    def wait(cancel: Cancel) -> None:
        while not cancel.cancelled:
            threading.Event().wait(0.01)
        ended.set()

    world.copies.add(wait)
    engine.close()
    assert ended.is_set()


def test_no_request_is_lost_under_load_while_the_role_is_swapped_and_the_new_engine_killed(database: Database) -> None:
    world = a_world(database, RolloutLimits(shadow=1.0, share=0.5, least_pairs=10))
    world.copies = Copies(threads=1, most_waiting=32)
    engine = world.engine()
    lock, stages = threading.Lock(), set[str]()
    answered: list[tuple[int, str]] = []

    def ask(number: int) -> None:
        text = engine.generate(a_request(str(number))).text
        stage = world.book.stage_of(world.rollout.number)
        with lock:
            answered.append((number, _by(text)))
            stages.add(stage)
            if len(stages & {"all", "finished"}) and world.new.broken is None:
                world.new.broken = died()  # killed while it answers for everybody

    number = 0
    with ThreadPoolExecutor(16) as threads:
        while world.book.stage_of(world.rollout.number) in {"shadow", "share", "all"} and number < 3000:
            list(threads.map(ask, range(number, number + 64)))
            number += 64
            world.settle()
    assert sorted(one for one, _ in answered) == list(range(number))
    assert {"shadow", "share", "all"} <= stages
    assert world.book.stage_of(world.rollout.number) == "returned"
    assert {by for _, by in answered} == {"old", "new"}
    world.copies.close()
