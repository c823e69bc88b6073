from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Capabilities, Message, Parameters
from agent_agency.judging.fence import fence_for
from agent_agency.judging.item_first import ItemFirstLayout
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.room import refuse_no_room
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from support.counting_engine import CountingEngine

JUDGE = "safety"


class _Windowed(CountingEngine):
    """A double with a context of so many tokens; it counts a word as one token, or does not count."""

    def __init__(self, window: int | None, *, counts: bool = True) -> None:
        super().__init__()
        self.window = window
        self.counts = counts

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), context_tokens=self.window)

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        return sum(len(one.content.split()) for one in messages) if self.counts else None


def _layout(kind: type[Layout] = Layout) -> Layout:
    return kind(shipped_rubric(JUDGE), fence_for(b"x" * 32, "d"))


def _needed(engine: _Windowed) -> int:
    """The least window that is not refused."""
    low, high = 1, 100_000
    while low < high:
        engine.window = (low + high) // 2
        try:
            refuse_no_room(shipped_prompt(JUDGE), _layout(), engine, Parameters(), 50)
            high = engine.window
        except EngineError:
            low = engine.window + 1
    return low


@pytest.mark.parametrize("kind", [Layout, ItemFirstLayout])
def test_a_context_that_the_rubric_fills_is_refused_before_anything_is_asked(kind: type[Layout]) -> None:
    engine = _Windowed(200)
    with pytest.raises(EngineError) as caught:
        refuse_no_room(shipped_prompt(JUDGE), _layout(kind), engine, Parameters())
    assert caught.value.stable_code == "engine.context_too_short"
    assert "200" in caught.value.message
    assert "context" in caught.value.fix
    assert engine.asked == 0


def test_room_is_needed_for_the_rubric_and_an_answer_and_not_more() -> None:
    engine = _Windowed(None)
    refuse_no_room(shipped_prompt(JUDGE), _layout(), engine, Parameters())
    needed = _needed(engine)
    assert needed > 50
    engine.window = needed - 45
    refuse_no_room(shipped_prompt(JUDGE), _layout(), engine, Parameters(max_tokens=5), 50)
    engine.window = 100_000
    with pytest.raises(EngineError):
        refuse_no_room(shipped_prompt(JUDGE), _layout(), engine, Parameters(context=needed - 1), 50)


def test_an_engine_that_counts_no_further_than_its_context_is_too_short_as_well() -> None:
    class Refusing(_Windowed):
        def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
            del messages
            raise EngineError("Too long", fix="Shorten it.", code="engine.prompt_too_long")

    with pytest.raises(EngineError, match=f"rubric of '{JUDGE}'") as caught:
        refuse_no_room(shipped_prompt(JUDGE), _layout(), Refusing(300), Parameters())
    assert caught.value.stable_code == "engine.context_too_short"


def test_an_engine_that_does_not_count_is_held_to_a_sure_lower_bound() -> None:
    with pytest.raises(EngineError, match="at least"):
        refuse_no_room(shipped_prompt(JUDGE), _layout(), _Windowed(60, counts=False), Parameters())
