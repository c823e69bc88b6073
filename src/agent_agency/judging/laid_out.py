"""Subjects as they are asked for, made ready once for many prompts: an optimiser asks of each hundreds of times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from agent_agency.inference.protocol import Message
from agent_agency.judging.answer_form import FULL, AnswerForm
from agent_agency.judging.counted import Counted, counted
from agent_agency.judging.layout import prefix_messages, subject_message
from agent_agency.judging.prepare import material, prepared
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.rubric import Rubric
from agent_agency.judging.subject import Subject

MAX_KEPT = 4_096
"""Subjects that are kept ready."""

Order: TypeAlias = Literal["rubric-first", "item-first"]
ORDERS: tuple[Order, ...] = ("rubric-first", "item-first")


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One subject, ready to be asked for: its message, what evidence must stand in, and what was counted."""

    subject: Subject
    digest: str
    message: Message
    material: str
    counted: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole prompt for one subject; its first ``shared`` messages are also those of other prompts."""

    messages: tuple[Message, ...]
    shared: int


Arrange: TypeAlias = Callable[[LaidOut], Asked]
"""Puts a subject that was made ready into one judge's prompt."""


class Layout:
    """Lays out subjects for one rubric and one run; may be shared by several judges and used from several threads.

    Rubric and demonstrations stand first, so that all subjects of a judge share them.

    Args:
        rubric: what is judged by.
        fence: the nonce of this run's fences.
        names: of authors and agents, to be blinded.
        form: what is asked for.
    """

    order: ClassVar[Order] = "rubric-first"

    def __init__(self, rubric: Rubric, fence: str, names: Iterable[str] = (), form: AnswerForm = FULL) -> None:
        self.rubric = rubric
        self.fence = fence
        self.form = form
        self._names = tuple(names)
        self._kept: dict[int, LaidOut] = {}

    def arranged(self, prompt: JudgePrompt) -> Arrange:
        """How subjects stand in the prompt of one judge.

        Raises:
            JudgeError: a demonstration is too long.
        """
        lead = prefix_messages(prompt, self.rubric, self.fence, lambda subject: self.of(subject).message, self.form)
        return lambda laid_out: Asked((*lead, laid_out.message), len(lead))

    def of(self, subject: Subject) -> LaidOut:
        """A subject made ready; the same object is made ready once.

        Raises:
            JudgeError: ``judge.too_long``.
        """
        found = self._kept.get(id(subject))
        if found is not None and found.subject is subject:
            return found
        shown = self.shown(subject)
        message = self.message_of(shown)
        found = LaidOut(subject, subject.digest, message, material(shown), counted(self.rubric, shown))
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[id(subject)] = found
        return found

    def message_of(self, shown: Subject) -> Message:
        """The message that shows a prepared subject."""
        return subject_message(self.rubric, shown, self.fence, self.form)

    def shown(self, subject: Subject) -> Subject:
        """A subject as judges see it.

        Raises:
            JudgeError: ``judge.too_long``.
        """
        return prepared(subject, self._names)
