"""Tokens back into text, piece by piece, never half a character."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import Any

_SPACE = "\u2581".encode()
"""What SentencePiece writes for a space."""
_BRACKETS = frozenset({(b"<", b">"), (b"[", b"]")})
_BYTE = re.compile(rb"<0x([0-9A-Fa-f]{2})>")


class TokenBytes:
    """The bytes that each token stands for; tokens that steer the model stand for none.

    Args:
        tokenizer: an ``openvino_genai.Tokenizer``.
        spoken: tokens that it takes for ones that steer, and that are text, such as ``<think>``.
    """

    def __init__(self, tokenizer: Any, spoken: Iterable[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._spoken = frozenset(one.encode() for one in spoken)
        self._bytes: dict[int, bytes] = {number: text for text, number in tokenizer.get_vocab().items()}
        self._sentence_pieces = _is_sentence_piece(self._bytes)
        self._steering: dict[int, bool] = {}

    def of(self, token: int) -> bytes:
        """What a token adds to a text."""
        found = self._bytes.get(token, b"")
        if found.startswith(b"<") and found.endswith(b">"):
            if self._sentence_pieces and (byte := _BYTE.fullmatch(found)):
                return bytes([int(byte[1], 16)])
            if found not in self._spoken and self._steers(token):
                return b""
        return found.replace(_SPACE, b" ") if self._sentence_pieces else found

    def marks(self) -> tuple[str, ...]:
        """The tokens that steer the model, as they are written: those in brackets, as all known ones are."""
        return tuple(
            text.decode("utf-8", "replace")
            for token, text in self._bytes.items()
            if (text[:1], text[-1:]) in _BRACKETS and not _BYTE.fullmatch(text) and self._steers(token)
        )

    def _steers(self, token: int) -> bool:
        if token not in self._steering:
            self._steering[token] = not self._tokenizer.decode([token], skip_special_tokens=True)
        return self._steering[token]


class TextSoFar:
    """One answer's text as it grows."""

    def __init__(self, tokens: TokenBytes) -> None:
        self._tokens = tokens
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, token: int) -> str:
        """The text that is whole by this token; a character whose bytes have not all come waits for them.

        What is left in the end, bytes that never became a character, is left out.
        """
        return self._decoder.decode(self._tokens.of(token))


class StopWatch:
    """Holds text back that may be the beginning of a stop string.

    Args:
        stops: what ends an answer, and is no part of it.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def add(self, text: str) -> str:
        """The text that may be shown now; nothing once stopped."""
        if self.stopped:
            return ""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)], ""
            return shown
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def rest(self) -> str:
        """What was held back, at the end of an answer that no stop string has ended."""
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of a text begin a stop string."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)


def _is_sentence_piece(tokens: dict[int, bytes]) -> bool:
    return not any(text.startswith(b" ") for text in tokens.values()) and any(
        text.startswith(_SPACE) for text in tokens.values()
    )
