"""Fast and right: what is batched, primed and copied is what would have been computed alone."""

from __future__ import annotations

import math

import pytest

from agent_agency.inference.local.backend import Labelled
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message
from support.backend_calls import Calls, prime, score, write

RUBRIC = Message("system", "Judge whether the change does what its title says, and nothing else. " * 20)
ITEMS = tuple(Message("user", f"Change {n}: " + f"rename value_{n} and test it twice; " * (n + 2)) for n in range(8))
LABELS = ("1", "2", "3", "pass", "fail", "needs more work")


def _logprobs(replies: list[Labelled]) -> list[float]:
    return [one.logprob for reply in replies for one in reply.scores]


def test_labels_of_a_batch_behind_a_copied_prefix_equal_those_computed_alone(exact: Calls, alone: Calls) -> None:
    asks = [score((RUBRIC, item), LABELS, 1) for item in ITEMS]
    primed = exact.together([prime((RUBRIC,))])[0]
    assert isinstance(primed, Primed)
    assert primed.tokens > 200
    batched = exact.score(asks)
    again = exact.score(asks[::-1])[::-1]
    single = alone.score(asks)
    assert [reply.cached_tokens for reply in single] == [0] * len(ITEMS)
    assert all(reply.cached_tokens >= primed.tokens - 1 for reply in batched)
    assert _logprobs(batched) == pytest.approx(_logprobs(single), abs=5e-5)
    assert _logprobs(again) == pytest.approx(_logprobs(single), abs=5e-5)


def test_greedy_answers_of_a_batch_equal_those_written_alone(exact: Calls, alone: Calls) -> None:
    asks = [write((RUBRIC, item), 1, max_tokens=16) for item in ITEMS]
    assert [one.text for one in exact.write(asks)] == [one.text for one in alone.write(asks)]


def test_a_prefix_of_any_length_changes_no_score(exact: Calls, alone: Calls) -> None:
    """The other engine gives wrong numbers behind a prefix that is no multiple of 32 tokens."""
    for words in (31, 47, 64, 101):
        rubric = Message("system", "strict " * words)
        asks = [score((rubric, item), ("yes", "no"), 1) for item in ITEMS[:4]]
        assert _logprobs(exact.score(asks)) == pytest.approx(_logprobs(alone.score(asks)), abs=5e-5)


def test_label_scores_are_the_raw_log_probabilities_of_the_whole_vocabulary(exact: Calls) -> None:
    messages = (RUBRIC, ITEMS[0])
    told = exact.write([write(messages, 1, max_tokens=1, top_logprobs=100)])[0].logprobs[0]
    likely = {text: logprob for text, logprob in told.others if text.isalpha() and text.isascii()}
    labels = tuple(sorted(likely, key=likely.__getitem__, reverse=True)[:2])
    few = exact.score([score(messages, labels, 1)])[0]
    rare = exact.score([score(messages, (*labels, "1", "2"), 1)])[0]
    for label, one, other in zip(labels, few.scores, rare.scores, strict=False):
        assert one.tokens == 1
        assert one.logprob == pytest.approx(likely[label], abs=1e-4)
        assert other.logprob == pytest.approx(likely[label], abs=1e-4)
    assert sum(math.exp(one.logprob) for one in rare.scores) < 1


def test_the_label_is_scored_as_a_forced_answer_would_be(exact: Calls) -> None:
    """By another way: the grammar leaves the model one answer, and the raw numbers of its tokens are added up."""
    messages = (RUBRIC, ITEMS[1])
    forced = exact.write([write(messages, 1, {"const": 4}, max_tokens=4, top_logprobs=1)])[0]
    assert forced.text == "4"
    scored = exact.score([score(messages, ("4", "5"), 1)])[0].scores[0]
    assert scored.logprob == pytest.approx(forced.logprobs[0].logprob, abs=1e-4)


def test_labels_within_a_character_are_scored_too(quick: Calls) -> None:
    reply = quick.score([score((ITEMS[0],), ("🙂", "日本", "ok"))])[0]
    assert all(math.isfinite(one.logprob) and one.logprob < 0 for one in reply.scores)
    assert reply.scores[0].tokens > 1
