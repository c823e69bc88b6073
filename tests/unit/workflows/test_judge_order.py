"""Which order the judges of a review are asked in: what stands first is computed once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.arbitration.ruling import Ruling
from agent_agency.clock import SystemClock
from agent_agency.facts import GateMode
from agent_agency.git import Repository
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Cancel, Message, Parameters, Reply, Request
from agent_agency.judging.cards.card import JudgeCard, Measure
from agent_agency.judging.judge import Judge
from agent_agency.judging.shipped import shipped_prompt
from agent_agency.judging.subject import Subject
from agent_agency.report.json_document import to_document
from agent_agency.sandbox.model import Isolation
from agent_agency.workflows.active_prompt import prompt_as_shipped
from agent_agency.workflows.judge_card import record_card
from agent_agency.workflows.judge_desk import Bench, JudgeDesk
from agent_agency.workflows.judge_order import choose_orders, in_orders, sizes_of
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from support.judging_engines import RuleEngine
from support.law import lawful_repo
from support.unguarded import services_at

SHORT = Subject("short", "text", "", "Yes.")
LONG = (
    "def total(lines):\n"
    + "".join(f"    number_{at} = lines[{at}] + {at}\n" for at in range(60))
    + "    return eval(lines)\n"
)


class KeepingEngine(RuleEngine):
    """A double for an engine that keeps prefixes; the rule looks at the change wherever it stands."""

    width = 4

    def prime(self, messages: tuple[Message, ...], cancel: Cancel | None = None) -> Primed:
        del messages, cancel
        return Primed(0, 0)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        change = request.messages[1 if request.messages[2].content.startswith("I have read it") else -1]
        reply = super().generate(replace(request, messages=(change,)), cancel)
        self.calls[-1] = request
        return reply


def _reviewed(folder: Path, engine: RuleEngine, judges: str, blocking: str = "", card: str = "") -> Ruling:
    repo = lawful_repo(folder, config=f"[judges]\nadvise = [{judges}]\nblock = [{blocking}]\n")
    repo.checkout("work")
    repo.write("src/totals.py", LONG)
    repo.commit("Read totals of any form")
    services = services_at(Isolation.NONE, dict(os.environ))
    if card:
        with Repository.discover(folder) as found:
            record = Record.of(found, SystemClock(), lambda: "1" * 32, to_document)
            record_card(record, _card(card), services.arbiter())
    bench = Bench(
        folder, os.environ, lambda: (engine, Parameters()), lambda: (services.arbiter().public_key,), SystemClock()
    )
    judged = replace(services, judges=lambda sitting: JudgeDesk(bench, sitting))
    return review(ReviewRequest(folder, base="main", head="work"), judged)


def _card(version: str) -> JudgeCard:
    share, small = Measure(0.95, 0.9, 0.97, 200, "wilson"), Measure(0.01, 0.0, 0.04, 200, "wilson")
    good = dict.fromkeys(("accuracy", "kappa", "retest"), share)
    low = dict.fromkeys(("abstention", "position_bias", "calibration_error", "injection_flips"), small)
    named = ("safety", version, "sha256:00", "a rule")
    return JudgeCard(*named, {}, {}, True, "sha256:00", "test", "2026-01-31T12:00:00Z", {**good, **low})


def _versions(engine: RuleEngine) -> tuple[str, ...]:
    judges = in_orders(prompt_as_shipped("safety"), engine, Parameters(), b"s" * 32, (), shares=True)
    return tuple(one.version for one in judges)


def test_judges_of_one_change_share_it_where_an_engine_keeps_what_it_computed(tmp_path: Path) -> None:
    engine = KeepingEngine()
    ruling = _reviewed(tmp_path / "repo", engine, '"safety", "relevance", "rubric"')
    assert len(engine.calls) == 3
    assert {one.shared for one in engine.calls} == {3}
    assert len({one.messages[:3] for one in engine.calls}) == 1
    gates = {one.name: one for one in ruling.gates}
    assert gates["judge_safety"].facts["judge_version"] == _versions(engine)[1]


@pytest.mark.parametrize(("engine", "judges"), [(KeepingEngine(), '"safety"'), (RuleEngine(), '"safety", "rubric"')])
def test_one_judge_alone_and_engines_that_keep_nothing_have_the_rubric_first(
    tmp_path: Path, engine: RuleEngine, judges: str
) -> None:
    _reviewed(tmp_path / "repo", engine, judges)
    assert all(one.shared == len(one.messages) - 1 for one in engine.calls)


@pytest.mark.parametrize("at", [0, 1])
def test_a_judge_with_a_card_is_asked_in_the_order_that_its_card_is_of(tmp_path: Path, at: int) -> None:
    engine = KeepingEngine()
    version = _versions(engine)[at]
    ruling = _reviewed(tmp_path / "repo", engine, '"rubric"', '"safety"', version)
    gate = next(one for one in ruling.gates if one.name == "judge_safety")
    assert (gate.facts["judge_version"], gate.mode) == (version, GateMode.BLOCK)


class CountingByWords(KeepingEngine):
    """A double that counts a token for each word; ``turn`` more for each message, as chat templates add them."""

    turn = 4

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return sum(len(one.content.split()) + self.turn for one in messages)


class CountingNothing(KeepingEngine):
    """A double that cannot count."""

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return len(messages) and None


def _both(engine: KeepingEngine, names: tuple[str, ...]) -> dict[str, tuple[Judge, ...]]:
    prompts = {name: shipped_prompt(name) for name in names}
    return {name: in_orders(one, engine, Parameters(), b"s" * 32, (), shares=True) for name, one in prompts.items()}


def _orders(engine: KeepingEngine, names: tuple[str, ...], subject: Subject) -> set[str]:
    chosen = choose_orders(_both(engine, names), subject, lambda _: False)
    return {one.layout.order for one in chosen.values()}


@pytest.mark.parametrize("engine", [CountingByWords(), CountingNothing()])
def test_the_cheaper_order_is_taken_by_the_engines_own_count_or_an_estimate(engine: KeepingEngine) -> None:
    four, long = ("relevance", "faithfulness", "minimality", "safety"), Subject("long", "code", "Add totals.", LONG)
    assert _orders(engine, four, long) == {"item-first"}
    assert _orders(engine, ("safety",), long) == {"rubric-first"}


def test_where_turns_are_dear_a_short_item_is_not_shared() -> None:
    engine = CountingByWords()
    engine.turn = 400
    assert _orders(engine, ("relevance", "safety"), SHORT) == {"rubric-first"}
    judges = _both(engine, ("relevance", "safety"))
    sizes = [sizes_of(one, SHORT) for one in judges.values()]
    rubric_first = sum(one.rubric_first for one in sizes)
    item_first = sum(one.item_first for one in sizes) - sizes[0].shared
    assert rubric_first < item_first
    engine.turn = 0
    assert _orders(engine, ("relevance", "faithfulness", "minimality", "safety"), SHORT) == {"item-first"}


def test_a_judge_that_its_card_holds_to_the_change_first_makes_sharing_cheaper_for_the_others() -> None:
    engine = CountingByWords()
    judges = _both(engine, ("relevance", "safety"))
    held = judges["safety"][1].version
    chosen = choose_orders(judges, SHORT, lambda one: one.version == held)
    assert {name: one.layout.order for name, one in chosen.items()} == {
        "safety": "item-first",
        "relevance": "item-first",
    }
