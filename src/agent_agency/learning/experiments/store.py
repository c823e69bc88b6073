"""What a store keeps of experiments, seen from inside one transaction.

The store knows nothing of statistics: a definition is the canonical JSON of an `Experiment`, a state is a word of
`states.State`, moments are RFC 3339 in UTC. Everything that a book did lands together or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

AssignmentRow = tuple[str, str, float, str]
"""Unit, arm, the share that the treatment had when the unit was first seen, when that was."""

CountRow = tuple[float, str, int]
"""The treatment's share, an arm, how many units came to it while the share was that."""

ObservationRow = tuple[str, str, str, float, str]
"""Unit, arm, metric, value, when it was recorded."""


class ReadableBook(Protocol):
    """Reading experiments from one unchanging state of the store."""

    def names(self) -> Sequence[str]:
        """Every experiment, the newest first."""
        ...

    def load(self, name: str) -> tuple[bytes, str] | None:
        """An experiment's definition and its state; ``None`` when there is no such experiment."""
        ...

    def assignments(self, name: str) -> Sequence[AssignmentRow]:
        """Who was assigned to what, in the order in which the units were first seen."""
        ...

    def assignments_of(self, name: str, units: Sequence[str]) -> Sequence[AssignmentRow]:
        """The assignments of these units, those that have one, in any order."""
        ...

    def counts(self, name: str) -> Sequence[CountRow]:
        """How many units were assigned, by share and arm."""
        ...

    def observations(self, name: str) -> Sequence[ObservationRow]:
        """What was observed, in the order in which it was recorded first."""
        ...


class ExperimentBook(ReadableBook, Protocol):
    """Reading and writing experiments while nobody else writes."""

    def create(self, name: str, definition: bytes, state: str, at: str) -> bool:
        """Keep a new experiment; ``False`` when the name is taken, and then nothing changes."""
        ...

    def redefine(self, name: str, definition: bytes) -> None:
        """Keep another definition of an experiment that is there."""
        ...

    def set_state(self, name: str, state: str, at: str) -> None:
        """Keep the state that an experiment has now, and since when."""
        ...

    def assign(self, name: str, rows: Sequence[AssignmentRow]) -> None:
        """Keep the first sight of units; a unit that has a row already keeps that one."""
        ...

    def record(self, name: str, rows: Sequence[ObservationRow]) -> None:
        """Keep observations after those that are there; (unit, arm, metric) is there once only.

        A row whose (unit, arm, metric) is there already replaces the value and the moment, and keeps its place.
        """
        ...
