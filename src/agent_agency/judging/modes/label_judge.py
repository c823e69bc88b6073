"""A judge without words: the verdict is the label that a model would most likely write.

Scores are mean log-probabilities per token, so that no label loses for being cut into several tokens; what that favours
instead is taken out by the calibration, as is how much a model likes one of the words.
"""

from __future__ import annotations

import math
from dataclasses import asdict

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError, JudgeError
from agent_agency.inference.labels import LabelReply, LabelRequest, label_engine
from agent_agency.inference.protocol import Cancel, Engine, Parameters
from agent_agency.judging.assessment import Assessment, Scored
from agent_agency.judging.judge import check_prompt, judge_version, ways, word_for
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.modes.calibration import Calibration, softmax
from agent_agency.judging.modes.label_verdict import ABSTAIN_BELOW, answer_of, likeliest
from agent_agency.judging.modes.label_words import SCORED, Wording, labels_of
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.subject import Subject
from agent_agency.judging.working import Working

NO_DRAWING = Parameters(max_tokens=1)
"""Nothing is drawn, so nothing of how answers are drawn belongs to the version."""


def label_base(prompt: JudgePrompt, engine: Engine, layout: Layout, wording: Wording) -> str:
    """The version of a judge by labels that has no calibration: what a calibration is made for.

    Raises:
        EngineError: the engine cannot be asked what it is.
    """
    return judge_version(prompt, engine.identity, NO_DRAWING, {**ways(layout), "labels": wording})


class LabelJudge:
    """Scores the labels of one subject after the other; may be used from several threads at once.

    Args:
        prompt: what is said beside the subject.
        engine: one that scores labels.
        layout: lays subjects out in the form of the labels (`label_words.label_form`).
        wording: of the labels.
        calibration: made for just this judge; without one, probabilities are the model's own, and told as such.
        abstain_below: the probability of the likeliest verdict below which none is given.
        deadline_s: seconds that one call may take.

    Raises:
        EngineError: ``engine.no_labels``: the engine scores none.
        JudgeError: the prompt is written for another rubric, the calibration is another judge's
            (``judge.calibration_of_another``), or a demonstration is too long.
    """

    def __init__(
        self,
        prompt: JudgePrompt,
        engine: Engine,
        layout: Layout,
        *,
        wording: Wording = "words",
        calibration: Calibration | None = None,
        abstain_below: float = ABSTAIN_BELOW,
        deadline_s: float = 120.0,
    ) -> None:
        check_prompt(prompt, layout)
        self.prompt = prompt
        self.engine = engine
        self.parameters = NO_DRAWING
        self.base = label_base(prompt, engine, layout, wording)
        if calibration is not None and calibration.base != self.base:
            raise JudgeError(
                f"The calibration was made for another version than this one of {prompt.judge!r}",
                fix="Calibrate this one: agency judge calibrate.",
                code="judge.calibration_of_another",
            )
        self.calibration = calibration
        self._digest = calibration.digest if calibration else ""
        how = {**ways(layout), "labels": wording, "abstain_below": f"{abstain_below:g}", "calibration": self._digest}
        self.version = judge_version(prompt, engine.identity, NO_DRAWING, how)
        self.prompt_digest = prompt.digest
        self.parameters_digest = digest_json(asdict(NO_DRAWING))
        self._labels = labels_of(wording)
        self._scores = label_engine(engine).score_labels
        self._abstain_below = abstain_below
        self._deadline_s = deadline_s
        self._layout = layout
        self._arrange = layout.arranged(prompt)

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        """Judge one subject; whatever the engine or the subject does, the outcome is an assessment.

        A failing engine, a text that is too long, scores that are none and a likeliest verdict that is not likely
        enough (``unsure``) are abstentions, each with its reason.

        Args:
            subject: as it came from the worker.
            rollout: as in `judge.Judge.assess`.
            cancel: ends the call from another thread.
        """
        work = Working(subject, self.version, "label")
        try:
            laid_out = self._layout.of(subject)
            work.laid_out = laid_out
            asked = self._arrange(laid_out)
            request = LabelRequest(
                asked.messages, self._labels, self._deadline_s, rollout, asked.shared, fresh=rollout > 0
            )
            reply = self._scores(request, cancel)
            work.called(request.prompt_digest, reply)
            return self._concluded(work, reply)
        except EngineError as error:
            return work.abstention(word_for(error), error.message)
        except JudgeError as error:
            return work.abstention(error.stable_code.removeprefix("judge."), error.message)

    def _concluded(self, work: Working, reply: LabelReply) -> Assessment:
        scores = scores_of(reply, self._labels)
        if scores is None:
            return work.abstention("invalid", "the engine's scores are not one log-probability for each label")
        shares = self.calibration.probabilities(scores) if self.calibration else softmax(scores)
        work.scored = Scored(tuple(zip(SCORED, shares, strict=True)), self._digest)
        answer = answer_of(shares, self._abstain_below)
        if not answer.abstained:
            return work.done(answer)
        verdict, sure = likeliest(shares)
        below = math.floor(sure * 1000) / 1000  # so that what is just too little does not look like enough
        return work.abstention(
            answer.abstained_because,
            f"the likeliest verdict, {verdict}, has a probability of {below:.3f}; {self._abstain_below:g} is needed",
        )


def scores_of(reply: LabelReply, labels: tuple[str, ...]) -> tuple[float, ...] | None:
    """Mean log-probabilities per token in the order of the labels; ``None`` where they are not what was asked for."""
    by_label = {one.label: one for one in reply.scores}
    if len(reply.scores) != len(labels) or set(by_label) != set(labels):
        return None
    found = [by_label[label] for label in labels]
    if any(one.tokens < 1 or not math.isfinite(one.logprob) for one in found):
        return None
    return tuple(one.mean_logprob for one in found)
