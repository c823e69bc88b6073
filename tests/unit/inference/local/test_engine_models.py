"""Both engines through a process of their own, with a model of random weights: what is asked, not what is answered.

In the precision ``exact``: by default an answer depends on the processor, and on what was kept of the prompt.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import pytest

from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.local.model_process import ModelProcess
from agent_agency.inference.protocol import Cancel, Message, Parameters, Request
from support.local_engines import eventually, refused

SYSTEM = Message("system", "You judge changes to programs, and say whether they are sound. " * 6)
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["pass", "fail"]}, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["verdict", "score"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module", params=["llama.cpp", "openvino"])
def engine(request: pytest.FixtureRequest, nano_model: Path) -> Iterator[LocalEngine]:
    pytest.importorskip({"llama.cpp": "xllamacpp", "openvino": "openvino_genai"}[request.param])
    found = LocalEngine(
        LocalModel(
            "nano",
            str(nano_model),
            f"sha256:{'1' * 64}",
            request.param,
            precision="exact",
            context=1024,
            threads=1,
            width=4,
        )
    )
    yield found
    found.close()


def _ask(
    text: str, max_tokens: int = 8, *, deadline_s: float = 60.0, schema: dict[str, object] | None = None
) -> Request:
    return Request(
        (SYSTEM, Message("user", text)), Parameters(max_tokens=max_tokens), schema, deadline_s=deadline_s, shared=1
    )


def _weigh(text: str) -> LabelRequest:
    return LabelRequest((SYSTEM, Message("user", text)), ("Yes", "No"), 60.0, shared=1)


def test_it_says_what_it_is(engine: LocalEngine) -> None:
    found = engine.capabilities()
    assert found.labels
    assert found.schema
    assert found.context_tokens == 1024
    assert engine.identity["backend"] == engine.model.engine
    facts = engine.warm()
    assert engine.identity["backend_version"].split("-")[0] in facts.version
    computes = {"openvino": "openvino", "llama.cpp": "xllamacpp"}[engine.model.engine]
    assert version(computes) in {engine.identity.get(one) for one in ("backend_version", "runtime_version")}
    assert engine.memory_bytes > 10 << 20


def test_the_same_question_has_the_same_answer_and_true_counts(engine: LocalEngine) -> None:
    one, other = engine.generate(_ask("a")), engine.generate(_ask("a"))
    assert one.text == other.text
    assert one.usage.prompt == engine.count_tokens(_ask("a").messages)
    assert 1 <= (one.usage.completion or 0) <= 8


def test_an_answer_under_a_schema_keeps_to_it(engine: LocalEngine) -> None:
    found = json.loads(engine.generate(_ask("judge", 64, schema=SCHEMA)).text)
    assert found["verdict"] in {"pass", "fail"}
    assert 1 <= found["score"] <= 5


def test_a_streamed_answer_is_the_whole_one_in_pieces(engine: LocalEngine) -> None:
    pieces = list(engine.stream(_ask("b")))
    assert pieces[-1].reply is not None
    assert "".join(one.text for one in pieces) == pieces[-1].reply.text == engine.generate(_ask("b")).text


def test_labels_are_scored_the_same_with_a_primed_prefix_and_among_others(engine: LocalEngine) -> None:
    alone = engine.score_labels(_weigh("c"))
    assert engine.prime((SYSTEM,)).tokens > 0
    with ThreadPoolExecutor(8) as pool:
        batch = list(
            pool.map(lambda number: engine.score_labels(_weigh("c" if number % 2 else f"d{number}")), range(8))
        )
    for found in batch[1::2]:
        assert found.logprobs() == pytest.approx(dict(alone.logprobs()), abs=1e-4)
        assert [one.tokens for one in found.scores] == [one.tokens for one in alone.scores]


@contextmanager
def _standing_still(engine: LocalEngine) -> Iterator[ModelProcess]:
    """The model's process stopped for a while: a small model answers before anything can be done to its question."""
    engine.warm()
    process, number = engine._kept.current, engine.process_id
    assert process is not None
    assert number is not None
    os.kill(number, signal.SIGSTOP)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGCONT)


def test_a_cancelled_answer_frees_its_place(engine: LocalEngine) -> None:
    with _standing_still(engine) as process, ThreadPoolExecutor(4) as pool:
        cancel = Cancel()
        calls = [pool.submit(engine.generate, _ask(f"e{number}", 600), cancel) for number in range(4)]
        eventually(lambda: process._questions.waited_for == 4)
        cancel.cancel()
        assert {refused(call.result).stable_code for call in calls} == {"engine.cancelled"}
    eventually(lambda: not process._questions.any)
    assert engine.generate(_ask("f")).usage.completion


def test_a_deadline_holds(engine: LocalEngine) -> None:
    with _standing_still(engine):
        assert refused(lambda: engine.generate(_ask("g", 700, deadline_s=0.05))).stable_code == "engine.timeout"
    assert engine.generate(_ask("h")).usage.completion


def test_a_prompt_beyond_the_window_is_refused_before_any_work(engine: LocalEngine) -> None:
    assert refused(lambda: engine.generate(_ask("word " * 3000))).stable_code == "engine.prompt_too_long"


def test_a_killed_engine_loses_no_question(engine: LocalEngine) -> None:
    engine.warm()
    before, doomed = engine.counts, engine.process_id
    assert doomed is not None
    with _standing_still(engine) as process, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(engine.generate, _ask(f"i{number}", 200)) for number in range(4)]
        eventually(lambda: process._questions.waited_for == 4)
        os.kill(doomed, signal.SIGKILL)
        assert all(call.result().usage.completion for call in calls)
    assert engine.counts.lost == before.lost + 1
    assert engine.counts.again >= before.again + 1


@pytest.mark.parametrize("kind", ["llama.cpp", "openvino"])
@pytest.mark.parametrize("content", ["text", "cut", "absent"])
def test_a_file_that_is_no_model_is_one_typed_error(kind: str, content: str, nano_model: Path, tmp_path: Path) -> None:
    pytest.importorskip({"llama.cpp": "xllamacpp", "openvino": "openvino_genai"}[kind])
    path = tmp_path / "model.gguf"
    if content != "absent":
        path.write_bytes(b"no model\n" * 100 if content == "text" else nano_model.read_bytes()[:300_000])
    engine = LocalEngine(LocalModel("none", str(path), "sha256:1", kind))
    raised = refused(lambda: engine.generate(_ask("a")))
    assert raised.stable_code in {"engine.not_a_model", "engine.model_truncated", "file.unreadable"}
    assert engine.state == "failed"
    engine.close()
