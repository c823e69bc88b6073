"""What whoever waits for gates is told while they run."""

from __future__ import annotations

from typing import Protocol

from agent_agency.facts import GateResult


class GateProgress(Protocol):
    """Told from the threads that run gates; nothing that it does may change a result."""

    def begun(self, name: str, doing: str) -> None:
        """A gate begins a piece of its work: its tool, a second run, the base's tests."""
        ...

    def output(self, name: str, chunk: bytes) -> None:
        """A gate's tool wrote something; terminal escapes included."""
        ...

    def ended(self, name: str, result: GateResult) -> None:
        """A gate has its result."""
        ...

    def closed(self) -> None:
        """No gate runs any more."""
        ...


class Silence:
    """Tells nothing."""

    def begun(self, name: str, doing: str) -> None:
        """Tell nothing."""

    def output(self, name: str, chunk: bytes) -> None:
        """Tell nothing."""

    def ended(self, name: str, result: GateResult) -> None:
        """Tell nothing."""

    def closed(self) -> None:
        """Tell nothing."""
