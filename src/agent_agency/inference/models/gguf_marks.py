"""The marks of a GGUF file's model: tokens that steer it, such as those between two turns, as they are written.

A tokenizer takes such a mark for its token wherever it stands. Kinds of tokens: the GGUF specification, as llama.cpp
reads it (``llama_token_type``).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent_agency.inference.models.gguf_header import GgufArray, GgufHeader, read_gguf
from agent_agency.inference.models.gguf_kinds import SCALARS, STRING

_NORMAL, _UNKNOWN, _CONTROL, _OF_USER = 1, 2, 3, 4
_INT32 = 5
_LOOKS_LIKE_ONE = re.compile(r"<\|[^<>\s]{1,60}\|>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|EOT)>")
"""Marks that some files list as ordinary tokens, and llama.cpp takes for control ones."""
_SHORTEST = 2
"""Characters: what is shorter cannot be told from text, and is no mark."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a file says of its marks.

    Args:
        steering: written where a conversation is put together, and nowhere else.
        opening: tokens that every prompt begins with, as far as the file says so itself.
        spoken: tokens of their own that are text all the same, such as ``<think>``.
        closed: whether the file wants a last token behind every text, which no prompt that is to be gone on with may
            have.
        spaced: whether its tokenizer puts a space before every text, as SentencePiece does where nothing else is said.
    """

    steering: tuple[str, ...]
    opening: tuple[int, ...] = ()
    spoken: tuple[str, ...] = ()
    closed: bool = False
    spaced: bool = False


def read_marks(path: Path) -> Marks:
    """Read the marks of a file whose header is whole.

    Raises:
        FileUnreadableError: as `read_gguf`.
        EngineError: as `read_gguf`.
    """
    header = read_gguf(path)
    begin, adds = header.number("tokenizer.ggml.bos_token_id"), header.values.get("tokenizer.ggml.add_bos_token")
    opening = (begin,) if adds is True and begin is not None else ()
    template, tokens = header.text("tokenizer.chat_template"), _tokens(path, header)
    return Marks(
        steering=tuple(text for text, kind in tokens if _steers(text, kind, template)),
        opening=opening,
        spoken=tuple(text for text, kind in tokens if kind == _OF_USER),
        closed=header.values.get("tokenizer.ggml.add_eos_token") is True,
        spaced=header.text("tokenizer.ggml.model") == "llama"
        and header.values.get("tokenizer.ggml.add_space_prefix") is not False,
    )


def _tokens(path: Path, header: GgufHeader) -> tuple[tuple[str, int], ...]:
    words, kinds = (header.values.get(f"tokenizer.ggml.{name}") for name in ("tokens", "token_type"))
    if not isinstance(words, GgufArray) or words.kind != STRING:
        return ()
    with path.open("rb") as stream:
        read_kinds = _numbers(stream, kinds) if isinstance(kinds, GgufArray) and kinds.kind == _INT32 else ()
        texts = _strings(stream, words)
    kind_of = read_kinds if len(read_kinds) == len(texts) else (_NORMAL,) * len(texts)
    return tuple(zip(texts, kind_of, strict=True))


def _steers(text: str, kind: int, template: str) -> bool:
    if len(text) < _SHORTEST or not text.strip():
        return False
    if kind == _OF_USER:
        return text in template
    return kind in {_CONTROL, _UNKNOWN} or (kind == _NORMAL and _LOOKS_LIKE_ONE.fullmatch(text) is not None)


def _numbers(stream: BinaryIO, array: GgufArray) -> tuple[int, ...]:
    stream.seek(array.start)
    size = struct.calcsize(SCALARS[array.kind])
    numbers: tuple[int, ...] = struct.unpack(f"<{array.count}i", stream.read(array.count * size))
    return numbers


def _strings(stream: BinaryIO, array: GgufArray) -> list[str]:
    stream.seek(array.start)
    found = []
    for _ in range(array.count):
        (length,) = struct.unpack("<Q", stream.read(8))
        found.append(stream.read(length).decode("utf-8", "replace"))
    return found
