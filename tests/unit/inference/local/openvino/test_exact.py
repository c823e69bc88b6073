"""In the exact precision an answer does not depend on what else is computed at the same time or was before."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.local.openvino import text_lane
from agent_agency.inference.local.openvino.extension_guard import Admitted, ExtensionGuard
from agent_agency.inference.local.openvino.faults import CANCELLED
from agent_agency.inference.local.openvino.load import load
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message
from support.backend_calls import Calls, Make, Result, prime, score, write

RUBRIC = Message("system", "Judge the summary by the claims that the text supports; quote each. " * 12)
LABELS = ("pass", "partial", "fail", "abstain from saying")
CLOSE = 1e-4
"""Four decimals of a log-probability."""


def item(number: int) -> tuple[Message, ...]:
    return (RUBRIC, Message("user", f"Item {number}: " + f"the value of {number} is {number * 7}; " * (number % 9 + 3)))


def other(number: int) -> tuple[Message, ...]:
    """The same kind of thing under another rubric."""
    return (Message("system", "Another rubric, of another length altogether. " * 9), *item(number)[1:])


def test_labels_scored_together_equal_labels_scored_alone_and_uncached(exact: Calls) -> None:
    asked = [item(number) for number in range(8)] + [other(number) for number in range(8)]
    alone = [exact.score([score(messages, LABELS)])[0] for messages in asked]
    together = exact.score([score(messages, LABELS, shared=1) for messages in asked])
    for one, same in zip(alone, together, strict=True):
        assert [part.logprob for part in same.scores] == pytest.approx([part.logprob for part in one.scores], abs=CLOSE)
    assert sum(one.cached_tokens for one in together) > 0


def test_a_label_s_score_is_the_log_probability_that_text_has_when_it_is_written(exact: Calls) -> None:
    written = exact.write([write(item(1), shared=1, max_tokens=1, top_logprobs=1)])[0]
    token = written.logprobs[0]
    scored = exact.score([score(item(1), (token.text, "another"))])[0]
    assert scored.scores[0].tokens == 1
    assert scored.scores[0].logprob == pytest.approx(token.logprob, abs=CLOSE)


def test_texts_written_together_equal_texts_written_alone(exact: Calls) -> None:
    asked = [item(number) for number in range(6)] + [other(number) for number in range(6)]
    alone = [exact.write([write(messages, max_tokens=24)])[0].text for messages in asked]
    together = exact.write([write(messages, shared=1, max_tokens=24) for messages in asked])
    assert [one.text for one in together] == alone
    assert max(one.cached_tokens for one in together) % 32 == 0


def test_the_same_seed_draws_the_same_text_in_any_company(exact: Calls) -> None:
    drawn: dict[str, Any] = {"temperature": 0.9, "max_tokens": 16}
    alone = [exact.write([write(item(1), seed=seed, **drawn)])[0].text for seed in range(4)]
    together = exact.write([write(item(1), shared=1, seed=seed, **drawn) for seed in range(4)])
    assert [one.text for one in together] == alone
    assert len(set(alone)) > 1


def _next_turns(calls: Calls, max_tokens: int) -> list[Make]:
    """Four requests that all go on from one answer, as repairs do, with the log-probabilities asked for."""
    first = item(2 + max_tokens)
    answer = calls.write([write(first, max_tokens=max_tokens)])[0].text
    turns = [(*first, Message("assistant", answer), Message("user", f"Once more, {word}")) for word in "abcd"]
    return [write(messages, max_tokens=8, top_logprobs=1) for messages in turns]


@pytest.mark.parametrize("max_tokens", [1, 20], ids=["from the prompt's very end", "from behind the answer"])
def test_several_next_turns_of_one_conversation_at_once_equal_each_alone(exact: Calls, max_tokens: int) -> None:
    """After one token the library keeps just the prompt, and its half-filled block goes on in all of them."""
    asks = _next_turns(exact, max_tokens)
    together = exact.write(asks)
    alone = [exact.write([one])[0] for one in asks]
    for one, same in zip(alone, together, strict=True):
        assert same.text == one.text
        assert [t.logprob for t in same.logprobs] == pytest.approx([t.logprob for t in one.logprobs], abs=CLOSE)


def test_what_is_cancelled_while_its_prompt_is_computed_spoils_no_answer(exact: Calls, alone: Calls) -> None:
    """The library's prefix cache knows a prompt before it is computed; who lets go of it then would leave a hole."""
    rubric = Message("system", "Weigh what the change leaves out against what it adds, line by line. " * 70)
    steps, go, over = (threading.Semaphore(0) for _ in range(3))

    def talk(_: str) -> None:
        """The one thread that computes is in here, and so stands still until it may go on."""
        steps.release()
        assert go.acquire(timeout=60)

    talker = exact.backend.submit(write(item(0), max_tokens=400, piece=talk)(lambda _: over.release()))
    assert steps.acquire(timeout=60)
    ended: list[Result] = []
    gone = exact.backend.submit(write((rubric, *item(1)[1:]), max_tokens=4)(ended.append))
    for _ in range(2):  # the prompt takes five steps or more, and the talker writes once in each
        go.release()
        assert steps.acquire(timeout=60)
    gone()
    talker()
    go.release(400)
    assert over.acquire(timeout=60)
    asked = [(rubric, *item(number)[1:]) for number in range(4)]
    told = exact.write([write(messages, shared=1, max_tokens=2, top_logprobs=1) for messages in asked])
    right = [alone.write([write(messages, max_tokens=2, top_logprobs=1)])[0] for messages in asked]
    assert ended == [CANCELLED]
    assert [one.cached_tokens for one in right] == [0] * len(asked)
    assert [[t.logprob for t in one.logprobs] for one in told] == [
        pytest.approx([t.logprob for t in one.logprobs], abs=CLOSE) for one in right
    ]


