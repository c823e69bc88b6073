from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent_agency.errors import AllowanceUsedUpError, EngineError, StoreError
from agent_agency.inference.engine_settings import SpendLimits
from agent_agency.inference.labels import LabelEngine, LabelReply, LabelRequest, LabelScore
from agent_agency.inference.protocol import Cancel, Message, Parameters, Piece, Reply, Request, Usage
from agent_agency.inference.spend.book import SpendBook
from agent_agency.inference.spend.spending import FREE, Spending, SpendingLabels, Stoppable, StoppableLabels, bound_of
from agent_agency.store import spending
from agent_agency.store.database import Database
from agent_agency.store.spending import Spent, Switched
from support.counting_engine import CountingEngine, a_reply, a_request
from support.spending import PRICE, SetClock, a_book

LABELS = LabelRequest((Message("user", "q"),), ("yes", "no"))


@dataclass
class Remote(CountingEngine):
    """No model: a double that fails as it is told."""

    error: BaseException | None = None
    scored: int = field(default=0)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        reply = super().generate(request, cancel)
        if self.error is not None:
            raise self.error
        return reply

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        del cancel
        self.scored += 1
        scores = tuple(LabelScore(one, -1.0, 1) for one in request.labels)
        return LabelReply(scores, Usage(7, 2), "double", "", 0.1)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/agency/store.db")


def _spent(database: Database) -> Spent:
    with database.read() as connection:
        return spending.spent_in_month(connection, "2026-01", "EUR")


def _stop(database: Database) -> None:
    with database.write() as connection:
        spending.switch(connection, Switched("stop", "2026-01-31T08:00:00.000Z", "ann", ""))


def test_an_answer_costs_what_the_engine_counted(database: Database) -> None:
    engine = Remote()
    assert Spending(engine, PRICE, a_book(database)).generate(a_request()).text == "noitseuq"
    assert _spent(database) == Spent(0, 7 + 2 * 3, 0, 1)


def test_a_call_that_may_pass_the_cap_is_never_made(database: Database) -> None:
    engine = Remote()
    bound = bound_of(a_request())
    spender = Spending(engine, PRICE, a_book(database, task=bound.prompt + 2 * bound.completion - 1))
    with pytest.raises(AllowanceUsedUpError):
        spender.generate(a_request())
    with pytest.raises(AllowanceUsedUpError):
        next(spender.stream(a_request()))
    assert engine.asked == 0


def test_the_most_that_is_reserved_counts_every_byte_of_prompt_and_schema() -> None:
    plain = Request((Message("user", "ü" * 100),), Parameters(max_tokens=77))
    schemed = Request(plain.messages, plain.parameters, {"type": "object", "description": "x" * 500})
    assert bound_of(plain).completion == 77
    assert bound_of(plain).prompt >= 200
    assert bound_of(schemed).prompt >= bound_of(plain).prompt + 500


@pytest.mark.parametrize("code", ["engine.timeout", "engine.incomplete", "engine.bad_answer", "engine.cancelled"])
def test_a_call_that_failed_half_way_counts_whole(code: str, database: Database) -> None:
    engine = Remote(error=EngineError("no", fix="none", code=code))
    with pytest.raises(EngineError):
        Spending(engine, PRICE, a_book(database)).generate(a_request())
    bound = bound_of(a_request())
    assert _spent(database) == Spent(0, bound.prompt + 2 * bound.completion, 0, 1)


@pytest.mark.parametrize("code", sorted(FREE))
def test_a_call_that_a_server_refused_before_working_costs_nothing(code: str, database: Database) -> None:
    with pytest.raises(EngineError):
        Spending(Remote(error=EngineError("no", fix="none", code=code)), PRICE, a_book(database)).generate(a_request())
    assert _spent(database) == Spent(0, 0, 0, 1)


def test_an_interrupted_call_counts_whole(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt):
        Spending(Remote(error=KeyboardInterrupt()), PRICE, a_book(database)).generate(a_request())
    assert _spent(database).settled == bound_of(a_request()).prompt + 2 * bound_of(a_request()).completion


def test_a_stream_costs_what_was_counted_and_whole_where_nobody_read_on(database: Database) -> None:
    spender = Spending(Remote(), PRICE, a_book(database))
    assert "".join(piece.text for piece in spender.stream(a_request())) == "noitseuq"
    assert _spent(database).settled == 13
    pieces: Iterator[Piece] = spender.stream(a_request())
    next(pieces)
    assert _spent(database).open == 1
    del pieces
    assert (_spent(database).open, _spent(database).settled > 13) == (0, True)


def test_an_answer_is_handed_on_when_it_cannot_be_settled_and_stays_counted_whole(database: Database) -> None:
    class Unsettled(SpendBook):
        def settle(self, *_: object, **__: object) -> int:
            raise StoreError("the disk is full", fix="none")

    book = Unsettled(database, SpendLimits(), "t", SetClock(), lambda: "1")
    assert Spending(Remote(), PRICE, book).generate(a_request()).text
    assert _spent(database).open == 1


def test_finding_out_what_an_engine_can_do_is_reserved_once(database: Database) -> None:
    spender = Spending(Remote(), PRICE, a_book(database))
    spender.capabilities()
    before = _spent(database)
    spender.capabilities()
    assert (before.calls, _spent(database)) == (1, before)
    assert before.settled > 0


@pytest.mark.parametrize("priced", [True, False])
def test_while_remote_calls_are_stopped_nothing_at_all_is_asked(priced: bool, database: Database) -> None:
    engine, book = Remote(), a_book(database)
    asked = SpendingLabels(engine, PRICE, book) if priced else StoppableLabels(engine, book)
    _stop(database)
    assert "stopped by ann" in asked.health().detail
    for ask in (
        lambda: asked.generate(a_request()),
        lambda: list(asked.stream(a_request())),
        lambda: asked.score_labels(LABELS),
        asked.capabilities,
        lambda: asked.count_tokens(a_request().messages),
        lambda: asked.identity,
    ):
        with pytest.raises(AllowanceUsedUpError):
            ask()
    assert (engine.asked, engine.scored) == (0, 0)


def test_an_identity_that_is_known_is_told_although_calls_are_stopped(database: Database) -> None:
    spender = Stoppable(Remote(), a_book(database))
    known = spender.identity
    _stop(database)
    assert spender.identity == known


def test_an_engine_without_a_price_is_asked_and_nothing_is_counted(database: Database) -> None:
    engine = Remote()
    stoppable = StoppableLabels(engine, a_book(database))
    assert stoppable.generate(a_request()) == a_reply("noitseuq")
    assert len(list(stoppable.stream(a_request()))) == 2
    assert stoppable.score_labels(LABELS).usage == Usage(7, 2)
    assert stoppable.health().ready
    assert stoppable.count_tokens(a_request().messages) == 3
    assert not database.exists()


def test_scored_labels_cost_what_was_counted(database: Database) -> None:
    spender = SpendingLabels(Remote(), PRICE, a_book(database))
    assert isinstance(spender, LabelEngine)
    spender.score_labels(LABELS)
    assert _spent(database) == Spent(0, 7 + 2 * 2, 0, 1)
    assert not isinstance(Spending(Remote(), PRICE, a_book(database)), LabelEngine)
