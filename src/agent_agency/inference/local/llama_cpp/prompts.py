"""Prompts as the model reads them: messages through its own chat template, and text as tokens.

The template's marks are single tokens; those that stand in a message are text, see `plain_text`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from types import MappingProxyType
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.door import Door
from agent_agency.inference.local.llama_cpp.tokens import Tokens, common
from agent_agency.inference.local.plain_text import PlainText, parts
from agent_agency.inference.local.template_values import TEMPLATE_VALUES
from agent_agency.inference.models.gguf_marks import Marks
from agent_agency.inference.protocol import Message, Speaker

_KEPT = 64
_PLAIN = "~"
_FOLLOWS: Mapping[str, Speaker] = MappingProxyType({"system": "user", "user": "assistant", "assistant": "user"})


class Prompts:
    """Writes prompts.

    Args:
        door: to the server.
        context: tokens of one request's window.
        marks: of the model's file.
    """

    def __init__(self, door: Door, context: int, marks: Marks) -> None:
        self._door = door
        self._context = context
        self._plain_text = PlainText(marks.steering)
        self.spaced = marks.spaced
        added = self._tokens({"content": "", "add_special": True}, Call())
        self._opening = added[:-1] if marks.closed else added
        self._lock = Lock()
        self._beginnings: OrderedDict[tuple[Message, ...], Tokens] = OrderedDict()

    def text(self, messages: Sequence[Message], call: Call) -> str:
        """The whole prompt, the turn that the model is to write being opened."""
        turns = [{"role": one.role, "content": one.content} for one in self._plain_text.kept(messages)]
        body = {"messages": turns, "chat_template_kwargs": dict(TEMPLATE_VALUES)}
        written: str = self._door.ask("/apply-template", body, call)["prompt"]
        return written

    def tokens(self, text: str, call: Call) -> Tokens:
        """A prompt's tokens, those that every text of this model begins with among them, and none behind it."""
        body = {"content": parts(text), "add_special": False, "parse_special": True}
        return (*self._opening, *self._tokens(body, call))

    def plain(self, call: Call) -> int:
        """A token of plain text that begins no JSON: one that can be forced, and is told with its numbers.

        The server tells none of a token that ends within a character.
        """
        return self.tokens(_PLAIN, call)[-1]

    def label(self, text: str, tokens: Tokens, label: str, call: Call) -> Tokens:
        """The tokens with which a label goes on after a prompt."""
        joined = self.tokens(text + label, call)
        if joined[: len(tokens)] == tokens and len(joined) > len(tokens):
            return joined[len(tokens) :]
        return self._tokens({"content": label, "add_special": False, "parse_special": False}, call)

    def fit(self, tokens: int, more: int) -> None:
        """Refuse what has no room in the window.

        Raises:
            EngineError: ``engine.prompt_too_long``.
        """
        if tokens + more > self._context:
            raise EngineError(
                f"The prompt has {tokens:,} tokens and needs {more:,} more; a request's window is {self._context:,}",
                fix="Shorten the prompt, or give the engine a larger 'context'.",
                code="engine.prompt_too_long",
            )

    def beginning(self, messages: tuple[Message, ...], call: Call) -> Tokens:
        """The tokens that every prompt with these leading messages begins with, but perhaps for the last few.

        How a template closes a turn may depend on what follows, so two prompts that go on differently are compared.
        """
        with self._lock:
            kept = self._beginnings.get(messages)
        if kept is not None:
            return kept
        follows = _FOLLOWS[messages[-1].role]
        one, other = (self.text((*messages, Message(follows, mark)), call) for mark in ("1", "2"))
        tokens = self.tokens(one[: common(one, other)], call)
        with self._lock:
            self._beginnings[messages] = tokens
            while len(self._beginnings) > _KEPT:
                self._beginnings.popitem(last=False)
        return tokens

    def _tokens(self, body: dict[str, Any], call: Call) -> Tokens:
        return tuple(self._door.ask("/tokenize", body, call)["tokens"])
