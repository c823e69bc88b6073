"""What an engine is asked through DSPy is what was asked; its failures stay what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.learning.optimise.dspy_bridge import LmAsEngine, from_dspy, language_model, to_dspy
from support.number_judge import ASKED, NumberEngine

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
MESSAGES = st.builds(
    lambda system, turns: (*(Message("system", one) for one in system), *turns),
    st.lists(TEXT, max_size=2),
    st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), TEXT), min_size=1, max_size=4),
)
PARAMETERS = st.builds(
    Parameters,
    temperature=st.floats(0, 2),
    top_p=st.floats(0, 1),
    max_tokens=st.integers(1, 9999),
    seed=st.none() | st.integers(0, 2**31),
    context=st.none() | st.integers(1, 99999),
    repeat_penalty=st.floats(0.5, 2),
    top_logprobs=st.integers(0, 20),
    stop=st.lists(TEXT, max_size=2).map(tuple),
)
REQUESTS = st.builds(
    Request,
    messages=MESSAGES,
    parameters=PARAMETERS,
    schema=st.none() | st.just({"type": "object", "properties": {"verdict": {"type": "string"}}}),
    deadline_s=st.floats(0.1, 999),
    rollout=st.integers(0, 10**9),
)


@settings(deadline=None)  # the first one imports DSPy
@given(request=REQUESTS)
def test_a_request_survives_the_way_through_dspy(request: Request) -> None:
    assert from_dspy(to_dspy(request)) == request


def test_a_request_that_dspy_put_together_gets_our_defaults() -> None:
    lm15 = require("dspy.lm15", extra="optimize")
    asked = lm15.Request(model="x/y", system="Be short.", messages=(lm15.Message.user("Hello"),))
    assert from_dspy(asked) == Request((Message("system", "Be short."), Message("user", "Hello")))


def test_the_reply_comes_back_whole() -> None:
    request = Request((Message("system", ASKED), Message("user", "0.5")))
    engine = NumberEngine()
    through = LmAsEngine(language_model(engine)).generate(request)
    assert through == engine.generate(request)


def test_an_engine_that_fails_is_the_same_error_on_the_other_side() -> None:
    engine = LmAsEngine(language_model(NumberEngine(fails_after=0)))
    with pytest.raises(EngineError) as failed:
        engine.generate(Request((Message("user", "0.5"),)))
    assert failed.value.stable_code == "engine.unreachable"


def test_dspy_asks_once_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    engine = NumberEngine()
    through = LmAsEngine(language_model(engine))
    for _ in range(2):
        through.generate(Request((Message("system", ASKED), Message("user", "0.5"))))
    assert engine.calls == 2
    assert not list(tmp_path.iterdir())
