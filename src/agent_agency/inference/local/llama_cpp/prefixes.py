"""Prefixes that were computed once, kept as files, and copied into slots.

llama.cpp shares nothing between its slots: eight requests behind one rubric compute it eight times. A slot can be
saved and loaded, though, and from a folder in memory that takes milliseconds.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Condition

from agent_agency.errors import EngineError
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.completion import complete
from agent_agency.inference.local.llama_cpp.door import Door
from agent_agency.inference.local.llama_cpp.slots import Slot
from agent_agency.inference.local.llama_cpp.tokens import Tokens

LEAST_TOKENS = 32
"""A shorter prefix is computed as quickly as it is copied."""
_WAIT_S = 0.05


class Prefixes:
    """The kept prefixes.

    Args:
        door: to the server.
        folder: of the files.
        room: bytes that they may take together; those used longest ago go first.
    """

    def __init__(self, door: Door, folder: Path, room: int) -> None:
        self._door = door
        self._folder = folder
        self._room = room
        self._changed = Condition()
        self._kept: OrderedDict[Tokens, tuple[str, int]] = OrderedDict()
        self._underway: set[Tokens] = set()
        self._made = 0

    def kept(self, prefix: Tokens) -> bool:
        """Whether it can be copied."""
        with self._changed:
            return prefix in self._kept

    def place(self, prefix: Tokens, slot: Slot, call: Call) -> int:
        """Have a slot hold a prefix: copied where it is kept, else computed there and kept.

        Only one computes a prefix; others wait for it, as they would have to compute for as long.

        Returns:
            How many tokens were computed.

        Raises:
            EngineError: cancelled, or the server failed.
        """
        if not self._claim(prefix, call):
            return 0 if self._copy(prefix, slot, call) else self._compute(prefix, slot, call)
        try:
            computed = self._compute(prefix, slot, call)
            self._keep(prefix, slot, call)
        finally:
            with self._changed:
                self._underway.discard(prefix)
                self._changed.notify_all()
        return computed

    def _claim(self, prefix: Tokens, call: Call) -> bool:
        """Whether it is the caller who must compute it."""
        with self._changed:
            while prefix in self._underway:
                self._changed.wait(_WAIT_S)
                call.check()
            if prefix in self._kept:
                self._kept.move_to_end(prefix)
                return False
            self._underway.add(prefix)
            return True

    def _copy(self, prefix: Tokens, slot: Slot, call: Call) -> bool:
        """Copy it even where the slot holds it and more: some models (sliding windows, states) cannot go back."""
        if slot.tokens == prefix:
            return True
        with self._changed:
            name = self._kept.get(prefix, ("", 0))[0]
        slot.tokens = ()
        try:
            self._door.ask(f"/slots/{slot.number}?action=restore", {"filename": name}, call)
        except EngineError as refused:
            if refused.stable_code == "engine.cancelled":
                raise
            self._forget(prefix)
            return False
        slot.tokens = prefix
        return True

    def _compute(self, prefix: Tokens, slot: Slot, call: Call) -> int:
        done = complete(self._door, slot, prefix, {"n_predict": 0, "cache_prompt": True}, call)
        return done.prompt - done.cached

    def _keep(self, prefix: Tokens, slot: Slot, call: Call) -> None:
        with self._changed:
            self._made += 1
            name = f"prefix-{self._made}"
        try:
            saved = self._door.ask(f"/slots/{slot.number}?action=save", {"filename": name}, call)
        except EngineError as refused:
            self._delete(name)  # the folder is full, most likely
            if refused.stable_code == "engine.cancelled":
                raise
            return
        with self._changed:
            self._kept[prefix] = (name, saved["n_written"])
            gone = [self._kept.popitem(last=False)[1][0] for _ in range(self._too_many())]
        for one in gone:
            self._delete(one)

    def _too_many(self) -> int:
        sizes = [size for _, size in self._kept.values()]
        count = 0
        while sum(sizes[count:]) > self._room:
            count += 1
        return count

    def _forget(self, prefix: Tokens) -> None:
        with self._changed:
            name = self._kept.pop(prefix, ("", 0))[0]
        if name:
            self._delete(name)

    def _delete(self, name: str) -> None:
        with suppress(OSError):
            (self._folder / name).unlink()
