"""What a migration did, field by field, told to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent_agency.spec.document import Document
from agent_agency.spec.yaml_writer import Gap


class NoteKind(StrEnum):
    """What happened to a field: ``needed`` means that a person must give it."""

    CHANGED = "changed"
    GUESSED = "guessed"
    DROPPED = "dropped"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know: ``field`` as people write it (``scope.out[1]``), ``line`` in the original, from 1."""

    kind: NoteKind
    field: str
    message: str
    line: int | None = None


def one_line(text: str) -> str:
    """Text of the document fit for one line of output: no control characters, not endless."""
    limit = 200
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


class NoteTaker:
    """Collects the notes of one migration."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._notes: list[Note] = []

    def changed(self, pointer: Sequence[str | int], message: str) -> None:
        """A field says the same in another form."""
        self._add(NoteKind.CHANGED, pointer, message)

    def guessed(self, pointer: Sequence[str | int], message: str) -> None:
        """A field was filled in by a rule, and a person should look at it."""
        self._add(NoteKind.GUESSED, pointer, message)

    def dropped(self, pointer: Sequence[str | int], message: str) -> None:
        """A field has no place in the new form."""
        self._add(NoteKind.DROPPED, pointer, message)

    def gap(self, pointer: Sequence[str | int], wanted: str) -> Gap:
        """A field that a person must give; returns what stands in its place."""
        self._add(NoteKind.NEEDED, pointer, wanted)
        return Gap(self._notes[-1].message)

    def _add(self, kind: NoteKind, pointer: Sequence[str | int], message: str) -> None:
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in pointer).lstrip(".")
        line = self._document.place(pointer, key=True).line
        self._notes.append(Note(kind, one_line(name), one_line(message), line))

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes, in the order in which they were made."""
        return tuple(self._notes)
