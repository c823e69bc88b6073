"""Longer runs, on other architectures and at the size of a real small model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.protocol import Message
from support.backend_calls import Calls, score, write
from support.test_models import shared_model, tiny_model

pytestmark = pytest.mark.soak
CLOSE = 1e-4


@contextmanager
def loaded(model: Path, conversions: Path) -> Iterator[Calls]:
    from agent_agency.inference.local.openvino.load import load

    extra = {"folder": str(conversions)}
    backend = load(LoadOptions(str(model), precision="exact", width=16, context_tokens=2048, threads=2, extra=extra))
    try:
        yield Calls(backend)
    finally:
        backend.close()


def item(number: int) -> tuple[Message, ...]:
    rubric = Message("system", "Judge the summary by the claims that the text supports. " * 50)
    return (rubric, Message("user", f"Item {number}: " + f"the value of {number} is {number * 7}; " * (number % 9 + 3)))


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_a_label_s_score_is_what_its_text_has_when_it_is_written(architecture: str, conversions: Path) -> None:
    with loaded(tiny_model(architecture), conversions) as calls:
        for number in range(4):
            written = calls.write([write(item(number), 1, max_tokens=1, top_logprobs=1)])[0].logprobs[0]
            scored = calls.score([score(item(number), (written.text, "another"), 1)])[0].scores[0]
            assert scored.logprob == pytest.approx(written.logprob, abs=CLOSE)


@pytest.mark.timeout(1800)
def test_answers_together_equal_answers_alone_at_the_size_of_a_real_model(conversions: Path) -> None:
    asked = [item(number) for number in range(16)]
    labels = ("pass", "partial", "fail", "abstain from it")
    with loaded(shared_model("smol"), conversions) as calls:
        alone = [calls.score([score(messages, labels)])[0] for messages in asked]
        together = calls.score([score(messages, labels, 1) for messages in asked])
        for one, same in zip(alone, together, strict=True):
            numbers = [part.logprob for part in one.scores]
            assert [part.logprob for part in same.scores] == pytest.approx(numbers, abs=CLOSE)
        texts = [calls.write([write(messages, max_tokens=48)])[0].text for messages in asked]
        written = calls.write([write(messages, 1, max_tokens=48) for messages in asked])
        assert [one.text for one in written] == texts
