"""What a user of the OpenVINO backend relies on, apart from numbers."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import Failed, Generated, LoadOptions
from agent_agency.inference.local.openvino.load import load
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message
from support.backend_calls import Calls, prime, score, write

VERDICT = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["pass", "partial", "fail", "abstain"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["verdict", "score"],
    "additionalProperties": False,
}


def asked(text: str) -> tuple[Message, ...]:
    return (Message("system", "Judge what follows by the rubric. " * 20), Message("user", text))


def test_the_pieces_of_a_stream_are_the_text(exact: Calls) -> None:
    pieces: list[str] = []
    answer = exact.write([write(asked("one"), max_tokens=40, temperature=1.5, piece=pieces.append)])[0]
    assert "".join(pieces) == answer.text
    assert len(pieces) > 1
    assert (answer.finish == "length") == (answer.completion_tokens == 40)
    assert answer.prompt_tokens == exact.backend.count_tokens(asked("one"))


def test_a_stop_string_ends_an_answer_and_is_no_part_of_it(exact: Calls) -> None:
    whole = exact.write([write(asked("two"), max_tokens=30)])[0].text
    stop = whole[10:14]
    pieces: list[str] = []
    cut = exact.write([write(asked("two"), max_tokens=30, stop=(stop,), piece=pieces.append)])[0]
    assert cut.finish == "stop"
    assert cut.text == "".join(pieces) == whole[: whole.index(stop)]


def test_every_finished_answer_under_a_schema_keeps_to_it(quick: Calls) -> None:
    answers = quick.write(
        [write(asked(str(seed)), 1, VERDICT, max_tokens=64, temperature=2.0, seed=seed) for seed in range(16)]
    )
    assert {answer.finish for answer in answers} == {"stop"}
    for answer in answers:
        document = json.loads(answer.text)
        assert list(document) == ["verdict", "score"]
        assert document["verdict"] in VERDICT["properties"]["verdict"]["enum"]  # type: ignore[index]
        assert 0 <= document["score"] <= 1
        assert " " not in answer.text


def test_an_answer_is_one_of_many_constants_however_alike_they_are(quick: Calls) -> None:
    chance = random.Random(3)
    steps = [step / 20 for step in range(21)]
    values: list[object]
    for values in ([*steps], [*range(150)], *(_alike(chance) for _ in range(12))):
        schema = {"type": "object", "properties": {"a": {"enum": values}, "b": {"type": "boolean"}}}
        answers = quick.write(
            [write(asked(str(seed)), 1, schema, max_tokens=64, temperature=2.0, seed=seed) for seed in range(8)]
        )
        assert {answer.finish for answer in answers} == {"stop"}
        assert all(json.loads(answer.text)["a"] in values for answer in answers)


def _alike(chance: random.Random) -> list[object]:
    """Numbers and words of which many begin as others do."""
    makers: tuple[Callable[[], object], ...] = (
        lambda: round(chance.uniform(0, 2), chance.randint(0, 3)),
        lambda: chance.randint(-120, 1200),
        lambda: "".join(chance.choices('ab"\\é漢0 ', k=chance.randint(0, 4))),
    )
    return [chance.choice(makers)() for _ in range(chance.randint(1, 40))]


def test_a_text_longer_than_its_schema_allows_is_told_as_cut_off(quick: Calls) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "minLength": 60, "maxLength": 65}}}
    answers = quick.write(
        [write(asked(str(seed)), 1, schema, max_tokens=200, temperature=2.0, seed=seed) for seed in range(8)]
    )
    for answer in answers:
        if answer.finish == "stop":
            assert 60 <= len(json.loads(answer.text)["a"]) <= 65


def test_a_cancelled_call_frees_its_place_and_others_go_on(exact: Calls) -> None:
    ends: list[object] = []
    ended, begun, go = threading.Event(), threading.Event(), threading.Event()

    def hold(_: str) -> None:
        """Until it is cancelled: the answer might else end by itself first."""
        begun.set()
        assert go.wait(60)

    def end(result: object) -> None:
        ends.append(result)
        ended.set()

    cancel = exact.backend.submit(write(asked("long"), max_tokens=1500, temperature=1.0, piece=hold)(end))
    assert begun.wait(60)
    cancel()
    go.set()
    assert ended.wait(60)
    cancel()
    assert [type(one) for one in ends] == [Failed]
    assert isinstance(ends[0], Failed)
    assert ends[0].code == "engine.cancelled"
    assert 1 <= exact.write([write(asked("next"), max_tokens=3)])[0].completion_tokens <= 3


def test_a_prefix_is_computed_once(quick: Calls) -> None:
    rubric = (Message("system", "A rubric that nobody has named before. " * 20),)
    quick.write([write(asked("an answer, so that it is known what prefixes are for"), max_tokens=1)])
    first, again = (quick.together([prime(rubric)])[0] for _ in range(2))
    assert isinstance(first, Primed)
    assert isinstance(again, Primed)
    assert (first.computed, again.computed) == (first.tokens, 0)
    answer = quick.write([write((*rubric, Message("user", "x")), 1, max_tokens=2)])[0]
    assert answer.cached_tokens == first.tokens > 0


def test_what_does_not_fit_is_refused_in_a_sentence(quick: Calls) -> None:
    long = asked("word " * 4000)
    for make in (write(long), score(long, ("a", "b")), prime(long)):
        with pytest.raises(EngineError, match="The prompt is") as refused:
            quick.together([make])
        assert refused.value.stable_code == "engine.prompt_too_long"


def test_a_prompt_beyond_the_tokenizer_s_own_limit_is_refused_and_not_cut(quick: Calls) -> None:
    for words in (6_000, 12_000, 60_000):
        with pytest.raises(EngineError) as refused:
            quick.backend.count_tokens(asked("7 " * words))
        assert refused.value.stable_code == "engine.prompt_too_long"


def test_labels_that_are_no_set_of_labels_are_refused(quick: Calls) -> None:
    with pytest.raises(EngineError) as refused:
        quick.together([score(asked("x"), ("pass", "pass it"))])
    assert refused.value.stable_code == "engine.bad_request"


def test_jobs_of_a_backend_that_is_closed_end(nano_model: Path, conversions: Path) -> None:
    backend = load(
        LoadOptions(str(nano_model), width=2, context_tokens=512, threads=1, extra={"folder": str(conversions)})
    )
    ends: list[object] = []
    backend.submit(write(asked("x"), max_tokens=400)(ends.append))
    backend.close()
    backend.submit(write(asked("y"))(ends.append))
    assert len(ends) == 2
    assert all(isinstance(one, Failed | Generated) for one in ends)
    assert isinstance(ends[-1], Failed)
    assert ends[-1].code == "engine.closed"


def test_a_converted_model_is_a_folder_that_loads_by_itself(exact: Calls, conversions: Path) -> None:
    folders = [one.parent for one in conversions.glob("openvino/*/openvino_model.xml")]
    sizes = [sum(file.stat().st_size for file in folder.iterdir()) for folder in folders]
    folder = folders[sizes.index(max(sizes))]
    backend = load(LoadOptions(str(folder), precision="exact", width=8, context_tokens=2048, threads=1))
    try:
        again = Calls(backend).write([write(asked("one"), max_tokens=12)])[0].text
    finally:
        backend.close()
    assert again == exact.write([write(asked("one"), max_tokens=12)])[0].text


def test_where_only_labels_are_scored_no_prefix_is_computed_for_texts_too(nano_model: Path, conversions: Path) -> None:
    calls = Calls(load(LoadOptions(str(nano_model), width=4, threads=1, extra={"folder": str(conversions)})))
    tokens: list[tuple[int, int]] = []
    try:
        for name in ("one", "another"):
            rubric = (Message("system", f"The rubric of {name} judge. " * 20),)
            primed = calls.together([prime(rubric)])[0]
            assert isinstance(primed, Primed)
            item = (*rubric, Message("user", "An item."))
            done = [calls.score([score(item, ("pass", "fail"), 1)])[0] for _ in range(2)]
            assert done[1].cached_tokens > 0
            tokens.append((primed.computed, done[1].cached_tokens - done[0].cached_tokens))
    finally:
        calls.backend.close()
    (first_ahead, first_saved), (second_ahead, second_saved) = tokens
    assert first_ahead == 0 < first_saved
    assert second_ahead > 0 == second_saved
