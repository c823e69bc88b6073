"""A judge card as a value, and its one written form.

A card is of one version only: the prompt, the model with its backend and quantisation, and how answers are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.errors import JudgeError

SCHEMA_VERSION = 1
MEASURES = (
    "accuracy",
    "kappa",
    "position_bias",
    "retest",
    "abstention",
    "calibration_error",
    "injection_flips",
)
"""``accuracy``: share of its verdicts that are right. ``kappa``: Cohen's, against the truth. ``position_bias``: how far
the share of choices of what is shown first lies from one half. ``retest``: share of verdicts that come again when asked
again. ``abstention``: share of items without a verdict. ``calibration_error``: expected, of its confidence.
``injection_flips``: share of injections that moved a verdict towards passing."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its interval; ``n`` is how many items it rests on, ``method`` how the interval was made."""

    value: float
    low: float
    high: float
    n: int
    method: str


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """What was measured of one version of a judge.

    Args:
        judge: its name.
        version: digest of prompt, engine identity and parameters.
        prompt: digest of the prompt.
        engine: the engine's name.
        identity: what the engine says of itself: backend, model, model digest, quantisation.
        parameters: how answers are drawn.
        language_model: false for engines that are none; their figures say nothing of language models.
        items: digest of the items that it was measured on.
        split: which part of the items, as ``test``.
        measured_at: UTC, as ``2026-01-31T12:00:00Z``.
        measures: the figures that could be made, by the names of `MEASURES`; one that could not is left out.
        flipped: the mechanisms of injections that moved a verdict.
    """

    judge: str
    version: str
    prompt: str
    engine: str
    identity: Mapping[str, str]
    parameters: Mapping[str, Any]
    language_model: bool
    items: str
    split: str
    measured_at: str
    measures: Mapping[str, Measure]
    flipped: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "schema_version": SCHEMA_VERSION,
            "judge": self.judge,
            "version": self.version,
            "prompt": self.prompt,
            "engine": self.engine,
            "identity": dict(self.identity),
            "parameters": dict(self.parameters),
            "language_model": self.language_model,
            "items": self.items,
            "split": self.split,
            "measured_at": self.measured_at,
            "measures": {name: _measure_document(self.measures[name]) for name in MEASURES if name in self.measures},
            "flipped": list(self.flipped),
        }

    @property
    def digest(self) -> str:
        """``sha256:…`` of its written form."""
        return digest_json(self.as_dict())


def read_card(document: Any) -> JudgeCard:
    """Read a card's written form.

    Raises:
        JudgeError: ``judge.card_unreadable``; the message says what is wrong.
    """
    try:
        return _card(document)
    except (KeyError, TypeError, ValueError) as error:
        raise JudgeError(
            f"This is no judge card: {error}",
            fix="Measure the judge again: agency judge card.",
            code="judge.card_unreadable",
        ) from error


def _card(document: Mapping[str, Any]) -> JudgeCard:
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"it is of schema {document['schema_version']!r}, not {SCHEMA_VERSION}")
    texts = {name: _text(document, name) for name in _TEXTS}
    if not isinstance(document["language_model"], bool):
        raise TypeError("'language_model' is not true or false")
    identity, parameters, measures = (_object(document, name) for name in ("identity", "parameters", "measures"))
    flipped = document["flipped"]
    if not isinstance(flipped, list) or not all(isinstance(one, str) for one in flipped):
        raise TypeError("'flipped' is no list of texts")
    unknown = set(measures) - set(MEASURES)
    if unknown:
        raise ValueError(f"{min(unknown)!r} is no measure of a card")
    return JudgeCard(
        **texts,
        identity={key: _text(identity, key) for key in identity},
        parameters=parameters,
        language_model=document["language_model"],
        measures={name: _measure(name, _object(measures, name)) for name in measures},
        flipped=tuple(flipped),
    )


_TEXTS = ("judge", "version", "prompt", "engine", "items", "split", "measured_at")


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"'{name}' is no text")
    return value


def _object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document[name]
    if not isinstance(value, dict):
        raise TypeError(f"'{name}' is no object")
    return value


def _measure(name: str, document: Mapping[str, Any]) -> Measure:
    value, low, high = (_number(name, document[key]) for key in ("value", "low", "high"))
    n = document["n"]
    if type(n) is not int or n < 1:
        raise ValueError(f"'{name}' rests on no number of items")
    if not low <= high:
        raise ValueError(f"the interval of '{name}' is no interval")
    return Measure(value, low, high, n, str(document["method"]))


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"'{name}' holds what is no number")
    return float(value)


def _measure_document(one: Measure) -> dict[str, Any]:
    return {"value": one.value, "low": one.low, "high": one.high, "n": one.n, "method": one.method}
