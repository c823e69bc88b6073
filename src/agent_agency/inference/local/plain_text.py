"""What people and programs wrote stays text: marks in it, such as those between two turns, steer no model.

A tokenizer takes a mark for its token wherever it stands, so an item under judgement could close its own turn and open
one of the system. Each mark in a message is therefore cut in two before the template is applied, at a character that no
text has, and the two parts are made tokens one by one: the model reads the same characters, spelt out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent_agency.inference.protocol import Message

_CUT = "\ufdd0"
"""A noncharacter of Unicode: never assigned, and not for text that is exchanged (The Unicode Standard, 23.7)."""
_LOST = "\ufffd"


class PlainText:
    """Keeps messages plain.

    Args:
        marks: of the model, as they are written.
    """

    def __init__(self, marks: Iterable[str]) -> None:
        self._marks = tuple(dict.fromkeys(mark for mark in marks if len(mark) > 1))

    def kept(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages with their marks cut; for a template."""
        return tuple(Message(one.role, self._cut(one.content)) for one in messages)

    def _cut(self, text: str) -> str:
        clean = text.replace(_CUT, _LOST)
        found = [mark for mark in self._marks if mark in clean]
        if not found:
            return clean
        begins = re.compile(f"(?={'|'.join(map(re.escape, found))})(.)", re.DOTALL)
        return begins.sub(rf"\1{_CUT}", clean)


def parts(text: str) -> list[str]:
    """A text that a template made, where its messages were cut; to be made tokens one by one."""
    return text.split(_CUT)
