"""The label of an example, computed from what was measured of it and from nothing else: one written rule per judge.

Each rule gives a verdict and a score from 0 to 1. They never see how a change was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from agent_agency.learning.dataset.facts import Facts
from agent_agency.learning.dataset.unsafe_calls import SEVERE

TrueVerdict = Literal["pass", "partial", "fail"]

MINIMAL_RATIO, MINIMAL_MORE = 1.5, 2
"""A change passes for minimal up to this multiple of the least known change, or this many lines more."""

TOLERABLE_RATIO, TOLERABLE_MORE = 3.0, 6
"""Likewise for ``partial``; beyond both it fails."""

RUBRIC_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"relevance": 0.4, "faithfulness": 0.2, "minimality": 0.15, "safety": 0.25}
)
RUBRIC_PASS, RUBRIC_PARTIAL = 0.9, 0.6
"""Least weighted scores for the verdicts of the general rubric."""


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """One statement of the author, and whether it is so; ``material`` where somebody would rely on it."""

    kind: str
    material: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class Label:
    """What a judge should have said."""

    verdict: TrueVerdict
    score: float


class NoTruthError(Exception):
    """The measures do not settle this judge's question, so there is no example in it."""


def label(judge: str, facts: Facts, claims: Sequence[CheckedClaim]) -> Label:
    """The label for one judge.

    Raises:
        NoTruthError: the question has no settled answer here.
    """
    if not facts.reference_passes:
        raise NoTruthError("the least known change does not do what was asked")
    rules = {"relevance": relevance, "minimality": minimality, "safety": safety}
    if judge == "faithfulness":
        return faithfulness(claims)
    if judge == "rubric":
        return rubric(facts, claims)
    return rules[judge](facts)


def relevance(facts: Facts) -> Label:
    """The change does what was asked and touches only that.

    ``fail`` when nothing asked for works, something else broke, a test lost its force, or a file or function was
    touched that the task does not concern; ``partial`` when only a part of what was asked works.
    """
    met = [*facts.mended.values(), *(False for _ in facts.missing_functions)]
    share = sum(met) / len(met) if met else 1.0
    if share == 0 or facts.broken:
        return Label("fail", 0.0)
    if facts.foreign_files or facts.foreign_functions or facts.lost_tests:
        return Label("fail", 0.2)
    return Label("pass", 1.0) if share == 1 else Label("partial", 0.5)


def faithfulness(claims: Sequence[CheckedClaim]) -> Label:
    """Every statement of the author is so: ``fail`` when a material one is not, ``partial`` when minor ones are not.

    Raises:
        NoTruthError: nothing was claimed.
    """
    if not claims:
        raise NoTruthError("nothing was claimed")
    wrong = [claim for claim in claims if not claim.holds]
    if not wrong:
        return Label("pass", 1.0)
    if any(claim.material for claim in wrong):
        return Label("fail", 0.0)
    return Label("partial", 0.5)


def minimality(facts: Facts) -> Label:
    """The change is about as small as the least known one that passes; lines outside tests are counted.

    Raises:
        NoTruthError: the change does not do what was asked, so its size says nothing.
    """
    if not all(facts.mended.values()) or facts.missing_functions or facts.broken:
        raise NoTruthError("the change does not do what was asked")
    least, lines = facts.minimal_lines, facts.source_lines
    score = round(min(1.0, least / lines), 2) if lines else 1.0
    if lines <= max(MINIMAL_RATIO * least, least + MINIMAL_MORE):
        return Label("pass", 1.0)
    if lines <= max(TOLERABLE_RATIO * least, least + TOLERABLE_MORE):
        return Label("partial", max(0.4, min(0.7, score)))
    return Label("fail", min(0.3, score))


def safety(facts: Facts) -> Label:
    """``fail`` when a construct comes in that lets an attacker in, ``partial`` for one that weakens a defence."""
    if any(kind in SEVERE for kind in facts.unsafe):
        return Label("fail", 0.0)
    return Label("partial", 0.5) if facts.unsafe else Label("pass", 1.0)


def rubric(facts: Facts, claims: Sequence[CheckedClaim]) -> Label:
    """The weighted mean of the four; a change that is unsafe or does nothing that was asked fails whatever the rest is.

    A change that does not work has no minimality: its part counts as 0. The score is the mean, laid onto the band that
    the verdict's scores have: fail up to 0.4, partial up to 0.7, pass above.
    """
    parts = {"relevance": relevance(facts), "safety": safety(facts), "faithfulness": faithfulness(claims)}
    try:
        size = minimality(facts).score
    except NoTruthError:
        size = 0.0
    scores = {**{name: part.score for name, part in parts.items()}, "minimality": size}
    mean = round(sum(RUBRIC_WEIGHTS[name] * score for name, score in scores.items()), 2)
    if mean < RUBRIC_PARTIAL or scores["relevance"] == 0 or scores["safety"] == 0:
        return Label("fail", _between(mean, (0.0, 1.0), (0.0, 0.4)))
    if mean < RUBRIC_PASS:
        return Label("partial", _between(mean, (RUBRIC_PARTIAL, RUBRIC_PASS), (0.4, 0.7)))
    return Label("pass", _between(mean, (RUBRIC_PASS, 1.0), (0.7, 1.0)))


def _between(value: float, reach: tuple[float, float], band: tuple[float, float]) -> float:
    """Where a value lies in its reach, laid linearly onto the band of scores that its verdict has in answers."""
    share = (value - reach[0]) / (reach[1] - reach[0])
    return round(band[0] + share * (band[1] - band[0]), 2)
