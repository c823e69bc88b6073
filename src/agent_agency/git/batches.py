"""Work in portions, so that no single call of git grows with the change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def batches(
    items: Iterable[Item], size_of: Callable[[Item], int], *, most_size: int, most_items: int
) -> Iterator[list[Item]]:
    """Group items in their order; only a group of one is over ``most_size``."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (size + size_of(item) > most_size or len(batch) >= most_items):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += size_of(item)
    if batch:
        yield batch
