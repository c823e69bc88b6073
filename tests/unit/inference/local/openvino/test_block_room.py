"""Memory that holds few requests makes the others wait, and none of them fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.local.backend import Generated, LoadOptions
from agent_agency.inference.local.openvino.block_room import BlockRoom, blocks_needed
from agent_agency.inference.local.openvino.load import load
from agent_agency.inference.protocol import Message
from support.backend_calls import Calls, write

RUBRIC = Message("system", "Judge the summary by the claims that the text supports; quote each. " * 4)


@pytest.fixture(scope="module")
def narrow(nano_model: Path, conversions: Path) -> Iterator[Calls]:
    """Memory for a few requests, where thirty-two may run at once."""
    options = LoadOptions(
        str(nano_model),
        precision="exact",
        width=32,
        context_tokens=1024,
        threads=1,
        cache_gb=0.006,
        extra={"folder": str(conversions)},
    )
    backend = load(options)
    yield Calls(backend)
    backend.close()


def item(number: int) -> tuple[Message, ...]:
    values = f"the value of {number} is {number * 7}; " * (number % 5 * 8 + 4)
    return (RUBRIC, Message("user", f"Item {number}: {values}"))


def test_requests_that_do_not_fit_together_wait_and_are_answered_rightly(narrow: Calls) -> None:
    asked = [item(number) for number in range(40)]
    alone = [narrow.write([write(messages, max_tokens=48)])[0] for messages in asked]
    together = narrow.write([write(messages, 1, max_tokens=48) for messages in asked])
    assert all(isinstance(one, Generated) for one in together)
    assert [one.text for one in together] == [one.text for one in alone]


@given(tokens=st.lists(st.integers(1, 2000), min_size=1), blocks=st.integers(1, 500))
def test_what_is_let_in_fits_but_for_one_that_is_alone(tokens: list[int], blocks: int) -> None:
    room, running = BlockRoom(blocks), list[int]()
    for one in tokens:
        if room.holds(one, running):
            running.append(one)
    assert len(running) == 1 or sum(map(blocks_needed, running)) <= blocks
    assert running[0] == tokens[0]
