from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Message, Request
from support.openai_server import MODEL, OLLAMA_DIGEST, OLLAMA_MODEL, Kind, serving
from support.server_engines import SCHEMA, ask, engine_of

KINDS: tuple[Kind, ...] = ("openai", "vllm", "llama-server", "ollama")
RAIN = "It rains, and the streets are wet."


def _code(caught: pytest.ExceptionInfo[EngineError]) -> str:
    assert caught.value.fix
    return caught.value.stable_code


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_server_is_recognised_and_answers(kind: Kind) -> None:
    with serving(kind=kind) as server:
        engine = engine_of(server)
        reply = engine.generate(ask())
        assert (reply.text, reply.finish) == (RAIN, "stop")
        assert reply.usage.prompt == 8 + 2 * 4
        assert (reply.usage.completion or 0) > 0
        assert reply.latency_s > 0
        assert engine.identity["backend"] == kind
        assert engine.identity["model"] == (OLLAMA_MODEL if kind == "ollama" else MODEL)
        assert reply.model_digest == engine.identity["model_digest"]
        assert engine.health().ready
        assert engine.name == "double"


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_that_were_reused_are_told(kind: Kind) -> None:
    with serving(kind=kind, usage={"prompt_tokens_details": {"cached_tokens": 5}}) as server:
        usage = engine_of(server).generate(ask()).usage
    assert (usage.prompt, usage.cached) == (16, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_sent_and_kept_to(kind: Kind) -> None:
    with serving(kind=kind) as server:
        engine = engine_of(server)
        assert engine.generate(replace(ask(), schema=SCHEMA)).text == '{"verdict": "pass"}'
        (body,) = server.chats()
    if kind == "ollama":
        assert body["format"] == SCHEMA
    else:
        assert body["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_of_a_stream_make_up_the_reply(kind: Kind) -> None:
    with serving(kind=kind) as server:
        *pieces, last = engine_of(server).stream(ask())
        assert len(pieces) > 3
        assert last.reply is not None
        assert "".join(piece.text for piece in [*pieces, last]) == last.reply.text == RAIN


@pytest.mark.parametrize("kind", KINDS)
def test_log_probabilities_come_with_their_rivals(kind: Kind) -> None:
    with serving(kind=kind) as server:
        reply = engine_of(server).generate(ask(top_logprobs=2))
        assert "".join(one.text for one in reply.logprobs) == RAIN
        assert reply.logprobs[0].logprob == -0.5
        assert reply.logprobs[0].others == (("other0", -2.0), ("other1", -3.0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_reaches_the_server(kind: Kind) -> None:
    with serving(kind=kind) as server:
        engine_of(server, keep_alive="30m").generate(ask(temperature=0.0, top_p=0.5, max_tokens=9, seed=0, stop=("#",)))
        (body,) = server.chats()
    told = body["options"] if kind == "ollama" else body
    assert (told["temperature"], told["top_p"], told["seed"], told["stop"]) == (0.0, 0.5, 0, ["#"])
    assert told["num_predict" if kind == "ollama" else "max_tokens"] == 9
    assert kind == "openai" or told["min_p"] == 0.0
    assert kind == "openai" or not 0 < told["top_k"] < 10**6
    if kind == "ollama":
        assert (told["repeat_penalty"], told["num_ctx"]) == (1.0, 4096)
        assert (body["keep_alive"], body["truncate"], body["shift"]) == ("30m", False, False)
    if kind == "vllm":
        assert told["repetition_penalty"] == 1.0
    if kind == "llama-server":
        assert told["repeat_penalty"] == 1.0


def test_a_repeat_penalty_that_cannot_be_set_is_refused_not_dropped() -> None:
    with serving() as server, pytest.raises(EngineError, match="repeat penalty") as caught:
        engine_of(server).generate(ask(repeat_penalty=1.1))
    assert _code(caught) == "engine.bad_request"


def test_ollama_names_digest_quantisation_and_template() -> None:
    with serving(kind="ollama") as server:
        identity = engine_of(server, kind="ollama", model="tiny").identity
    assert identity["model_digest"] == f"sha256:{OLLAMA_DIGEST}"
    assert identity["quantisation"] == "Q4_K_M"
    assert identity["backend_version"] == "0.9.0"
    assert identity["template_digest"].startswith("sha256:")


def test_ollama_is_told_the_context_that_is_asked_for() -> None:
    with serving(kind="ollama", context=32_768) as server:
        for request, context in ((ask(context=2048), None), (ask(), 16_384), (ask(), None)):
            engine_of(server, context=context).generate(request)
        assert [body["options"]["num_ctx"] for body in server.chats()] == [2048, 16_384, 8192]


def test_a_context_beyond_the_model_is_refused() -> None:
    with serving(kind="ollama", context=4096) as server, pytest.raises(EngineError, match="4,096") as caught:
        engine_of(server).generate(ask(context=8192))
    assert _code(caught) == "engine.bad_request"


@pytest.mark.parametrize(("kind", "fault"), [(kind, "whole") for kind in KINDS])
def test_a_server_that_does_not_stream_is_read_all_the_same(kind: Kind, fault: str) -> None:
    with serving(kind=kind, fault=fault) as server:
        assert engine_of(server).generate(ask()).text == RAIN


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_was_cut_off_says_so(kind: Kind) -> None:
    with serving(kind=kind, finish="length") as server:
        assert engine_of(server).generate(ask()).finish == "length"


def test_another_end_than_stop_and_length_is_no_answer() -> None:
    with serving(finish="content_filter") as server, pytest.raises(EngineError, match="content_filter") as caught:
        engine_of(server).generate(ask())
    assert _code(caught) == "engine.bad_answer"


@pytest.mark.parametrize("kind", ["vllm", "llama-server"])
def test_the_servers_own_tokenizer_counts(kind: Kind) -> None:
    with serving(kind=kind) as server:
        assert engine_of(server).count_tokens((Message("user", "one two, three"),)) == 4 + 4


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_tokenizer_nothing_is_counted(kind: Kind) -> None:
    with serving(kind=kind, tokenizer=False) as server:
        assert engine_of(server).count_tokens((Message("user", "one two"),)) is None


@pytest.mark.parametrize("kind", KINDS)
def test_capabilities_are_tried_once_not_believed(kind: Kind) -> None:
    with serving(kind=kind) as server:
        engine = engine_of(server)
        found = engine.capabilities()
        assert (found.schema, found.logprobs, found.token_counts, found.language_model) == (True, True, True, True)
        assert found.context_tokens == (None if kind == "openai" else 4096)
        asked = len(server.requests)
        assert engine.capabilities() == found
        assert len(server.requests) == asked


@pytest.mark.parametrize("schema", ["refused", "ignored"])
@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_server_that_keeps_to_no_schema_is_found_out(kind: Kind, schema: str) -> None:
    with serving(kind=kind, schema=schema, logprobs=False) as server:
        found = engine_of(server).capabilities()
    assert (found.schema, found.logprobs) == (False, False)


def test_a_schema_is_never_dropped_silently() -> None:
    with serving(schema="refused") as server, pytest.raises(EngineError, match="response_format") as caught:
        engine_of(server).generate(replace(ask(), schema=SCHEMA))
    assert _code(caught) == "engine.refused"


def test_log_probabilities_that_do_not_come_are_missed() -> None:
    with serving(logprobs=False, fault="no_logprobs") as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(ask(top_logprobs=1))
    assert _code(caught) == "engine.no_logprobs"


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_is_not_there_is_named_with_its_neighbours(kind: Kind) -> None:
    with serving(kind=kind) as server, pytest.raises(EngineError) as caught:
        engine_of(server, model="tinny").generate(ask())
    assert _code(caught) == "engine.unknown_model"
    assert "tiny" in caught.value.fix


def test_two_servers_of_which_nothing_is_known_are_told_apart() -> None:
    with serving() as one, serving() as two:
        assert engine_of(one).identity != engine_of(two).identity


@pytest.mark.parametrize(
    "request_",
    [
        Request(()),
        ask(temperature=float("nan")),
        ask(max_tokens=0),
        ask(top_logprobs=21),
        ask(top_p=0.0),
        ask("\ud800"),
        replace(ask(), schema={"a": float("inf")}),
        replace(ask(), deadline_s=0.0),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(request_: Request) -> None:
    with serving() as server:
        with pytest.raises(EngineError) as caught:
            engine_of(server).generate(request_)
        assert _code(caught) == "engine.bad_request"
        assert not server.chats()
