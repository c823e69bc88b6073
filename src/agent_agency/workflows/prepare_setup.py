"""Run the set-up step of ``agency.toml`` once for each content of its lock files, and keep what it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.sandbox.model import Outcome


@dataclass(frozen=True, slots=True)
class PreparedSetup:
    """What a set-up step left, read-only.

    ``folder`` is what ``AGENCY_SETUP`` names; ``keep`` maps each kept path of the checkout to where it lies now, below
    ``folder``. ``digest`` names all that the result depends on. ``outcome`` is the run, ``None`` when an earlier one is
    used again; ``facts`` describe it in both cases, JSON-ready.
    """

    folder: Path
    digest: str
    reused: bool
    keep: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    outcome: Outcome | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class SetupProblem:
    """Why there is no set-up, so that no gate can be believed; ``outcome`` is the run where there was one.

    ``cancelled`` is whether it was ended from outside, which says nothing about the change.
    """

    reason: str
    outcome: Outcome | None = None
    cancelled: bool = False
