"""From the probabilities of verdicts to an answer that holds an answer's rules."""

from __future__ import annotations

from collections.abc import Sequence

from agent_agency.judging.answer import Answer, Verdict
from agent_agency.judging.answer_schema import BANDS
from agent_agency.judging.modes.label_words import SCORED

ABSTAIN_BELOW = 0.5
"""The probability of the likeliest verdict below which none is given, unless another is asked for."""
WORTH = (BANDS["fail"][0], sum(BANDS["partial"]) / 2, BANDS["pass"][1])
"""What each verdict counts in a score: the ends of the scale, and the middle of what lies between."""
UNSURE = "unsure"


def likeliest(probabilities: Sequence[float]) -> tuple[Verdict, float]:
    """The likeliest verdict and its probability; of equals the lowest, as doubt does not speak for the work.

    Args:
        probabilities: in the order of `SCORED`.
    """
    best = max(probabilities)
    return SCORED[list(probabilities).index(best)], best


def expected_score(probabilities: Sequence[float], verdict: Verdict) -> float:
    """The score of a verdict: the mean of `WORTH` under the probabilities, moved to the nearest end of its band.

    The mean over a scale's probabilities in the place of one sampled value is G-Eval's (Liu et al. 2023, EMNLP,
    arXiv:2303.16634, section 2). It may lie beside the band where the verdict is a close one; the verdict leads then.
    """
    mean = sum(share * worth for share, worth in zip(probabilities, WORTH, strict=True))
    low, high = BANDS[verdict]
    return min(high, max(low, mean))


def answer_of(probabilities: Sequence[float], abstain_below: float = ABSTAIN_BELOW) -> Answer:
    """The answer that probabilities amount to: the likeliest verdict, or an abstention where it is too unlikely."""
    verdict, sure = likeliest(probabilities)
    if sure < abstain_below:
        return Answer("abstain", None, None, abstained_because=UNSURE)
    return Answer(verdict, expected_score(probabilities, verdict), min(1.0, sure))
