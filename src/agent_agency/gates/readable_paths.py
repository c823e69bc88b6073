"""The paths of ``[tools] readable``, as they are called on the machine of whoever reviews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def readable_paths(texts: Sequence[str], home: str) -> tuple[Path, ...]:
    """Those that are there; another opens nothing.

    Args:
        texts: absolute paths, or paths below ``~/``.
        home: what ``~`` stands for; empty where nobody has one.
    """
    return tuple(path for _, path in _places(texts, home) if path is not None and path.exists())


def missing_readable(texts: Sequence[str], home: str) -> tuple[str, ...]:
    """Those that are not there, as they are written, so that a person can be told."""
    return tuple(text for text, path in _places(texts, home) if path is None or not path.exists())


def _places(texts: Sequence[str], home: str) -> list[tuple[str, Path | None]]:
    told = [f"{home}{text[1:]}" if text == "~" or text.startswith("~/") else text for text in texts]
    return [(text, Path(place) if place.startswith("/") else None) for text, place in zip(texts, told, strict=True)]
