"""Instructions that name what tells labelled examples apart: the offline answer to "word them better".

Each feature is asked how much of its variance over the examples lies between the labels (the correlation ratio, eta
squared; Fisher 1925, corrected for the number of labels as in Kelley 1935, PNAS 21:554-559). The best are added to the
instructions in backquotes, where `naming` finds them. Different seeds look at different halves of the examples, so that
proposals differ, and a search can choose between them on examples that none of them saw.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agent_agency.inference.offline.features import Features, features_of

TERMS = 12
"""Features that a proposal names, unless told otherwise."""
FEWEST = 8
"""Examples below which nothing is proposed."""
_SEEN_IN = 3
"""A feature counts for naming only where so many examples have it, and so many have not."""
_SHARE = 0.7
LEAD = "What tells good work from bad here, most telling first:"


@dataclass(frozen=True, slots=True)
class Labelled:
    """An example by its features and its label."""

    features: Features
    label: str


def propose(instructions: str, examples: Sequence[tuple[str, str]], *, seed: int = 0, terms: int = TERMS) -> str:
    """Word instructions anew.

    Args:
        instructions: the present ones; what an earlier proposal added is replaced.
        examples: messages as a judge is asked them, each with its label.
        seed: of the part of the examples that is looked at.
        terms: how many features to name.

    Returns:
        The instructions, with a sentence that names features; unchanged where too few examples tell too little.
    """
    return propose_from(instructions, [Labelled(features_of(text), label) for text, label in examples], seed, terms)


def propose_from(instructions: str, examples: Sequence[Labelled], seed: int, terms: int) -> str:
    """The same for examples whose features are known."""
    found = telling(_drawn(examples, seed), terms)
    if not found:
        return instructions
    kept = instructions.partition(LEAD)[0].rstrip()
    return f"{kept}\n\n{LEAD} {', '.join(f'`{name}`' for name in found)}."


def telling(examples: Sequence[Labelled], most: int) -> list[str]:
    """The names of the features that tell labels apart best, best first."""
    if len(examples) < FEWEST or len({one.label for one in examples}) < 2:  # noqa: PLR2004 - nothing to tell apart
        return []
    columns = _columns(examples)
    labels = [one.label for one in examples]
    ranked = sorted(
        ((ratio(values, labels), name) for name, values in columns.items()), key=lambda one: (-one[0], one[1])
    )
    return [name for value, name in ranked[:most] if value > 0]


def ratio(values: Sequence[float], labels: Sequence[str]) -> float:
    """Kelley's corrected correlation ratio: the share of the variance that lies between the labels; may be below 0."""
    n = len(values)
    mean = sum(values) / n
    total = sum((value - mean) ** 2 for value in values)
    groups: dict[str, list[float]] = defaultdict(list)
    for value, label in zip(values, labels, strict=True):
        groups[label].append(value)
    if total <= 0 or n <= len(groups):
        return 0.0
    between = sum(len(held) * (sum(held) / len(held) - mean) ** 2 for held in groups.values())
    return 1 - (1 - between / total) * (n - 1) / (n - len(groups))


def _drawn(examples: Sequence[Labelled], seed: int) -> Sequence[Labelled]:
    size = max(FEWEST, round(_SHARE * len(examples)))
    if size >= len(examples):
        return examples
    return random.Random(f"propose {seed}").sample(list(examples), size)  # noqa: S311 - a seeded draw, nothing secret


def _columns(examples: Sequence[Labelled]) -> dict[str, list[float]]:
    """Every feature's values over the examples; a word is there or not."""
    columns: dict[str, list[float]] = {}
    for at, one in enumerate(examples):
        for name, value in one.features.measures.items():
            columns.setdefault(name, [0.0] * len(examples))[at] = value
        for name in one.features.words:
            columns.setdefault(name, [0.0] * len(examples))[at] = 1.0
    return {name: values for name, values in columns.items() if _is_common(values)}


def _is_common(values: Sequence[float]) -> bool:
    there = sum(1 for value in values if value)
    differing = len(values) - values.count(values[0])
    return there >= _SEEN_IN and differing >= _SEEN_IN
