"""The modes on real engines in process, with a model of random weights: what it says is nonsense, its form is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent_agency.canonical_json import digest_bytes
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_form import FULL
from agent_agency.judging.modes.label_judge import LabelJudge
from agent_agency.judging.modes.short_answer import SHORT, SHORT_TOKENS, read_short
from agent_agency.judging.read_answer import Refused
from agent_agency.judging.shipped import shipped_prompt
from agent_agency.judging.subject import Subject
from agent_agency.workflows.judge_items import Item, ItemSet
from agent_agency.workflows.judge_serving import served
from agent_agency.workflows.judge_ways import Opening, Way
from agent_agency.workflows.mode_asking import AskedAll, ask_all
from support.test_models import nano_model

ITEMS = ItemSet(
    tuple(
        Item(Subject(f"{at}", "text", "Name a fruit.", f"Number {at}: " + "an apple, " * at), None) for at in range(6)
    ),
    "made up",
)


@pytest.fixture(scope="module", params=["openvino", "llama.cpp"])
def engine(request: pytest.FixtureRequest) -> Iterator[LocalEngine]:
    pytest.importorskip({"openvino": "openvino_genai", "llama.cpp": "xllamacpp"}[request.param])
    path: Path = nano_model()
    digest = digest_bytes(path.read_bytes())
    local = LocalEngine(LocalModel("nano", str(path), digest, request.param, precision="exact", width=4, context=4096))
    yield local
    local.close()


def _opening(engine: LocalEngine) -> Opening:
    return Opening(shipped_prompt("rubric"), engine, Parameters(max_tokens=48), b"s" * 32)


def _probabilities(asked: AskedAll) -> list[list[float]]:
    found = [(work.assessment or {})["scored"] for work in asked.works]
    return [list(one["probabilities"].values()) for one in found]


def test_labels_asked_many_at_once_are_those_asked_alone(engine: LocalEngine) -> None:
    judge = _opening(engine).judge(Way("label"))
    assert isinstance(judge, LabelJudge)
    alone = _probabilities(ask_all(judge, ITEMS, 1, time.monotonic))
    together = _probabilities(ask_all(judge, ITEMS, 4, time.monotonic))
    assert [pytest.approx(one, abs=5e-5) for one in alone] == together
    assert len({tuple(round(share, 6) for share in one) for one in alone}) == len(alone)


def test_the_order_of_the_prompt_is_another_version_and_labels_come_in_both(engine: LocalEngine) -> None:
    asked = [_opening(engine).judge(Way("label", order)) for order in ("rubric-first", "item-first")]
    assert len({one.version for one in asked}) == 2
    assert all(None not in ask_all(one, ITEMS, 4, time.monotonic).verdicts for one in asked)


def test_every_short_answer_that_an_engine_can_draw_is_usable(engine: LocalEngine) -> None:
    def drawn(at: int) -> Answer | Refused:
        parameters = Parameters(temperature=1.0, seed=at, max_tokens=SHORT_TOKENS)
        return read_short(engine.generate(Request((Message("user", f"{at}"),), parameters, SHORT.schema, 300.0)).text)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(drawn, range(200)))
    assert [one for one in answers if isinstance(one, Refused)] == []
    assert len({one.verdict for one in answers if isinstance(one, Answer)}) > 1


def test_short_answers_keep_to_their_schema_and_take_few_tokens(engine: LocalEngine) -> None:
    with served(engine, "modes") as scheduled:
        judge = Opening(shipped_prompt("rubric"), scheduled.engine, Parameters(), b"s" * 32).judge(Way("short"))
        asked = ask_all(judge, ITEMS, 4, time.monotonic)
    assert {(work.status, work.reason) for work in asked.works} <= {("judged", ""), ("abstained", "")}
    assert asked.tokens.completion <= 25 * asked.tokens.calls
    assert asked.tokens.cached > 0


def test_whole_answers_are_asked_for_under_their_schema(engine: LocalEngine) -> None:
    asked = ask_all(_opening(engine).judge(Way()), ItemSet(ITEMS.items[:2], "made up"), 2, time.monotonic)
    assert {work.reason for work in asked.works} <= {"invalid", "quote", "incoherent", ""}
    assert all(work.assessment and work.assessment["mode"] == FULL.mode for work in asked.works)
