"""``[judges]``: which judges a review asks, and which of them may block, as ``agency.toml`` at the base declares it.

A judge that is named to block does so only where the very version that answers has a passing judge card; otherwise it
advises. Which engine answers is not for a repository to say: that is in the user's own settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SHIPPED_JUDGES = ("relevance", "faithfulness", "minimality", "safety", "rubric")
"""``rubric`` is the general one."""

JUDGES_KEYS = ("advise", "block")
JUDGE_GATES = tuple(f"judge_{name}" for name in SHIPPED_JUDGES)
"""The gates under which judges are listed in a review."""

Refuse = Callable[[str, str, str], None]
"""Tells that a key is wrong: the key, what is wrong, what mends it."""


@dataclass(frozen=True, slots=True)
class JudgesAsked:
    """The table ``[judges]``: the judges that advise, and those that may block."""

    advise: tuple[str, ...] = ()
    block: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every judge that a review asks, each once, in the order of the shipped ones."""
        return tuple(name for name in SHIPPED_JUDGES if name in self.advise or name in self.block)

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates under which they are listed."""
        return tuple(f"judge_{name}" for name in self.names)


def read_judges(table: Mapping[str, Any], refuse: Refuse) -> JudgesAsked:
    """Read the table; what is wrong is told and left out.

    Args:
        table: the parsed table.
        refuse: is told every wrong key.
    """
    return JudgesAsked(**{key: _names(key, table.get(key, []), refuse) for key in JUDGES_KEYS})


def _names(key: str, value: Any, refuse: Refuse) -> tuple[str, ...]:
    known = f"Write some of: {', '.join(SHIPPED_JUDGES)}."
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        refuse(key, f"'{key}' is no list of names of judges", known)
        return ()
    unknown = [name for name in value if name not in SHIPPED_JUDGES]
    if unknown:
        refuse(key, f"There is no judge '{unknown[0]}'", known)
    return tuple(dict.fromkeys(name for name in value if name in SHIPPED_JUDGES))
