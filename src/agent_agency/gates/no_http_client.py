"""Import a library without the HTTP client that it brings along and that nothing here may use.

``detect-secrets`` imports ``requests`` to ask services whether a credential is live. This project never asks, so the
client would only cost every review a third of its start, and stand ready to reach the network.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

CLIENT = "requests"


class NoClient(ModuleType):
    """Stands where the client would: its names may be mentioned in annotations, and nothing can be called."""

    def __getattr__(self, name: str) -> Any:
        """Give an empty name for an annotation; dunder names are absent, as in any module."""
        if name.startswith("__"):
            raise AttributeError(name)
        return NoClient(f"{self.__name__}.{name}")


@contextmanager
def without_http_client() -> Iterator[None]:
    """Let modules imported inside bind to no client; one that is loaded already stays, and so does everybody else's."""
    if CLIENT in sys.modules:
        yield
        return
    stand_in = NoClient(CLIENT)
    sys.modules[CLIENT] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(CLIENT) is stand_in:
            del sys.modules[CLIENT]
