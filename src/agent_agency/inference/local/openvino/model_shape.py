"""How large a model's keys and values are, as its OpenVINO graph tells, and how much memory requests need for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BLOCK = 32
"""Tokens of one block of keys and values on processors, in OpenVINO's paged attention."""
GIB = 1 << 30
_EXTRA = 8
"""Bytes beside every row of 8-bit keys and values: a scale and a zero point, each of 4."""
_SHARE_FOR_PREFIXES = 4
USUAL_CACHE_GB = 3.0
"""For all keys and values of a process where nobody says otherwise. Few requests fill their windows, and OpenVINO keeps
what it computed until it needs the room, so that a bound of width times context is memory taken for nothing."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The layers' key and value heads: for each how many, and how wide."""

    layers: tuple[tuple[int, int, int], ...]
    """Heads, width of a key, width of a value."""

    def block_bytes(self, *, exact: bool) -> int:
        """Memory of one block of all layers."""
        return sum(heads * _head_bytes(key, value, exact=exact) for heads, key, value in self.layers)


def _head_bytes(key: int, value: int, *, exact: bool) -> int:
    if exact:
        return BLOCK * (key + value) * 4
    return key * (BLOCK + _EXTRA) + BLOCK * (value + _EXTRA)


def shape_of(model: Any) -> ModelShape:
    """Read a graph that keeps keys and values as state.

    Args:
        model: an ``openvino.Model``.

    Raises:
        ValueError: it keeps none, or of a shape that is not told.
    """
    states = [one for one in model.get_ops() if one.get_type_name() == "ReadValue"]
    if not states or len(states) % 2:
        raise ValueError("its graph keeps no keys and values")
    sizes = []
    for state in states:
        shape = state.get_output_partial_shape(0)
        if shape.rank.is_dynamic or len(shape) != 4 or shape[1].is_dynamic or shape[3].is_dynamic:  # noqa: PLR2004
            raise ValueError("its keys and values have no known shape")
        sizes.append((shape[1].get_length(), shape[3].get_length()))
    pairs = zip(sizes[::2], sizes[1::2], strict=True)
    return ModelShape(tuple((heads, key, value) for (heads, key), (_, value) in pairs))


@dataclass(frozen=True, slots=True)
class CachePlan:
    """How many blocks there are for running requests and kept prefixes, and how much memory that is at most."""

    blocks: int
    block_bytes: int

    @property
    def gigabytes(self) -> float:
        """In GiB, when all blocks are in use."""
        return self.blocks * self.block_bytes / GIB


def plan_cache(shape: ModelShape, width: int, context: int, cache_gb: float | None, *, exact: bool) -> CachePlan:
    """What width and context need, and a quarter more for prefixes that nobody uses now, as far as memory goes.

    Text and labels have a memory each, so each may take half of the bound. A request that finds no room waits.

    Args:
        shape: of the model.
        width: requests at once.
        context: tokens of one request at most.
        cache_gb: the bound; ``None`` for the usual one, which gives way where one request of the whole context needs
            more.
        exact: whether keys and values are kept unrounded.

    Raises:
        ValueError: the memory that was asked for does not hold one request of the whole context.
    """
    block_bytes, each = shape.block_bytes(exact=exact), -(-context // BLOCK) + 1
    needed = width * each
    wanted = needed + max(each, needed // _SHARE_FOR_PREFIXES)
    bound = int((USUAL_CACHE_GB if cache_gb is None else cache_gb) / 2 * GIB) // block_bytes
    if cache_gb is None:
        return CachePlan(min(wanted, max(bound, 2 * each)), block_bytes)
    if bound < each:
        least = 2 * each * block_bytes / GIB
        raise ValueError(f"a request of {context:,} tokens needs {least:.3g} GiB for it, and there are {cache_gb:.3g}")
    return CachePlan(min(wanted, bound), block_bytes)