def test_who_waits_for_a_prefix_keeps_it_when_who_came_first_goes(exact: Calls) -> None:
    rubric = (Message("system", "A rubric that several judges need at the same time. " * 40),)
    told: list[Result] = []
    over = threading.Semaphore(0)

    def end(result: Result) -> None:
        told.append(result)
        over.release()

    leaves = [exact.backend.submit(prime(rubric)(end)) for _ in range(3)]
    leaves[0]()
    for _ in range(3):
        assert over.acquire(timeout=60)
    assert sum(isinstance(one, Primed) for one in told) >= 2


class _NoGuard(ExtensionGuard):
    """Lets everything in."""

    def admit(self, ids: object, running: object) -> Admitted:  # noqa: ARG002 - the overridden one needs them
        return Admitted(frozenset())


def test_without_its_guards_the_library_would_answer_wrongly(
    tiny_model: Path, conversions: Path, exact: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prefix primed at any length, as a naive user would, spoils requests that run at once: why the guards exist."""
    monkeypatch.setattr("agent_agency.inference.local.openvino.load.ExtensionGuard", _NoGuard)
    monkeypatch.setattr(text_lane, "whole_blocks", lambda ids: ids)
    extra = {"folder": str(conversions)}
    options = LoadOptions(str(tiny_model), precision="exact", width=8, context_tokens=2048, threads=1, extra=extra)
    backend = load(options)
    try:
        asks = [write(item(number), shared=1, max_tokens=8, top_logprobs=1) for number in range(8)]
        spoiled = Calls(backend).write(asks)
    finally:
        backend.close()
    right = [exact.write([write(item(number), max_tokens=8, top_logprobs=1)])[0] for number in range(8)]
    wrong = sum(
        abs(one.logprobs[0].logprob - same.logprobs[0].logprob) > 0.1 or one.text != same.text
        for one, same in zip(right, spoiled, strict=True)
    )
    assert wrong > 0, "OpenVINO GenAI shares half-filled blocks rightly now: the guards may go"
