from __future__ import annotations

import json
import threading
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.offline.engine import OfflineEngine
from agent_agency.inference.protocol import Cancel, Message, Parameters, Reply, Request
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_schema import answer_schema
from agent_agency.judging.layout import messages_for
from agent_agency.judging.prepare import material, prepared
from agent_agency.judging.prompt import Demonstration, JudgePrompt
from agent_agency.judging.read_answer import read_answer
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject

FENCE = "0123456789abcdef"
CALLS = ("eval(text)", "int(text)", "exec(text)", "text.strip()", "eval(line)", "len(text)")


def _change(call: str, name: str = "parse") -> Subject:
    lines = f"--- a/{name}.py\n+++ b/{name}.py\n@@ -1,2 +1,2 @@\n def {name}(text):\n-    pass\n+    return {call}\n"
    return Subject(f"{name} {call}", "code", f"Let {name} read its text.", lines)


def _shown(call: str, name: str = "parse") -> Demonstration:
    bad = call.startswith(("eval", "exec"))
    answer = Answer("fail" if bad else "pass", 0.1 if bad else 0.9, 1.0, "Known.", (f"return {call}",))
    return Demonstration(_change(call, name), answer)


def _prompt(*shown: Demonstration, instructions: str = "Judge it.") -> JudgePrompt:
    return JudgePrompt("safety", shipped_rubric("safety").digest, instructions, shown)


def _ask(prompt: JudgePrompt, subject: Subject, schema: dict[str, Any] | None = None, **drawn: Any) -> Reply:
    messages = messages_for(prompt, shipped_rubric("safety"), subject, FENCE)
    return OfflineEngine().generate(Request(messages, Parameters(**drawn), schema or answer_schema()))


def test_it_answers_as_the_nearest_demonstrations_do() -> None:
    prompt = _prompt(*map(_shown, CALLS[:4]))
    for call, verdict in (("eval(other)", "fail"), ("int(other)", "pass")):
        assert json.loads(_ask(prompt, _change(call, "load")).text)["verdict"] == verdict


def test_better_demonstrations_give_better_answers() -> None:
    asked = [_shown(call, name) for call in CALLS for name in ("load", "fetch")]

    def right(*shown: Demonstration) -> int:
        prompt = _prompt(*shown)
        return sum(json.loads(_ask(prompt, one.subject).text)["verdict"] == one.answer.verdict for one in asked)

    assert right(*map(_shown, CALLS[:4])) > right(_shown("print()"), _shown("int(1)"))


def test_instructions_that_name_what_matters_give_better_answers() -> None:
    shown = [_shown("eval(1)", "parse"), _shown("int(1)", "load")]
    asked = _change("eval(2)", "load")
    plain = json.loads(_ask(_prompt(*shown), asked).text)
    told = json.loads(_ask(_prompt(*shown, instructions="Judge it. Look at `added eval`."), asked).text)
    assert told["verdict"] == "fail"
    assert plain["verdict"] == "pass" or told["confidence"] > plain["confidence"]


def test_with_nothing_to_compare_it_abstains() -> None:
    answer = json.loads(_ask(shipped_prompt("safety"), _change("int(text)")).text)
    assert (answer["verdict"], answer["score"], answer["confidence"]) == ("abstain", None, None)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(CALLS), max_size=5),
    st.text(max_size=60),
    st.text(max_size=200),
    st.lists(st.text(max_size=30), max_size=2),
)
def test_every_answer_keeps_to_the_schema_and_is_read(
    shown: list[str], task: str, output: str, claims: list[str]
) -> None:
    subject = Subject("any", "code", task, output, claims=tuple(claims))
    text = _ask(_prompt(*map(_shown, shown)), subject).text
    jsonschema_rs.validate(answer_schema(), json.loads(text))
    read = read_answer(text, material(prepared(subject)))
    assert isinstance(read, Answer), read


def test_the_same_prompt_has_the_same_answer_whatever_was_asked_before() -> None:
    prompt, rubric = _prompt(*map(_shown, CALLS[:4])), shipped_rubric("safety")
    used = OfflineEngine()
    requests = [Request(messages_for(prompt, rubric, _change(call), FENCE), schema=answer_schema()) for call in CALLS]
    for request in (*requests, *reversed(requests)):
        assert used.generate(request).text == OfflineEngine().generate(request).text


def test_threads_may_share_it() -> None:
    prompt, rubric = _prompt(*map(_shown, CALLS[:4])), shipped_rubric("safety")
    requests = [Request(messages_for(prompt, rubric, _change(call), FENCE), schema=answer_schema()) for call in CALLS]
    engine = OfflineEngine()
    wrong: list[str] = []
    expected = [OfflineEngine().generate(request).text for request in requests]

    def ask() -> None:
        wrong.extend(
            text for request, text in zip(requests, expected, strict=True) if engine.generate(request).text != text
        )

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_it_says_that_it_is_no_language_model_and_tells_its_votes() -> None:
    assert not OfflineEngine().capabilities().language_model
    (choice,) = _ask(_prompt(*map(_shown, CALLS[:4])), _change("eval(x)"), top_logprobs=2).logprobs
    assert choice.text == "fail"
    assert dict(choice.others)["fail"] == choice.logprob <= 0


def test_another_schema_is_answered_by_its_own_members() -> None:
    schema = {
        "type": "object",
        "properties": {"why": {"type": "string"}, "choice": {"enum": ["first", "second"]}, "n": {"type": "integer"}},
    }
    turns = [("red apple", "first"), ("blue sky", "second")]
    messages = [Message("system", "Choose.")]
    for text, choice in turns:
        messages += [Message("user", text), Message("assistant", json.dumps({"choice": choice}))]
    reply = OfflineEngine().generate(Request((*messages, Message("user", "a red car")), schema=schema))
    answer = json.loads(reply.text)
    assert list(answer) == ["why", "choice", "n"]
    assert answer["choice"] == "first"


def test_the_reply_accounts_for_the_call() -> None:
    ticks = iter((1.0, 1.5))
    reply = OfflineEngine(lambda: next(ticks)).generate(Request((Message("user", "12345678"),), schema=answer_schema()))
    assert (reply.latency_s, reply.usage.prompt, reply.finish) == (0.5, 2, "stop")
    assert reply.model_digest == OfflineEngine().identity["model_digest"]


def test_a_cancelled_call_and_a_prompt_without_a_question_are_errors() -> None:
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(EngineError) as raised:
        OfflineEngine().generate(Request((Message("user", "x"),)), cancel)
    assert raised.value.stable_code == "engine.cancelled"
    with pytest.raises(EngineError):
        OfflineEngine().generate(Request((Message("system", "x"),)))
