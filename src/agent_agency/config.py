"""``agency.toml``: the law that the standard's policy has no place for, and the gates of a project's own.

Only settings that something reads are known here; any other key is refused, so that no rule is believed in force that
nobody enforces.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent_agency.facts import Finding, Place, Severity


def _one_each() -> Mapping[int, int]:
    return MappingProxyType({1: 1, 2: 1, 3: 1})


@dataclass(frozen=True, slots=True)
class LawLimits:
    """The table ``[law]``.

    ``waiver_max_days``: the longest that a waiver may last. ``max_delta_files`` and ``max_delta_loc``: the most that
    all waivers together may add to a budget; ``None`` sets no cap, as in the standard. ``quorum``: distinct approvers
    that a waiver needs, by risk tier. ``budget_exclude``: globs of files that do not count in the budget.
    ``exclude_generated``: whether files that gitattributes call generated count in the budget.
    ``governance_paths``: further globs whose edit is an edit of the law.
    """

    waiver_max_days: int = 90
    max_delta_files: int | None = None
    max_delta_loc: int | None = None
    quorum: Mapping[int, int] = field(default_factory=_one_each)
    budget_exclude: tuple[str, ...] = ()
    exclude_generated: bool = False
    governance_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfiguredGate:
    """One ``[[gate]]``: a gate of the project's own. ``line`` is where its name stands."""

    name: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A valid ``agency.toml``."""

    law: LawLimits = field(default_factory=LawLimits)
    gates: tuple[ConfiguredGate, ...] = ()


def read_config(data: bytes, path: str) -> Config | tuple[Finding, ...]:
    """Read ``agency.toml``; what is wrong with it comes back as findings, never as an exception."""
    try:
        tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return (
            Finding(
                "config.toml.parse_failed",
                Severity.MAJOR,
                f"The file is no valid TOML: {error}",
                "Mend the syntax.",
                Place(path),
            ),
        )
    return Config()
