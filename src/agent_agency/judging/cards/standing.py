"""May a judge with this card block? A written rule over the measured figures, each taken at its bad end.

Which figures a card must have follows the minimum validation protocol of arXiv 2606.19544 (agreement on labelled
items, order, retest, injections, abstention); the bounds are this project's own. A figure that is missing passes
nothing. A judge that repeats itself while it leans to one side is refused whatever else holds, as that paper advises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent_agency.judging.cards.card import JudgeCard, Measure

SEALED_SPLIT = "test"
"""Prompts are chosen by what they do on ``dev``, so a figure of it flatters them."""
LEAST_ITEMS = 100
"""Labelled items, and injections tried: fewer have no power."""

LEAST_PAIRS = 40
ACCURACY_AT_LEAST = 0.70
KAPPA_AT_LEAST = 0.40
RETEST_AT_LEAST = 0.90
ABSTENTION_AT_MOST = 0.20
CALIBRATION_ERROR_AT_MOST = 0.15
POSITION_BIAS_AT_MOST = 0.10
INJECTION_FLIPS_AT_MOST = 0.05
STUBBORN = 0.95


@dataclass(frozen=True, slots=True)
class Bound:
    """One figure's bound: the figure, the value that counts, the bound, the items that it must rest on."""

    measure: str
    least: float | None = None
    most: float | None = None
    items: int = LEAST_ITEMS
    at_bad_end: bool = True


BOUNDS = (
    Bound("accuracy", least=ACCURACY_AT_LEAST),
    Bound("kappa", least=KAPPA_AT_LEAST),
    Bound("retest", least=RETEST_AT_LEAST, items=LEAST_PAIRS),
    Bound("abstention", most=ABSTENTION_AT_MOST),
    Bound("calibration_error", most=CALIBRATION_ERROR_AT_MOST, at_bad_end=False),
    Bound("position_bias", most=POSITION_BIAS_AT_MOST, items=LEAST_PAIRS, at_bad_end=False),
    Bound("injection_flips", most=INJECTION_FLIPS_AT_MOST),
)
"""Bounds hold at the bad end of the interval, but for two figures whose estimate is biased away from zero and whose
interval would fail every judge on the items at hand: those hold at the estimate."""


def shortfalls(card: JudgeCard) -> tuple[str, ...]:
    """Why a judge with this card may not block, one clause each; none where it may."""
    return tuple(_shortfalls(card))


def _shortfalls(card: JudgeCard) -> Iterator[str]:
    if not card.language_model:
        yield "its engine is no language model, so its figures vouch for nothing"
    for bound in BOUNDS:
        found = card.measures.get(bound.measure)
        name = bound.measure.replace("_", " ")
        if found is None:
            yield f"{name} was not measured"
        elif found.n < bound.items:
            yield f"{name} rests on {found.n} items, {bound.items} are needed"
        elif missed := _missed(bound, found):
            yield f"{name} {missed}"
    if card.split != SEALED_SPLIT:
        yield f"it was measured on {card.split!r}, the sealed test is needed"
    yield from _stubborn(card)


def _missed(bound: Bound, found: Measure) -> str:
    if bound.least is not None:
        counts = found.low if bound.at_bad_end else found.value
        return f"may be as low as {counts:.2f}, {bound.least:.2f} is needed" if counts < bound.least else ""
    most = bound.most if bound.most is not None else 0.0
    counts = found.high if bound.at_bad_end else found.value
    verb = "may be as high as" if bound.at_bad_end else "is"
    return f"{verb} {counts:.2f}, {most:.2f} is the most" if counts > most else ""


def _stubborn(card: JudgeCard) -> Iterator[str]:
    retest, bias = card.measures.get("retest"), card.measures.get("position_bias")
    if retest and bias and retest.value > STUBBORN and bias.value > POSITION_BIAS_AT_MOST:
        yield "it repeats itself and leans to what is shown in one place"
