"""Nearest neighbours under a measure that the demonstrations themselves set.

For each feature the demonstrations of one label are compared with those of the others: a feature that differs more
between labels than within them counts more. That is the idea of Relief (Kira and Rendell 1992, "A practical approach to
feature selection", ICML, 249-256), taken over all pairs, as there are few. Features that the instructions name count
more than the others do. The labels are then voted for by nearness (Dudani 1976, IEEE Trans. SMC 6:325-327, with an
exponential weight). Nothing here is drawn: equal prompts have equal answers.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agent_agency.inference.offline.features import Features

NAMED = 100.0
"""What a measure counts that the instructions name wholly, where one that separates the labels by all of its spread
counts 1."""
NAMED_WORD = 40.0
"""What a word counts that they name wholly, where one that only one label uses counts about 1."""
PRIOR = 0.02
"""What every feature counts at least, so that few demonstrations do not settle everything."""
WORDS_SHARE = 0.3
"""The share of words in nearness; measures have the rest. Instructions that name more of the one kind move it."""
WHOLLY = 0.5
"""From where on a feature counts as named for that."""
SHARPNESS = 30.0
"""How much more the nearest demonstrations count than the farther ones."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A demonstration: its features and its label."""

    features: Features
    label: str


@dataclass(frozen=True, slots=True)
class Votes:
    """What the demonstrations vote for: each label's share, and each demonstration's own, in the order shown."""

    by_label: Mapping[str, float]
    by_demonstration: tuple[float, ...]

    @property
    def winner(self) -> str:
        """The label with most votes; of equal ones the first in the alphabet."""
        return min(self.by_label, key=lambda label: (-self.by_label[label], label))


class Learner:
    """What one prompt teaches: made once for its demonstrations and instructions, then asked many times.

    Args:
        shown: the demonstrations, at least one.
        named: says how much a feature is named by the instructions: 0 not at all, 1 wholly.
    """

    def __init__(self, shown: Sequence[Shown], named: Mapping[str, float]) -> None:
        self._labels = [one.label for one in shown]
        self._words = [one.features.words for one in shown]
        self._word_weights = _word_weights(shown, named)
        self._columns = _columns(shown, named)
        self._words_share = _words_share(self._word_weights, named)
        self._lengths = [math.sqrt(self._dot(words, words)) or 1.0 for words in self._words]

    def votes(self, features: Features) -> Votes:
        """Let the demonstrations vote on a message."""
        near = self._nearness(features)
        best = max(near)
        weights = [math.exp(SHARPNESS * (one - best)) for one in near]
        total = sum(weights)
        shares = tuple(weight / total for weight in weights)
        by_label: dict[str, float] = {}
        for label, share in zip(self._labels, shares, strict=True):
            by_label[label] = by_label.get(label, 0.0) + share
        return Votes(by_label, shares)

    def _nearness(self, features: Features) -> list[float]:
        count = len(self._labels)
        apart = [0.0] * count
        measures = features.measures
        for name, weight, values in self._columns:
            value = measures.get(name, 0.0)
            for at in range(count):
                apart[at] += weight * abs(values[at] - value)
        weighted = {word: size for word, size in features.words.items() if word in self._word_weights}
        length = math.sqrt(self._dot(weighted, weighted)) or 1.0
        return [
            self._words_share * self._dot(weighted, words) / (length * own) - (1 - self._words_share) * far
            for words, own, far in zip(self._words, self._lengths, apart, strict=True)
        ]

    def _dot(self, one: Mapping[str, float], other: Mapping[str, float]) -> float:
        if len(one) > len(other):
            one, other = other, one
        weights = self._word_weights
        return sum(weights[word] * size * other[word] for word, size in one.items() if word in other)


def _words_share(known: Collection[str], named: Mapping[str, float]) -> float:
    """The share of words in nearness: halfway to their share among what the instructions name, where they name any."""
    wholly = [name for name, much in named.items() if much >= WHOLLY]
    if not wholly:
        return WORDS_SHARE
    return (WORDS_SHARE + sum(name in known for name in wholly) / len(wholly)) / 2


def _columns(shown: Sequence[Shown], named: Mapping[str, float]) -> list[tuple[str, float, tuple[float, ...]]]:
    """Each measure with its weight (they sum to 1) and the demonstrations' values."""
    every = sorted({name for one in shown for name in one.features.measures})
    labels = [one.label for one in shown]
    columns = []
    for name in every:
        values = tuple(one.features.measures.get(name, 0.0) for one in shown)
        spread = max(values) - min(values)
        if not spread:
            continue
        scaled = separation(values, labels) / spread
        weight = (PRIOR + max(0.0, scaled) + NAMED * named.get(name, 0.0)) / spread
        columns.append((name, weight, values))
    total = sum(weight * (max(values) - min(values)) for _, weight, values in columns) or 1.0
    return [(name, weight / total, values) for name, weight, values in columns]


def separation(values: Sequence[float], labels: Sequence[str]) -> float:
    """The mean difference between demonstrations of different labels, less that between those of one label."""
    across = within = 0.0
    pairs_across = pairs_within = 0
    for at, value in enumerate(values):
        for other in range(at):
            if labels[at] == labels[other]:
                within += abs(value - values[other])
                pairs_within += 1
            else:
                across += abs(value - values[other])
                pairs_across += 1
    if not pairs_across:
        return 0.0
    return across / pairs_across - (within / pairs_within if pairs_within else 0.0)


def _word_weights(shown: Sequence[Shown], named: Mapping[str, float]) -> dict[str, float]:
    """The weight of each word of the demonstrations: how unevenly the labels use it."""
    totals: dict[str, int] = {}
    uses: dict[str, dict[str, int]] = {}
    for one in shown:
        totals[one.label] = totals.get(one.label, 0) + 1
        for word in one.features.words:
            of = uses.setdefault(word, {})
            of[one.label] = of.get(one.label, 0) + 1
    return {word: _uneven(of, totals) + NAMED_WORD * named.get(word, 0.0) for word, of in uses.items()}


def _uneven(uses: Mapping[str, int], totals: Mapping[str, int]) -> float:
    shares = [uses.get(label, 0) / (total + 1) for label, total in totals.items()]
    return 0.1 + max(shares) - min(shares)
