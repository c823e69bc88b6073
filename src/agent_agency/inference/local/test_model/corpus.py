"""The text that the vocabulary is trained on."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

_WHOLE_WORDS = "Yes No yes no pass partial fail abstain score verdict reason evidence A B C D E"
_REPEATS = 3000


def corpus() -> Iterator[str]:
    """The running Python's own modules, and words that must be one token each."""
    for word in _WHOLE_WORDS.split():
        yield f"{word} {word}\n" * _REPEATS
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        yield path.read_text(encoding="utf-8", errors="replace")
