"""The paths of ``[tools] readable``, as they are called on the machine of whoever reviews.

The law says what may be read without knowing whose home that will be; here it is known, and links are followed. A path
that leads to a home or to credentials on this machine opens nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from agent_agency.gate_reader import why_not_readable


def readable_paths(texts: Sequence[str], home: str) -> tuple[Path, ...]:
    """Those that are there and may be opened; another opens nothing.

    Args:
        texts: absolute paths, or paths below ``~/``.
        home: what ``~`` stands for; empty where nobody has one.
    """
    return tuple(path for _, path in _places(texts, home) if _opens(path, home))


def missing_readable(texts: Sequence[str], home: str) -> tuple[str, ...]:
    """Those that open nothing, as they are written, so that a person can be told."""
    return tuple(text for text, path in _places(texts, home) if not _opens(path, home))


def _opens(path: Path, home: str) -> bool:
    if not path.is_absolute() or not path.exists():
        return False
    homes = {home, os.path.realpath(home)} if home.startswith("/") else {None}
    named = (str(path), os.path.realpath(path))
    return all(why_not_readable(name, known) is None for name in named for known in homes)


def _places(texts: Sequence[str], home: str) -> list[tuple[str, Path]]:
    return [(text, Path(f"{home}{text[1:]}" if text == "~" or text.startswith("~/") else text)) for text in texts]
