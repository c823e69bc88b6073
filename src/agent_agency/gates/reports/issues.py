"""Gathers issues, with their messages and number bounded."""

from __future__ import annotations

from agent_agency.gates.reports.budget import MAX_ISSUES, Messages, bounded, name_of
from agent_agency.gates.reports.model import Issue, IssueLevel, IssueReport, IssueSeverity


class IssueBuilder:
    """Issues in, one report out."""

    def __init__(self) -> None:
        self._issues: list[Issue] = []
        self._messages = Messages()
        self.suppressed = 0

    def add(
        self,
        rule: str,
        level: IssueLevel,
        message: str,
        place: tuple[str | None, int | None, int | None] = (None, None, None),
        *,
        severity: IssueSeverity | None = None,
        fingerprint: str | None = None,
        ranked: bool = True,
    ) -> None:
        """Add one issue; ``place`` is path, line and column."""
        path, line, column = place
        path = name_of(path, "A path") if path else None
        kept = self._messages.keep(message)
        name = name_of(rule, "A rule")
        self._issues.append(Issue(name, level, severity, kept, path, line, column, fingerprint, ranked))
        bounded(len(self._issues), MAX_ISSUES, "issues")

    def __len__(self) -> int:
        return len(self._issues)

    def report(self, tool: str) -> IssueReport:
        """Everything that was added."""
        return IssueReport(tuple(self._issues), tool, self.suppressed)
