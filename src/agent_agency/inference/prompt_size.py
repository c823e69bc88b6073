"""Whether a prompt can have arrived whole: bounds on its tokens, held against what the server counted.

Some servers cut a prompt that is too long and answer the rest without a word; a judge's rubric, which stands first, is
what goes. Three things are compared, the first that is known first: the server's own tokenizer, the window, and a
lower bound that holds for every tokenizer which joins no words (the byte-pair and SentencePiece vocabularies in common
use: they split at spaces, and between letters and signs). In a word of ASCII each run of letters and digits is at least
one token, an apostrophe counted as a letter; any other word with a letter is at least one; and in scripts without
spaces four characters are, repetitions apart, at least one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Message, Request, Usage

TEMPLATE_TOKENS = 512
"""The most that chat templates add by themselves, a default system prompt among it; plus `TURN_TOKENS` a message."""
TURN_TOKENS = 32
SURPLUS_TOKENS = 4096
"""Tokens beyond `most_tokens` that a template or the rules of a schema may still add."""
_CHARS_A_TOKEN = 4
_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z']*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)
_REPEATED = re.compile(r"(.{1,16}?)\1+", re.DOTALL)
_TURN_SLACK = 1.5


def least_tokens(messages: Sequence[Message]) -> int:
    """Fewer tokens than this no tokenizer makes of the messages."""
    return sum(_least(message.content) for message in messages)


def most_tokens(messages: Sequence[Message]) -> int:
    """More tokens than this no tokenizer makes of the messages: one a byte, and the template's own."""
    return sum(_bytes(message) + TURN_TOKENS for message in messages) + TEMPLATE_TOKENS


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a prompt's size before it is sent.

    Args:
        least: tokens that it has at least, or by the server's own tokenizer.
        counted: whether the server's tokenizer said so.
        window: tokens for prompt and answer together, where known.
        largest_turn: bytes of the largest message that a server may drop: neither a system message nor the last.
        total: bytes of all messages.
        fits: whether it surely fits, with the whole answer.
        refuses_long: whether the server refuses rather than cuts.
    """

    least: int
    counted: bool
    window: int | None
    largest_turn: int
    total: int
    fits: bool
    refuses_long: bool


def expected_size(
    messages: Sequence[Message], *, window: int | None, max_tokens: int, counted: int | None, refuses_long: bool
) -> Expected:
    """What is known before sending.

    Raises:
        EngineError: ``engine.prompt_too_long``: the prompt cannot fit, so it is not sent.
    """
    least = least_tokens(messages) if counted is None else counted
    if window is not None and least >= window:
        how = f"{least:,} tokens" if counted is not None else f"at least {least:,} tokens"
        raise EngineError(
            f"The prompt has {how}, and the engine's window is {window:,}",
            fix="Shorten the prompt, or give the engine a larger 'context'.",
            code="engine.prompt_too_long",
        )
    droppable = [_bytes(message) for message in messages[:-1] if message.role != "system"]
    fits = window is not None and most_tokens(messages) + max_tokens <= window
    total = sum(_bytes(message) for message in messages)
    return Expected(least, counted is not None, window, max(droppable, default=0), total, fits, refuses_long)


def check_counted(expected: Expected, usage: Usage, *, uncounted_is_fine: bool) -> None:
    """Hold what the server counted against what was sent.

    Raises:
        EngineError: ``engine.prompt_cut``: part of the prompt was surely or probably lost;
            ``engine.prompt_uncounted``: the server does not tell, so that nobody can know.
    """
    told = usage.prompt
    if told is None:
        if uncounted_is_fine:
            return
        raise EngineError(
            "The server does not count the prompt's tokens, so nobody can tell whether it read all of it",
            fix="Update the server, or write 'uncounted = true' in the engine's settings to go on without knowing.",
            code="engine.prompt_uncounted",
        )
    if told < expected.least:
        size = f"has {expected.least:,}" if expected.counted else f"has at least {expected.least:,}"
        raise _cut(f"the server read {told:,} tokens of a prompt that {size}")
    window = expected.window
    if window is None:
        return
    if told >= window or told + (usage.completion or 0) > window + 1:
        raise _cut(f"prompt and answer fill the window of {window:,} tokens ({told:,} of the prompt were read)")
    if not expected.fits and not expected.refuses_long and _turn_may_be_gone(expected, told, window):
        raise _cut(f"the server read {told:,} tokens, and an earlier turn may have been dropped to fit {window:,}")


def check_surplus(request: Request, usage: Usage) -> None:
    """Hold the server's count against the most that the prompt, and the schema where a template writes it out, can be.

    Raises:
        EngineError: ``engine.prompt_grown``: something on the way adds to the prompt, or the count is not true.
    """
    schema = 0 if request.schema is None else len(json.dumps(dict(request.schema), ensure_ascii=False).encode())
    most = most_tokens(request.messages) + schema + SURPLUS_TOKENS
    if usage.prompt is not None and usage.prompt > most:
        raise EngineError(
            f"The server read {usage.prompt:,} tokens of a prompt that has at most {most:,}",
            fix="See what the server or a gateway before it adds to prompts; a judge must read what it was sent.",
            code="engine.prompt_grown",
        )


def _turn_may_be_gone(expected: Expected, told: int, window: int) -> bool:
    """Whether the largest turn would not have fitted beside what was read: then it may have been there.

    A server that drops whole turns stops as soon as the rest fits, so that what it reads and the last turn that it
    dropped together exceed the window. The turn's size is taken from its share of the bytes, half as much again.
    """
    if not expected.largest_turn or expected.counted:
        return False
    turn = min(expected.largest_turn, _TURN_SLACK * told * expected.largest_turn / expected.total)
    return told + turn + TURN_TOKENS > window


def _cut(what: str) -> EngineError:
    return EngineError(
        f"The prompt was cut: {what}",
        fix="Give the engine a larger 'context', or shorten the prompt.",
        code="engine.prompt_cut",
    )


def _bytes(message: Message) -> int:
    return len(message.content.encode("utf-8", "surrogatepass"))


def _least(text: str) -> int:
    if text.isascii():
        return len(_RUN.findall(text))
    words = text.split()
    plain = " ".join(word for word in words if word.isascii())
    return len(_RUN.findall(plain)) + sum(_least_of_word(word) for word in words if not word.isascii())


def _least_of_word(word: str) -> int:
    unspaced = "".join(_UNSPACED.findall(word))
    if unspaced:
        return -(-len(_REPEATED.sub(r"\1", unspaced)) // _CHARS_A_TOKEN)
    return 1 if any(char.isalpha() for char in word) else 0
