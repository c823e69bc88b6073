"""What a gate's report is judged against, beside the gate's own definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import Report


@dataclass(frozen=True, slots=True)
class JudgingContext:
    """What is known of the change, and of the base where it was measured.

    ``added`` maps each head path to the numbers of the lines that the change adds there. ``base`` is what the same tool
    reported over the merge base; ``None`` where it was not run there, a ``ReportProblem`` where its run proves nothing.
    """

    added: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    base: Report | ReportProblem | None = None
