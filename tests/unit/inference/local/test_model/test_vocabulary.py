from __future__ import annotations

import hashlib
import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent_agency.inference.local.test_model.corpus import corpus
from agent_agency.inference.local.test_model.vocabulary import SPECIALS, SPLIT, Vocabulary, train

tokenizers = pytest.importorskip("tokenizers", reason="NOT RUN: the extra 'local' is not installed")
ANSWERS = ("Yes", "No", "yes", "no", "pass", "partial", "fail", "abstain", "score", "A", "B", "C", "D", "E")
REPOSITORY = Path(__file__).parents[5]


@cache
def _vocabulary(size: int) -> Vocabulary:
    return train(corpus(), size)


def _tokenizer(size: int) -> Any:
    vocabulary = _vocabulary(size)
    merges = [tuple(merge.split(" ")) for merge in vocabulary.merges]
    made = tokenizers.Tokenizer(tokenizers.models.BPE({token: n for n, token in enumerate(vocabulary.tokens)}, merges))
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(SPLIT), "isolated")
    as_bytes = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([split, as_bytes])
    made.decoder = tokenizers.decoders.ByteLevel()
    return made


@pytest.mark.parametrize("size", [2048, 49_152])
@pytest.mark.parametrize(
    "answer", ["Yes", "No", "yes", "no", "pass", "partial", "fail", "abstain", "score", "A", "B", "C", "D", "E"]
)
def test_an_answer_is_one_token_also_after_a_space(size: int, answer: str) -> None:
    made = _tokenizer(size)
    assert [len(made.encode(text).ids) for text in (answer, f" {answer}")] == [1, 1]


@pytest.mark.parametrize("size", [2048, 49_152])
def test_the_vocabulary_is_full_and_each_digit_is_one_token(size: int) -> None:
    vocabulary = _vocabulary(size)
    assert len(set(vocabulary.tokens)) == size
    assert vocabulary.tokens[: len(SPECIALS)] == SPECIALS
    assert set("0123456789") <= set(vocabulary.tokens)


def test_english_and_python_take_about_as_many_tokens_as_with_a_trained_model() -> None:
    made = _tokenizer(49_152)
    rubrics = "".join(path.read_text() for path in (REPOSITORY / "src/agent_agency/judging/rubrics").glob("*.toml"))
    for text in (rubrics, inspect.getsource(json)):
        assert 3.0 <= len(text) / len(made.encode(text).ids) <= 4.5


def test_the_text_is_the_same_everywhere() -> None:
    """Who changes it changes every model's digest, and what was measured with them; that is to be meant."""
    digest = hashlib.sha256("".join(corpus()).encode()).hexdigest()
    assert digest == "91d53bce491b65fdeee70d434753d43009db377e2fa1a2c8ff0715c05efe4bb8"


@pytest.mark.parametrize("text", ["déjà vu, 漢字 🙂\n\n\tx = {1: 'a'}", "don't \r\n stop", "\x00\x7f"])
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    made = _tokenizer(2048)
    assert made.decode(made.encode(text).ids) == text
