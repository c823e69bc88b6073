"""Compare two pieces of work in both orders; only a choice that survives the swap counts.

Judges prefer what is shown first, or second, in a third to a half of all hard cases (JudgeBench's published
judgements, recomputed). So each pair is asked twice, and two answers that do not name the same piece are an abstention.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.protocol import Cancel, Engine, Message, Parameters, Request
from agent_agency.judging.judge import REPAIR, word_for
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.pairwise_answer import Choice, PairAnswer, pair_schema, read_pair_answer
from agent_agency.judging.pairwise_layout import pair_message, pair_prefix
from agent_agency.judging.prepare import material
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.read_answer import Refused
from agent_agency.judging.subject import Subject

Winner = Literal["one", "other"]
_SWAPPED: dict[Choice, Choice] = {"first": "second", "second": "first", "neither": "neither", "abstain": "abstain"}
_SHOWN_TO_REPAIR = 8_000


@dataclass(frozen=True, slots=True)
class Order:
    """What was answered in one order; ``reason`` says why there is no answer, ``calls`` how many it took."""

    answer: PairAnswer | None
    reason: str = ""
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both orders of a pair.

    Args:
        forth: with the one first.
        back: with the other first.
        winner: the piece that both orders name; ``None`` is an abstention.
        reason: of an abstention: ``order`` where the two disagree, ``neither`` where both call them equal, ``abstain``
            where the judge does, else why an answer is missing.
    """

    forth: Order
    back: Order
    winner: Winner | None
    reason: str = ""

    @property
    def first_chosen(self) -> tuple[bool, ...]:
        """For each order that was decided, whether what was shown first was chosen."""
        decided = [order.answer.choice for order in (self.forth, self.back) if order.answer is not None]
        return tuple(choice == "first" for choice in decided if choice in {"first", "second"})


class Comparer:
    """Compares subjects with one prompt; may be used from several threads at once.

    Args:
        prompt: a judge's prompt; its demonstrations are shown as pairs.
        engine: what answers.
        layout: for the prompt's rubric, with this run's fence.
        parameters: how answers are drawn.
        deadline_s: seconds that one call may take.

    Raises:
        JudgeError: a demonstration is too long.
    """

    def __init__(
        self,
        prompt: JudgePrompt,
        engine: Engine,
        layout: Layout,
        *,
        parameters: Parameters | None = None,
        deadline_s: float = 120.0,
    ) -> None:
        shown = tuple(replace(one, subject=layout.shown(one.subject)) for one in prompt.demonstrations)
        self._engine = engine
        self._layout = layout
        self._parameters = parameters or Parameters()
        self._deadline_s = deadline_s
        self._prefix = tuple(pair_prefix(prompt, layout.rubric, layout.fence, shown))
        self._schema = pair_schema()

    def compare(self, one: Subject, other: Subject, cancel: Cancel | None = None) -> Comparison:
        """Compare two subjects; whatever fails is an abstention with its reason."""
        try:
            shown, against = self._layout.shown(one), self._layout.shown(other)
        except JudgeError as error:
            none = Order(None, error.stable_code.removeprefix("judge."))
            return Comparison(none, none, None, none.reason)
        return decided(self._asked(shown, against, cancel), self._asked(against, shown, cancel))

    def _asked(self, first: Subject, second: Subject, cancel: Cancel | None) -> Order:
        """One order: asked, and once more with what was wrong."""
        messages = (*self._prefix, pair_message(first, second, self._layout.fence))
        text = f"{material(first)}\n{material(second)}"
        reason = "invalid"
        for attempt in range(2):
            request = Request(messages, self._parameters, self._schema, self._deadline_s, shared=len(self._prefix))
            try:
                reply = self._engine.generate(request, cancel)
            except EngineError as error:
                return Order(None, word_for(error), attempt)
            read = read_pair_answer(reply.text, text)
            if reply.finish != "stop":
                read = Refused("invalid", "it was cut off; write less")
            if isinstance(read, PairAnswer):
                return Order(read, calls=attempt + 1)
            reason = read.reason
            again = Message("user", REPAIR.format(problem=read.problem.rstrip(".")))
            messages = (*messages, Message("assistant", reply.text[:_SHOWN_TO_REPAIR] or "{}"), again)
        return Order(None, reason, 2)


def decided(forth: Order, back: Order) -> Comparison:
    """What two orders come to."""
    if forth.answer is None or back.answer is None:
        return Comparison(forth, back, None, forth.reason or back.reason)
    one, swapped = forth.answer.choice, _SWAPPED[back.answer.choice]
    if "abstain" in {one, swapped}:
        return Comparison(forth, back, None, "abstain")
    if one != swapped:
        return Comparison(forth, back, None, "order")
    if one == "neither":
        return Comparison(forth, back, None, "neither")
    return Comparison(forth, back, "one" if one == "first" else "other")
