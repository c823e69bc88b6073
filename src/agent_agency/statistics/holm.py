"""Holm's correction: several tests at once, and at most ``alpha`` to be wrong about any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values by Holm's step-down rule (Holm 1979, Scand. J. Statist. 6:65-70); compare them with ``alpha``.

    The order of the answer is that of the question. It needs no optional library.

    Raises:
        ValueError: what is given is no probability (NaN is none).
    """
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is no p-value")
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for rank, at in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = least
    return tuple(adjusted)


def holm_by_name(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust p-values that have names; the names keep their order.

    Raises:
        ValueError: see `holm`.
    """
    return dict(zip(p_values, holm(list(p_values.values())), strict=True))
