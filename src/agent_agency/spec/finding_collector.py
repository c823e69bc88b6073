"""Gathers the findings of one checker over one document."""

from __future__ import annotations

from collections.abc import Sequence

from agent_agency.facts import Finding, Severity
from agent_agency.spec.document import Document


class FindingCollector:
    """Collects findings in the order in which they are made; ``family`` is put before each rule id."""

    def __init__(self, document: Document, family: str) -> None:
        self._document = document
        self._family = family
        self._found: list[Finding] = []

    def add(
        self,
        rule: str,
        pointer: Sequence[str | int],
        message: str,
        remedy: str,
        *,
        severity: Severity = Severity.MAJOR,
        at_key: bool = False,
    ) -> None:
        """Add a finding at ``pointer``; ``at_key`` points at the key instead of its value."""
        place = self._document.place(pointer, key=at_key)
        subject = "/".join(str(part) for part in pointer)
        self._found.append(Finding(f"{self._family}.{rule}", severity, message, remedy, place, subject=subject))

    def advise(
        self, rule: str, pointer: Sequence[str | int], message: str, remedy: str, *, at_key: bool = False
    ) -> None:
        """Add a finding that never makes a document invalid."""
        self.add(rule, pointer, message, remedy, severity=Severity.ADVICE, at_key=at_key)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far."""
        return tuple(self._found)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    @property
    def refused(self) -> bool:
        """Whether one of them makes the document invalid."""
        return any(finding.severity is not Severity.ADVICE for finding in self._found)
