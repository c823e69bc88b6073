"""Which shared prefixes an engine holds: each is computed once before its requests are let through."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable


class PrefixGroups:
    """Prefixes that are being computed and those that are warm; not locked, the caller is.

    What was not used for longest is taken to be lost once more than ``kept`` are warm; the engine may know better, and
    computing again what it still holds costs nothing.

    Args:
        kept: how many prefixes the engine is taken to hold.
    """

    __slots__ = ("_blocked", "_warm", "kept")

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self._warm: OrderedDict[Hashable, None] = OrderedDict()
        self._blocked: set[Hashable] = set()

    @property
    def blocked(self) -> Collection[Hashable]:
        """Those that are being computed."""
        return self._blocked

    @property
    def warm(self) -> Collection[Hashable]:
        """Those that are there."""
        return self._warm.keys()

    def begin(self, group: Hashable) -> None:
        """It is being computed from now on."""
        self._blocked.add(group)

    def end(self, group: Hashable) -> None:
        """It is there, or could not be computed: its requests go ahead either way, as a prefix changes no answer."""
        self._blocked.discard(group)
        self.touch(group)

    def touch(self, group: Hashable) -> None:
        """A request of it goes to the engine."""
        self._warm[group] = None
        self._warm.move_to_end(group)
        while len(self._warm) > self.kept:
            self._warm.popitem(last=False)

    def forget(self) -> None:
        """The engine failed, and may have lost all of them with its process."""
        self._warm.clear()
