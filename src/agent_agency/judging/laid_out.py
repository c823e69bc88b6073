"""Subjects as they are asked for, made ready once for many prompts: an optimiser asks of each hundreds of times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent_agency.inference.protocol import Message
from agent_agency.judging.counted import Counted, counted
from agent_agency.judging.layout import subject_message
from agent_agency.judging.prepare import material, prepared
from agent_agency.judging.rubric import Rubric
from agent_agency.judging.subject import Subject

MAX_KEPT = 4_096
"""Subjects that are kept ready."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One subject, ready to be asked for: its message, what evidence must stand in, and what was counted."""

    subject: Subject
    digest: str
    message: Message
    material: str
    counted: tuple[Counted, ...]


class Layout:
    """Lays out subjects for one rubric and one run; may be shared by several judges and used from several threads.

    Args:
        rubric: what is judged by.
        fence: the nonce of this run's fences.
        names: of authors and agents, to be blinded.
    """

    def __init__(self, rubric: Rubric, fence: str, names: Iterable[str] = ()) -> None:
        self.rubric = rubric
        self.fence = fence
        self._names = tuple(names)
        self._kept: dict[int, LaidOut] = {}

    def of(self, subject: Subject) -> LaidOut:
        """A subject made ready; the same object is made ready once.

        Raises:
            JudgeError: ``judge.too_long``.
        """
        found = self._kept.get(id(subject))
        if found is not None and found.subject is subject:
            return found
        shown = self.shown(subject)
        message = subject_message(self.rubric, shown, self.fence)
        found = LaidOut(subject, subject.digest, message, material(shown), counted(self.rubric, shown))
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[id(subject)] = found
        return found

    def shown(self, subject: Subject) -> Subject:
        """A subject as judges see it.

        Raises:
            JudgeError: ``judge.too_long``.
        """
        return prepared(subject, self._names)
