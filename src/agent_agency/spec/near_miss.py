"""What was probably meant: known names near to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

_MEANT: Final = MappingProxyType(
    {
        "a11y": "accessibility",
        "acceptance_criteria": "acceptance",
        "acs": "acceptance",
        "criteria": "acceptance",
        "development": "feature",
        "bug": "fix",
        "bugfix": "fix",
        "docs": "doc",
        "done": "closed",
        "completed": "closed",
        "in_progress": "active",
        "exclude": "out",
        "excluded": "out",
        "experiment_mode": "experimental_mode",
        "include": "in",
        "included": "in",
        "level": "risk_tier",
        "name": "title",
        "perf": "performance",
        "rollback_slo": "operational_rollback_slo",
        "slo": "operational_rollback_slo",
        "state": "lifecycle_state",
        "status": "lifecycle_state",
        "summary": "title",
        "test": "test_command",
        "tests": "test_nodeids",
        "tier": "risk_tier",
        "type": "mode",
    }
)
"""Other words for a name, from earlier profiles of the standard and from everyday use."""
_LONGEST: Final = 60


def did_you_mean(word: object, known: Iterable[str]) -> str | None:
    """The one known name that a word was probably meant to be, or ``None``.

    Case and the choice of ``-``, ``_`` and blanks do not count; a name of another profile is led to today's; else the
    nearest spelling by the ratio of common characters (``difflib``), if it is near at all.
    """
    if not isinstance(word, str) or len(word) > _LONGEST:
        return None
    names = list(known)
    plain = {_bare(name): name for name in names}
    bare = _bare(word)
    if bare in plain:
        return plain[bare] if plain[bare] != word else None
    meant = {_bare(other): name for other, name in _MEANT.items()}.get(bare)
    if meant in names:
        return meant
    from difflib import get_close_matches

    close = get_close_matches(bare, plain, n=1, cutoff=0.7)
    return plain[close[0]] if close else None


def _bare(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalnum())
