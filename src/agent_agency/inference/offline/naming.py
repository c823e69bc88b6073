"""Which features the instructions of a prompt name.

A term in backquotes names every feature that holds all its words: ```eval``` names ``added eval``, and
```claims found in added``` names ``words in claims found in added``. Other words of the instructions name a feature
a little where they make up most of its name. So instructions that say what to look at are of more use than others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent_agency.inference.offline.words import quoted, words

PLAIN = 0.15
"""How much a feature is named whose words all stand in the instructions, but in no backquotes."""


class Naming:
    """The terms of some instructions.

    Args:
        instructions: the text before the demonstrations.
    """

    def __init__(self, instructions: str) -> None:
        self._terms = [frozenset(found) for term in quoted(instructions) if (found := words(term))]
        self._plain = frozenset(re.findall(r"[a-z]+|\d+", instructions.lower()))

    def of(self, features: Iterable[str]) -> Mapping[str, float]:
        """How much each feature is named, 0 to 1; those that are not are left out."""
        named: dict[str, float] = {}
        for name in features:
            inside = frozenset(name.split())
            if any(term <= inside for term in self._terms):
                named[name] = 1.0
            elif inside <= self._plain:
                named[name] = PLAIN
        return named
