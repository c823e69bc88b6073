from __future__ import annotations

from pathlib import Path

from agent_agency.inference.local.test_model.vocabulary import SPECIALS
from agent_agency.inference.models.gguf_marks import Marks, read_marks
from support.gguf_bytes import small_model
from support.kinds_of_models import THINKS, changed_model
from support.test_models import nano_model


def test_the_marks_are_the_tokens_that_steer_and_the_unused_are_none() -> None:
    assert read_marks(nano_model()) == Marks(SPECIALS)


def test_a_token_of_its_own_is_a_mark_where_the_template_writes_it(tmp_path: Path) -> None:
    kinds = [3] * len(SPECIALS) + [1] * (2048 - len(SPECIALS) - 2) + [4, 4]
    words = [*SPECIALS, "<|eot_id|>", *(f"w{n}" for n in range(2048 - len(SPECIALS) - 3)), "<think>", "<note>"]
    said = {"tokenizer.ggml.tokens": words, "tokenizer.ggml.token_type": kinds, "tokenizer.chat_template": THINKS}
    marks = read_marks(changed_model(tmp_path / "thinks.gguf", said))
    assert marks.steering == (*SPECIALS, "<|eot_id|>", "<think>")
    assert marks.spoken == ("<think>", "<note>")


def test_what_a_file_wants_around_every_text_is_read(tmp_path: Path) -> None:
    said = {"tokenizer.ggml.add_bos_token": True, "tokenizer.ggml.add_eos_token": True}
    marks = read_marks(changed_model(tmp_path / "ends.gguf", said))
    assert (marks.opening, marks.closed) == ((0,), True)


def test_a_file_that_tells_no_kinds_has_the_marks_that_look_like_some(tmp_path: Path) -> None:
    path = tmp_path / "small.gguf"
    path.write_bytes(small_model(tokenizer__ggml__tokens=("strs", ["a", "</s>", "<|end|>"])))
    assert read_marks(path) == Marks(("</s>", "<|end|>"))
