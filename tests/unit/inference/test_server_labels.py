from __future__ import annotations

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelRequest, label_engine
from agent_agency.inference.protocol import Message
from support.openai_server import Kind, serving
from support.server_engines import engine_of

WORDS = {"The": -0.2, "pass": -2.0, "fail": -3.5, "partial": -4.25}
ASKED = LabelRequest((Message("user", "Is it good?"),), ("fail", "partial", "pass"), 20.0)


@pytest.mark.parametrize("kind", ["openai", "vllm", "llama-server", "ollama"])
def test_labels_have_the_log_probabilities_of_the_first_token(kind: Kind) -> None:
    with serving(kind=kind, likely=WORDS, answer=lambda _: "The") as server:
        reply = label_engine(engine_of(server)).score_labels(ASKED)
        body = server.chats()[-1]
    assert reply.logprobs() == {"fail": -3.5, "partial": -4.25, "pass": -2.0}
    assert [one.tokens for one in reply.scores] == [1, 1, 1]
    assert reply.usage.prompt
    options = body.get("options", body)
    assert (options["temperature"], options["top_p"], body["top_logprobs"]) == (
        1.0,
        1.0,
        1024 if kind == "llama-server" else 20,
    )
    assert options.get("num_predict", body.get("max_tokens")) == 1


def test_labels_behind_one_space_are_the_same_labels_where_all_stand_so() -> None:
    spaced = {f" {word}": value for word, value in WORDS.items()}
    with serving(likely=spaced) as server:
        assert engine_of(server).score_labels(ASKED).logprobs()["pass"] == -2.0


@pytest.mark.parametrize("missing", ["pass", "fail", "partial"])
def test_of_a_label_that_is_not_shown_no_number_is_made(missing: str) -> None:
    shown = {word: value for word, value in WORDS.items() if word != missing} | {f" {missing}": -1.0}
    with serving(likely=shown) as server, pytest.raises(EngineError, match=missing) as raised:
        engine_of(server).score_labels(ASKED)
    assert raised.value.stable_code == "engine.no_labels"


@pytest.mark.parametrize("fault", ["", "no_logprobs"])
def test_a_server_without_log_probabilities_scores_no_labels(fault: str) -> None:
    with serving(logprobs=False, fault=fault) as server:
        engine = engine_of(server)
        assert not engine.capabilities().labels
        with pytest.raises(EngineError) as raised:
            engine.score_labels(ASKED)
    assert raised.value.stable_code in {"engine.no_labels", "engine.refused"}


def test_a_server_with_log_probabilities_says_that_it_scores_labels_and_which() -> None:
    with serving() as server:
        told = engine_of(server).capabilities()
    assert told.labels
    assert "one token" in told.notes[0]


def test_a_first_token_that_is_white_space_is_no_empty_answer() -> None:
    with serving(likely=WORDS, answer=lambda _: "\n") as server:
        assert engine_of(server).score_labels(ASKED).logprobs()["fail"] == -3.5


def test_labels_that_are_no_set_are_refused_before_anything_is_asked() -> None:
    with serving() as server, pytest.raises(EngineError) as raised:
        engine_of(server).score_labels(LabelRequest(ASKED.messages, ("pass", "passing")))
    assert raised.value.stable_code == "engine.bad_request"
    assert not server.requests
