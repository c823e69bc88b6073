"""The facts whose values are all known: a comparison with any other value is a mistake in a rule."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.fact_paths import IT, Read
from agent_agency.facts import GateMode, GateStatus, Severity
from agent_agency.gate_settings import TIERS, GateKind

BUILT_IN = "builtin"
"""The kind of the gates that every review has."""

_CLOSED: Mapping[tuple[str, str], tuple[Any, ...]] = MappingProxyType(
    {
        ("spec", "tier"): TIERS,
        ("gates", "kind"): (BUILT_IN, *(kind.value for kind in GateKind)),
        ("gates", "mode"): tuple(mode.value for mode in GateMode),
        ("gates", "status"): tuple(status.value for status in GateStatus),
        ("findings", "severity"): tuple(severity.value for severity in Severity),
    }
)


def closed_values(path: Read) -> tuple[Any, ...]:
    """All values that a fact can have, where that is a closed set; else none.

    Args:
        path: of a record (``("spec", "tier")``), or of the element of a list (``("it@gates", "status")``).
    """
    if len(path) != 2:  # noqa: PLR2004 - a record and its fact
        return ()
    return _CLOSED.get((path[0].removeprefix(f"{IT}@"), path[1]), ())
