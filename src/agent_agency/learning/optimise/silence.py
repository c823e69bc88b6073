"""Keep a library's printing, progress bars and log lines away from the output of a command."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

_LOUD = ("dspy", "optuna", "gepa", "LiteLLM")


class _Nowhere(io.TextIOBase):
    def write(self, text: str, /) -> int:
        return len(text)


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing through to standard output and error; whoever reports meanwhile holds a stream taken before.

    It holds for the whole process while it lasts: not for use by several threads at once.
    """
    levels = {name: logging.getLogger(name).level for name in _LOUD}
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    nowhere = _Nowhere()
    try:
        with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
