"""What single values of ``agency.toml`` may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

MOST_ISSUES = 1_000_000
LONGEST_PATH = 1024
LONGEST_FILE_NAME = 255

Refuse = Callable[[str, str, str], None]
"""Tells that a key is wrong: the key (with a dot before a key inside its table), what is wrong, what mends it."""


def told(value: Any) -> str:
    """A value as the subject of a sentence."""
    return f"'{value[:60]}'" if isinstance(value, str) else "That"


def is_texts(value: Any) -> TypeGuard[list[str]]:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a finite number; true and false are none."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def is_percent(value: Any) -> bool:
    """Whether it is a number from 0 to 100."""
    return is_number(value) and 0 <= value <= 100  # noqa: PLR2004  what percent means


def is_count(value: Any) -> bool:
    """Whether it is a whole number of issues."""
    return type(value) is int and 0 <= value <= MOST_ISSUES


def is_inside(path: str) -> bool:
    """Whether the text is the plain relative path of a file: no '..', nothing in '.git', no control character."""
    parts = path.removeprefix("./").split("/")
    short = all(len(part.encode()) <= LONGEST_FILE_NAME for part in parts) and len(path) <= LONGEST_PATH
    plain = all(part.strip() and part not in {".", ".."} and part.lower() != ".git" for part in parts)
    return short and plain and path.isprintable()


def can_match(glob: str) -> bool:
    """Whether a glob can match a path of a repository at all."""
    return bool(glob.strip()) and not glob.startswith("/") and ".." not in glob.split("/")


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """The remedy for a key that is not known."""
    from difflib import get_close_matches

    names = tuple(known)
    close = get_close_matches(key.lower().replace("-", "_"), names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(names)}."
