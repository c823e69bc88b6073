"""What the built-in gates read: one change, the law that binds it, and the doors to the files on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent_agency.change.governance import GovernanceEdit
from agent_agency.change.model import AddedLine, Change
from agent_agency.config import LawLimits
from agent_agency.spec.model import BudgetDecision, Policy, Spec, ValidationResult


@dataclass(frozen=True, slots=True)
class GateContext:
    """Everything that a built-in gate may look at; nothing else reaches it.

    Every path is repository-relative as ``os.fsdecode`` gives it. ``added_lines`` maps a head path to its added lines;
    a text file that gained lines and is missing there counts as unread. ``read_head`` and ``read_base`` give a file's
    bytes (a symlink's target text), or ``None`` where the path is not there; they may raise ``AgencyError``.
    ``spec`` is the governing spec, ``spec_result`` the answer on its file (present even when the spec is not valid).
    ``budget`` is the effective budget of the spec's tier. ``head_modes`` maps every path of the head's tree to git's
    octal mode text; ``None`` means that it was not read, which no check takes for an empty tree.
    """

    change: Change
    added_lines: Mapping[str, tuple[AddedLine, ...]]
    read_head: Callable[[str], bytes | None]
    read_base: Callable[[str], bytes | None]
    spec: Spec | None
    spec_result: ValidationResult | None
    policy: Policy
    limits: LawLimits
    budget: BudgetDecision | None
    governance: tuple[GovernanceEdit, ...]
    now: datetime
    head_modes: Mapping[str, str] | None = None
