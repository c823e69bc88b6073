"""Tokens, and what two prompts begin with in common."""

from __future__ import annotations

from typing import TypeVar

Tokens = tuple[int, ...]
_Sequence = TypeVar("_Sequence", str, Tokens)


def common(one: _Sequence, other: _Sequence) -> int:
    """The length of what two sequences begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # slices are compared far quicker than elements
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
