"""The rules that bind a review: those at the base, or those that an open case keeps."""

from __future__ import annotations

from dataclasses import dataclass

from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.workflows.ruling_members import RulesFrom


@dataclass(frozen=True, slots=True)
class BindingRules:
    """The constitution that binds a review, and where it comes from."""

    constitution: Constitution
    read_from: RulesFrom
