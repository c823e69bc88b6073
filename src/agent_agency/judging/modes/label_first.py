"""Labels first, and a whole answer only where they leave doubt: a cascade within one judge."""

from __future__ import annotations

from dataclasses import replace

from agent_agency.canonical_json import digest_json
from agent_agency.errors import JudgeError
from agent_agency.inference.protocol import Cancel, Engine, Parameters
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.judge import Judge
from agent_agency.judging.modes.label_judge import LabelJudge
from agent_agency.judging.modes.label_verdict import UNSURE
from agent_agency.judging.modes.limits import DEFAULT_LIMITS, Limits
from agent_agency.judging.prompt import JudgePrompt
from agent_agency.judging.subject import Subject

_GOES_ON = frozenset({UNSURE, "invalid", "no_labels"})
"""Why a label may be missing without the engine being in trouble."""


class LabelFirst:
    """Asks for a label, and for a whole answer where its calibrated probability lies between two limits.

    Args:
        label: with a calibration, as its probabilities decide.
        full: the same judge with whole answers.
        limits: those of the calibration where none are given, else `DEFAULT_LIMITS`; as nobody has held those against
            whole answers, the likeliest verdict must then be as likely as their upper one, whichever it is.

    Raises:
        JudgeError: ``judge.not_calibrated``.
    """

    def __init__(self, label: LabelJudge, full: Judge, limits: Limits | None = None) -> None:
        if label.calibration is None:
            raise JudgeError(
                f"The labels of {label.prompt.judge!r} are not calibrated, so nobody knows when they are sure",
                fix="Calibrate them first (agency judge calibrate), or use another mode.",
                code="judge.not_calibrated",
            )
        self.label = label
        self.full = full
        chosen = limits or label.calibration.limits
        self.limits = chosen or DEFAULT_LIMITS
        self._least = 0.0 if chosen else DEFAULT_LIMITS.high
        told = {"label": label.version, "full": full.version, "limits": self.limits.as_dict()}
        self.version = digest_json(told if chosen else {**told, "least": self._least})

    @property
    def prompt(self) -> JudgePrompt:
        """Of both."""
        return self.full.prompt

    @property
    def engine(self) -> Engine:
        """Of both."""
        return self.full.engine

    @property
    def parameters(self) -> Parameters:
        """How whole answers are drawn."""
        return self.full.parameters

    @property
    def prompt_digest(self) -> str:
        """Of both."""
        return self.full.prompt_digest

    @property
    def parameters_digest(self) -> str:
        """Of whole answers."""
        return self.full.parameters_digest

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        """Judge one subject; the assessment's mode says which of the two decided.

        Where the engine fails at the label, that is the outcome: a whole answer would take longer and fail as well.
        """
        first = self.label.assess(subject, rollout=rollout, cancel=cancel)
        if self._stands(first):
            return replace(first, judge_version=self.version)
        whole = self.full.assess(subject, rollout=rollout, cancel=cancel)
        return replace(whole, judge_version=self.version, calls=(*first.calls, *whole.calls))

    def _stands(self, first: Assessment) -> bool:
        if first.answer.abstained:
            return first.answer.abstained_because not in _GOES_ON
        if first.scored is None:
            return False
        shares = dict(first.scored.probabilities)
        return self.limits.decides(shares["pass"]) and max(shares.values()) >= self._least
