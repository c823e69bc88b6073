"""Open the judge that is in use now in the mode that somebody asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent_agency.errors import EngineError
from agent_agency.inference.labels import label_engine
from agent_agency.judging.answer_form import FULL, AnswerForm
from agent_agency.judging.fence import fence_for
from agent_agency.judging.item_first import SAME_FENCE, ItemFirstLayout
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout, Order
from agent_agency.judging.modes.label_first import LabelFirst
from agent_agency.judging.modes.label_judge import LabelJudge, label_base
from agent_agency.judging.modes.label_words import Wording, label_form
from agent_agency.judging.modes.short_answer import SHORT, SHORT_TOKENS
from agent_agency.judging.room import ANSWER_TOKENS, LABEL_TOKENS, refuse_no_room
from agent_agency.judging.shipped import shipped_rubric

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.judging.modes.calibration import Calibration
    from agent_agency.judging.modes.mode_judge import ModeJudge
    from agent_agency.judging.prompt import JudgePrompt

AskMode: TypeAlias = Literal["full", "short", "label", "cascade"]
ASK_MODES: tuple[AskMode, ...] = ("full", "short", "label", "cascade")
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Way:
    """How a judge is asked.

    Args:
        mode: ``cascade`` asks for a label, and for a whole answer where that leaves doubt.
        order: what stands first in its prompt.
        wording: what stands for the verdicts where labels are scored.
    """

    mode: AskMode = "full"
    order: Order = "rubric-first"
    wording: Wording = "words"

    def as_dict(self) -> dict[str, str]:
        """How it differs from the usual way, by name; JSON-ready."""
        found: dict[str, str] = {} if self.mode == "full" else {"mode": self.mode}
        if self.mode in {"label", "cascade"}:
            found["labels"] = self.wording
        return found if self.order == "rubric-first" else {**found, "order": self.order}


USUAL = Way()
"""Whole answers, with the rubric first."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a judge is opened with.

    Args:
        prompt: the one that is in use.
        engine: what answers, and ``parameters`` how its whole answers are drawn.
        secret: random bytes for the fence of this run.
        calibration: the calibration that was made for a version of labels, where there is one.
        names: of authors and agents, to be blinded.
        call_s: seconds that one call may take.
    """

    prompt: JudgePrompt
    engine: Engine
    parameters: Parameters
    secret: bytes
    calibration: Callable[[str], Calibration | None] = lambda _base: None
    names: tuple[str, ...] = ()
    call_s: float = 120.0

    def judge(self, way: Way) -> ModeJudge:
        """The judge in one mode.

        Raises:
            EngineError: ``engine.no_labels``; or it cannot be asked what it is.
            JudgeError: a cascade without a calibration; a prompt that cannot be laid out.
        """
        if way.mode == "full":
            return self._written(way, FULL)
        if way.mode == "short":
            return self._written(way, SHORT)
        return self._label(way) if way.mode == "label" else LabelFirst(self._label(way), self._written(way, FULL))

    def label_base(self, way: Way) -> str:
        """The version of labels that a calibration is made for.

        Raises:
            EngineError: the engine cannot be asked what it is.
        """
        return label_base(self.prompt, self.engine, self._layout(way, label_form(way.wording)), way.wording)

    def check_room(self, way: Way) -> None:
        """Refuse a window that is too short for what stands in every prompt, before any record is asked about.

        Raises:
            EngineError: ``engine.context_too_short``; or the engine cannot be asked.
        """
        for form, answer in self._forms(way):
            refuse_no_room(self.prompt, self._layout(way, form), self.engine, self.parameters, answer)

    def _forms(self, way: Way) -> list[tuple[AnswerForm, int]]:
        """The forms that a mode asks for, with the tokens that an answer in each must have room for."""
        full, label = (FULL, ANSWER_TOKENS), (label_form(way.wording), LABEL_TOKENS)
        by_mode: dict[AskMode, list[tuple[AnswerForm, int]]] = {
            "full": [full],
            "short": [(SHORT, SHORT_TOKENS)],
            "label": [label],
            "cascade": [label, full],
        }
        return by_mode[way.mode]

    def _written(self, way: Way, form: AnswerForm) -> Judge:
        parameters = self.parameters
        if form is SHORT:
            parameters = replace(parameters, max_tokens=min(parameters.max_tokens, SHORT_TOKENS))
        layout = self._layout(way, form)
        return Judge(self.prompt, self.engine, layout, parameters=parameters, deadline_s=self.call_s)

    def _label(self, way: Way) -> LabelJudge:
        calibration = self.calibration(self.label_base(way))
        layout = self._layout(way, label_form(way.wording))
        return LabelJudge(
            self.prompt,
            self.engine,
            layout,
            wording=way.wording,
            calibration=calibration,
            deadline_s=self.call_s,
        )

    def _layout(self, way: Way, form: AnswerForm) -> Layout:
        rubric = shipped_rubric(self.prompt.judge)
        if way.order == "item-first":
            return ItemFirstLayout(rubric, fence_for(self.secret, SAME_FENCE), self.names, form)
        return Layout(rubric, fence_for(self.secret, self.prompt.digest), self.names, form)


def check_labels_scored(engine: Engine, mode: AskMode) -> None:
    """Refuse a mode by labels with an engine that scores none, before any record is asked about.

    Raises:
        EngineError: ``engine.no_labels``; or the engine cannot be asked.
    """
    if mode not in {"label", "cascade"}:
        return
    label_engine(engine)
    if not engine.capabilities().labels:
        raise EngineError(
            f"The engine {engine.name!r} gives no log-probabilities of labels",
            fix="Use the mode 'short' or 'full' with it, or an engine in process (agency engine add).",
            code="engine.no_labels",
        )
