"""Messages as a model's tokens: its own chat template, then its own tokenizer.

The template's text stands for itself: no token is added that the template does not write, except the one that a text
begins with where the model wants one and the template leaves it out. llama.cpp does the same. What stands in a message
is text, also where it reads like a mark of the template; see `plain_text`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import chain
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.local.openvino.faults import detail, prompt_too_long
from agent_agency.inference.local.plain_text import PlainText, parts
from agent_agency.inference.local.template_values import TEMPLATE_VALUES
from agent_agency.inference.models.gguf_marks import Marks
from agent_agency.inference.protocol import Message, Speaker

_KEPT = 32
_MARGIN = 64


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole prompt as tokens; the first ``shared`` of them it has in common with others."""

    ids: tuple[int, ...]
    shared: int


class Prompts:
    """Makes prompts. May be used from several threads.

    Args:
        tokenizer: an ``openvino_genai.Tokenizer`` with a chat template.
        context: the window, in tokens.
        marks: of the model's file.
    """

    def __init__(self, tokenizer: Any, context: int, marks: Marks) -> None:
        self._tokenizer = tokenizer
        self._context = context
        self._plain_text = PlainText(marks.steering)
        self._most = self._longest()
        self._opening = self._encode("", specials=True) or marks.opening
        self._joins_system = self._loses_system()
        self._lock = threading.Lock()
        self._leading: OrderedDict[tuple[Message, ...], tuple[int, ...]] = OrderedDict()
        self._labels: OrderedDict[tuple[str, str], tuple[int, ...]] = OrderedDict()

    def text(self, messages: tuple[Message, ...]) -> str:
        """The whole prompt as text, the model's turn being opened.

        Raises:
            EngineError: the template refuses these messages (``engine.bad_request``).
        """
        return self._text(messages, opened=True)

    def whole(self, messages: tuple[Message, ...], shared: int) -> Prompt:
        """A prompt whose end opens the model's turn.

        Raises:
            EngineError: the template refuses these messages (``engine.bad_request``), or they are longer than the
                window (``engine.prompt_too_long``).
        """
        ids = self._ids(self._text(messages, opened=True))
        return Prompt(ids, _in_common(ids, self._leading_ids(messages[:shared])) if shared else 0)

    def leading(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        """What all prompts that begin with these messages begin with.

        The template is asked with two different messages behind, because how a message ends may depend on what
        follows it, and its last token may reach into it.
        """
        return self._leading_ids(messages)

    def label(self, messages: tuple[Message, ...], label: str) -> tuple[int, ...]:
        """The tokens of a label that opens the model's turn."""
        opener = self._opener(messages)
        with self._lock:
            known = self._labels.get((opener, label))
        if known is None:
            before, both = self._ids(opener), self._ids(opener + label)
            known = both[len(before) :] if both[: len(before)] == before else self._plain(label)
            self._keep(self._labels, (opener, label), known)
        return known

    def _opener(self, messages: tuple[Message, ...]) -> str:
        whole, closed = self._text(messages, opened=True), self._text(messages, opened=False)
        return whole[len(closed) :] if whole.startswith(closed) else ""

    def _leading_ids(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        with self._lock:
            known = self._leading.get(messages)
        if known is None:
            known = self._first_tokens(messages)
            self._keep(self._leading, messages, known)
        return known

    def _first_tokens(self, messages: tuple[Message, ...]) -> tuple[int, ...]:
        role: Speaker = "user" if not messages or messages[-1].role != "user" else "assistant"
        try:
            one, other = (
                self._ids(self._text((*messages, Message(role, word)), opened=False)) for word in ("A word.", "7")
            )
        except EngineError as error:
            if error.stable_code == "engine.prompt_too_long":
                raise
            return ()
        return one[: _in_common(one, other)]

    def _keep(self, kept: OrderedDict[Any, tuple[int, ...]], key: object, ids: tuple[int, ...]) -> None:
        with self._lock:
            kept[key] = ids
            while len(kept) > _KEPT:
                kept.popitem(last=False)

    def _loses_system(self) -> bool:
        """Whether the template refuses a system message, or leaves it out without a word."""
        word = "A rubric."
        try:
            return word not in self._written((Message("system", word), Message("user", "An item.")), opened=True)
        except RuntimeError:
            return True

    def _text(self, messages: tuple[Message, ...], *, opened: bool) -> str:
        plain = self._plain_text.kept(messages)
        try:
            return self._written(_system_joined(plain) if self._joins_system else plain, opened=opened)
        except RuntimeError as error:
            raise EngineError(
                f"The model's chat template refuses these messages ({detail(error)})",
                fix="Use a model whose template takes system and user messages.",
                code="engine.bad_request",
            ) from None

    def _written(self, messages: tuple[Message, ...], *, opened: bool) -> str:
        turns = [{"role": one.role, "content": one.content} for one in messages]
        return str(self._tokenizer.apply_chat_template(turns, opened, extra_context=dict(TEMPLATE_VALUES)))

    def _ids(self, text: str) -> tuple[int, ...]:
        ids = self._plain(text)
        opening = self._opening
        return ids if ids[: len(opening)] == opening else (*opening, *ids)

    def _plain(self, text: str) -> tuple[int, ...]:
        ids = tuple(chain.from_iterable(self._encode(part, specials=False) for part in parts(text)))
        if len(ids) >= self._most:
            raise prompt_too_long(len(ids), self._context, or_more=True)
        return ids

    def _encode(self, text: str, *, specials: bool) -> tuple[int, ...]:
        made = self._tokenizer.encode(text, add_special_tokens=specials)
        ids: tuple[int, ...] = tuple(made.input_ids.data[0].tolist())
        if len(ids) >= self._most:
            raise prompt_too_long(len(ids), self._context, or_more=True)
        return ids

    def _longest(self) -> int:
        """How many tokens mean that a text is too long.

        The tokenizer cuts a text, at its beginning and without a word, to a length of its own that no argument
        changes. It is found with a text that is longer than the window for sure, and whatever is as long counts as cut.
        """
        made = self._tokenizer.encode("7\n" * (self._context + _MARGIN), add_special_tokens=False)
        return int(made.input_ids.shape[1])


def _system_joined(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """A leading system message put before what the user says, as llama.cpp does where a template knows no system."""
    if not messages or messages[0].role != "system":
        return messages
    said, rest = [messages[0].content], messages[1:]
    if rest and rest[0].role == "user":
        said, rest = [*said, rest[0].content], rest[1:]
    return (Message("user", "\n".join(said)), *rest)


def _in_common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
