"""The vocabulary: byte-level BPE (Sennrich et al. 2016; the bytes of GPT-2), trained here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from agent_agency.extras import require

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How text is cut into words before merging, which GGUF calls ``qwen2``: each digit is a token of its own."""
PRE_TOKENIZER = "qwen2"
END_OF_TEXT, START_OF_TURN, END_OF_TURN, PADDING = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
SPECIALS = (END_OF_TEXT, START_OF_TURN, END_OF_TURN, PADDING)
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens in the order of their ids, the specials first, and the merges in the order of their rank."""

    tokens: tuple[str, ...]
    merges: tuple[str, ...]


def train(text: Iterable[str], size: int) -> Vocabulary:
    """Train a vocabulary of at most ``size`` tokens.

    Raises:
        MissingExtraError: the libraries are not installed.
    """
    library = require("tokenizers", extra="local")
    tokenizer = library.Tokenizer(library.models.BPE())
    bytes_of = library.pre_tokenizers.ByteLevel
    split = library.pre_tokenizers.Split(library.Regex(SPLIT), "isolated")
    tokenizer.pre_tokenizer = library.pre_tokenizers.Sequence(
        [split, bytes_of(add_prefix_space=False, use_regex=False)]
    )
    trainer = library.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(bytes_of.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = tuple(sorted(model["vocab"], key=model["vocab"].__getitem__))
    return Vocabulary(tokens, tuple(" ".join(merge) for merge in model["merges"]))
