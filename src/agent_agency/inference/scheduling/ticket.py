"""What somebody holds who has handed in a request and goes on with other things."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Ticket(Future[T]):
    """An answer to come; ``result()`` gives it or raises the ``EngineError`` that it came to.

    Unlike a plain future it can be cancelled while the engine is at it, and ``result()`` then raises an ``EngineError``
    with code ``engine.cancelled``.

    Args:
        give_up: takes the request back.
    """

    def __init__(self, give_up: Callable[[], None]) -> None:
        super().__init__()
        self._give_up = give_up

    def cancel(self) -> bool:
        """Take the request back; false where it has ended already."""
        if self.done():
            return False
        self._give_up()
        return True
