"""Wordings of the instructions for an engine that is no language model: they name what tells the labels apart.

MIPROv2 asks a language model to word instructions from examples. The engine ``offline`` reads only which features the
instructions name in backquotes, so what is worded for it is a list of names: of those features of the training
examples that differ most between labels. Each wording looks at other programs and names another number, as a search
needs choice.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LENGTHS = (4, 8, 16, 32)
"""How many features a wording names, in turn."""
LEAST_SHARE = 0.04
"""A word that is in fewer examples, or absent from fewer, says nothing about others."""
_LOOK = "{instructions}\n\nLook first at {names}."


@dataclass(frozen=True, slots=True)
class Observed:
    """One training example as the engine sees it: values by feature, its label, and the group that it belongs to."""

    values: Mapping[str, float]
    label: str
    group: str


def worded(instructions: str, observed: Sequence[Observed], wanted: int, seed: int) -> list[str]:
    """Other wordings of the instructions, at most ``wanted``, the same for the same seed."""
    found: list[str] = []
    for number in range(wanted):
        chance = random.Random(f"{seed} wording {number}")  # noqa: S311 - a seeded draw, nothing secret
        names = telling(_some(observed, chance), LENGTHS[number % len(LENGTHS)])
        if names:
            told = ", ".join(f"`{name}`" for name in names)
            found.append(_LOOK.format(instructions=instructions.strip(), names=told))
    return list(dict.fromkeys(found))


def telling(observed: Sequence[Observed], most: int) -> list[str]:
    """The features that tell the labels apart best: by the correlation ratio (Pearson 1905), the greatest first."""
    by_name: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for one in observed:
        for name, value in one.values.items():
            by_name[name].append((value, one.label))
    least = max(2, LEAST_SHARE * len(observed))
    counts: dict[str, int] = defaultdict(int)
    for one in observed:
        counts[one.label] += 1
    rated = [
        (correlation_ratio(pairs, counts), name)
        for name, pairs in by_name.items()
        if len(pairs) >= least and len({value for value, _ in pairs}) + (len(pairs) < len(observed)) > 1
    ]
    rated.sort(key=lambda pair: (-pair[0], pair[1]))
    return [name for ratio, name in rated[:most] if ratio > 0]


def correlation_ratio(pairs: Sequence[tuple[float, str]], counts: Mapping[str, int]) -> float:
    """The share of a feature's variance that lies between labels; examples that are not in ``pairs`` have 0.

    Args:
        pairs: value and label of each example that has the feature.
        counts: of examples by label, those without the feature included.
    """
    total = sum(counts.values())
    sums: dict[str, float] = defaultdict(float)
    for value, label in pairs:
        sums[label] += value
    mean = sum(sums.values()) / total
    spread = sum(value * value for value, _ in pairs) - total * mean * mean
    between = sum(counts[label] * (sums[label] / counts[label] - mean) ** 2 for label in counts)
    return between / spread if spread > 1e-12 else 0.0  # noqa: PLR2004 - what rounding leaves of nothing


def _some(observed: Sequence[Observed], chance: random.Random) -> list[Observed]:
    """Two thirds of the groups, drawn; all examples where there are fewer than three groups."""
    groups = sorted({one.group for one in observed})
    if len(groups) < 3:  # noqa: PLR2004 - a third of them is none
        return list(observed)
    kept = set(chance.sample(groups, -(-2 * len(groups) // 3)))
    return [one for one in observed if one.group in kept]
