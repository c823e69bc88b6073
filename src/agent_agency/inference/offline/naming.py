"""Which features the instructions of a prompt name.

A term in backquotes names every feature that holds all its words, the more so the less else the feature's name holds:
a quoted ``lines added`` names that measure wholly and ``comment lines added`` by two thirds. A feature whose whole name
stands in the instructions without backquotes is named a little. So instructions that say what to look at are of more
use than others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent_agency.inference.offline.words import quoted

POWER = 4
"""How quickly a term counts less for a feature whose name holds more than the term."""
PLAIN = 0.02
"""How much a feature is named whose words all stand in the instructions, but in no backquotes."""


class Naming:
    """The terms of some instructions.

    Args:
        instructions: the text before the demonstrations.
    """

    def __init__(self, instructions: str) -> None:
        self._terms = {frozenset(found) for term in quoted(instructions) if (found := term.lower().split())}
        self._plain = frozenset(re.findall(r"[a-z]+|\d+", instructions.lower()))

    def of(self, features: Iterable[str]) -> Mapping[str, float]:
        """How much each feature is named, 0 to 1; those that are not are left out."""
        named: dict[str, float] = {}
        for name in features:
            inside = frozenset(name.split())
            most = max((len(term) for term in self._terms if term <= inside), default=0)
            if most:
                named[name] = (most / len(inside)) ** POWER
            elif inside <= self._plain:
                named[name] = PLAIN
        return named
