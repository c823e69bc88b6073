"""The other order: what all judges are told and the subject stand first, one judge's own rubric and question last.

Where several judges look at one subject, they share everything up to the subject's end, byte for byte, as long as they
have one fence and one form; a judge's instructions, rubric and demonstrations are what is left to compute for each.
"""

from __future__ import annotations

from typing import ClassVar

from agent_agency.inference.protocol import Message
from agent_agency.judging.answer import Answer
from agent_agency.judging.answer_form import AnswerForm
from agent_agency.judging.laid_out import Arrange, Asked, LaidOut, Layout, Order
from agent_agency.judging.layout import (
    DATA_ONLY,
    counted_lines,
    criteria_left,
    name_of,
    rubric_lines,
    subject_parts,
)
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.subject import Subject

SAME_FENCE = "item-first"
"""Stands for a prompt's digest in `fence.fence_for`: the fence is that of all judges of a run."""
_COMMON = (
    "You judge pieces of work by rubrics. First comes one piece of work, then a rubric with its questions; answer for "
    "that piece of work by that rubric."
)
_READ = "I have read it. Which rubric is it to be judged by?"
_LAST = "Judge the {what} that came first by this rubric. {ask}"


class ItemFirstLayout(Layout):
    """As `Layout`, with the subject before the rubric."""

    order: ClassVar[Order] = "item-first"

    def arranged(self, prompt: JudgePrompt) -> Arrange:
        """How subjects stand in the prompt of one judge.

        Raises:
            JudgeError: a demonstration is too long.
        """
        common = common_messages(self.fence, self.form)
        own = [prompt.instructions.strip(), rubric_lines(self.rubric, counted=False)]
        examples = [shown for one in prompt.demonstrations if (shown := self._example(one.subject, one.answer))]
        if examples:
            own += ["Other pieces of work with the answers that were right for them:", *examples]

        def arrange(laid_out: LaidOut) -> Asked:
            last = Message("user", "\n\n".join((*own, *self._asked_last(laid_out.subject))))
            return Asked((*common, laid_out.message, Message("assistant", _READ), last), len(common) + 2)

        return arrange

    def message_of(self, shown: Subject) -> Message:
        """The message that shows a prepared subject: nothing in it is of one rubric."""
        return Message("user", "\n\n".join(subject_parts(shown, self.fence)))

    def _asked_last(self, subject: Subject) -> list[str]:
        """What one rubric's counting came to, and the question."""
        shown = self.shown(subject)
        settled, left = counted_lines(self.rubric, shown)
        parts = ["\n".join(("Settled by counting:", *settled))] if settled else []
        if left:
            parts.append(criteria_left(left))
        return [*parts, _LAST.format(what=name_of(shown), ask=self.form.ask)]

    def _example(self, subject: Subject, answer: Answer) -> str:
        written = self.form.written(answer)
        return f"{self.of(subject).message.content}\n\nThe right answer:\n{written}" if written else ""


def common_messages(fence: str, form: AnswerForm) -> tuple[Message, ...]:
    """What stands before the subject: the same for all judges of a run."""
    return (Message("system", "\n\n".join((_COMMON, DATA_ONLY.format(fence=fence), form.shape))),)
