"""What every job needs: the prompt written, refused where it does not fit, and a slot that stands behind its prefix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.door import Door
from agent_agency.inference.local.llama_cpp.prefixes import LEAST_TOKENS, Prefixes
from agent_agency.inference.local.llama_cpp.prompts import Prompts
from agent_agency.inference.local.llama_cpp.slots import Slot, Slots
from agent_agency.inference.local.llama_cpp.tokens import Tokens, common
from agent_agency.inference.protocol import Message


@dataclass(slots=True)
class Seat:
    """A slot for one job; ``computed`` tokens in it were computed for this very job, and are no saved ones."""

    slot: Slot
    computed: int


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that jobs share.

    Args:
        door: to the server.
        prompts: writes prompts.
        slots: of the server.
        prefixes: the kept ones.
        reuse: whether anything that was computed is used again.
    """

    door: Door
    prompts: Prompts
    slots: Slots
    prefixes: Prefixes
    reuse: bool

    def prefix(self, messages: Sequence[Message], shared: int, tokens: Tokens, call: Call) -> Tokens:
        """The part of a prompt that is worth keeping for others; empty where there is none."""
        if not self.reuse or not 0 < shared <= len(messages):
            return ()
        beginning = self.prompts.beginning(tuple(messages[:shared]), call)
        same = common(beginning, tokens)
        if same < LEAST_TOKENS:
            return ()
        return beginning if len(beginning) - same <= 1 else tokens[:same]

    @contextmanager
    def seat(self, tokens: Tokens, prefix: Tokens, call: Call) -> Iterator[Seat]:
        """A slot for a prompt, behind its prefix; given back at the end.

        Raises:
            EngineError: cancelled, or the server failed.
        """
        slot = self.slots.take(tokens, len(prefix) if prefix and self.prefixes.kept(prefix) else 0)
        try:
            worth = prefix and common(slot.tokens, tokens) <= common(prefix, tokens)
            computed = self.prefixes.place(prefix, slot, call) if worth else 0
            yield Seat(slot, computed)
        finally:
            self.slots.give_back(slot)
