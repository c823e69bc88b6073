"""What came of judging one subject: the answer, what was counted, and every call that it took."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent_agency.inference.protocol import Usage
from agent_agency.judging.answer import Answer, Verdict
from agent_agency.judging.answer_form import Mode
from agent_agency.judging.counted import Counted


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of an engine: what was asked, with what, and what it took. ``latency_s`` is in seconds."""

    prompt_digest: str
    model: str
    model_digest: str
    usage: Usage
    latency_s: float
    cache_hit: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """What the scores of labels came to.

    Args:
        probabilities: of each verdict, from the lowest to the highest; they add up to 1.
        calibration: digest of the calibration that they went through; empty where there is none, and then they are
            the model's own and no measure of how often it is right.
    """

    probabilities: tuple[tuple[Verdict, float], ...]
    calibration: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One judge's work on one subject.

    Args:
        subject_digest: of the subject as it was given.
        judge_version: the judge that answered: prompt, engine and parameters.
        answer: the model's answer, or an abstention with its reason.
        counted: what a program settled beside it, or left open.
        calls: the calls that answered, in order; none where the engine failed at once.
        repaired: whether the answer came from the one repair.
        problem: of an abstention for a reason, a sentence that says what was wrong.
        mode: in which the answer was given; only ``full`` brings evidence, and what needs quotes takes no other.
        scored: of an answer by labels.
    """

    subject_digest: str
    judge_version: str
    answer: Answer
    counted: tuple[Counted, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    repaired: bool = False
    problem: str = ""
    mode: Mode = "full"
    scored: Scored | None = None

    def asked_in(self, mode: Mode, scored: Scored | None = None) -> Assessment:
        """The same, given in a mode."""
        return replace(self, mode=mode, scored=scored)

    @property
    def has_evidence(self) -> bool:
        """Whether quotes of the judged text stand behind the answer."""
        return self.mode == "full" and bool(self.answer.evidence)

    @property
    def broken_by_count(self) -> tuple[Counted, ...]:
        """The counted criteria that are not met."""
        return tuple(one for one in self.counted if one.met is False)

    @property
    def verdict(self) -> Verdict:
        """The answer's verdict, and ``fail`` where counting proved that a criterion is not met.

        A program's proof outweighs a model's opinion in one direction only: it can fail what a model passes, and it
        never passes what a model failed or left open.
        """
        return "fail" if self.broken_by_count else self.answer.verdict
