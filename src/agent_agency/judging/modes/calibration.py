"""From a model's scores of labels to probabilities that can be believed, and that step as a value with a digest.

A model's own probabilities of ``pass`` and ``fail`` say how it likes these words, too: some come easily whatever the
subject is. A temperature and one bias for each label take that out: ``softmax(z / T + b)``, vector scaling with one
temperature for all labels (Guo, Pleiss, Sun and Weinberger 2017, ICML; with biases, Alexandari, Kundaje and Shrikumar
2020, ICML). Without true verdicts only the biases can be had, from what the model says of many subjects on average
(batch calibration: Zhou et al. 2024, ICLR; before it, contextual calibration: Zhao et al. 2021, ICML).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agent_agency.canonical_json import digest_json
from agent_agency.errors import JudgeError
from agent_agency.judging.modes.label_words import SCORED
from agent_agency.judging.modes.limits import Limits

SCHEMA_VERSION = 1
Method: TypeAlias = Literal["fitted", "prior"]
METHODS: tuple[Method, ...] = ("fitted", "prior")
HOTTEST = 100.0
"""The highest temperature that is fitted: there every subject has nearly the same probabilities."""


@dataclass(frozen=True, slots=True)
class Held:
    """How a calibration does on labelled items that it was not fitted on; losses are in nats, the rest are shares."""

    items: int
    log_loss_before: float
    log_loss_after: float
    accuracy_before: float
    accuracy_after: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A temperature and a bias for each label.

    Args:
        base: the version of the judge whose scores it is for, as it is without a calibration.
        method: ``fitted`` on true verdicts, or ``prior`` from the mean of what the model says.
        temperature: above 0; scores are divided by it.
        biases: added to the scores, in nats, in the order of `SCORED`.
        items: how many it was made from, and ``data`` their digest.
        held: how it does on other items; ``None`` where none were left or nothing is known of them.
        limits: for asking labels first and whole answers where they leave doubt; ``None`` where none were chosen.
    """

    base: str
    method: Method
    temperature: float
    biases: tuple[float, ...]
    items: int
    data: str
    held: Held | None = None
    limits: Limits | None = None

    def probabilities(self, scores: Sequence[float]) -> tuple[float, ...]:
        """Probabilities of the labels from their scores, in the order of `SCORED`."""
        return softmax([one / self.temperature + bias for one, bias in zip(scores, self.biases, strict=True)])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without its digest."""
        held, limits = self.held, self.limits
        return {
            "schema_version": SCHEMA_VERSION,
            "base": self.base,
            "method": self.method,
            "temperature": self.temperature,
            "biases": dict(zip(SCORED, self.biases, strict=True)),
            "items": self.items,
            "data": self.data,
            "held": None if held is None else {name: getattr(held, name) for name in _HELD},
            "limits": None if limits is None else limits.as_dict(),
        }

    @property
    def digest(self) -> str:
        """``sha256:…`` of its written form: a part of the version of the judge that uses it."""
        return digest_json(self.as_dict())


_HELD = ("items", "log_loss_before", "log_loss_after", "accuracy_before", "accuracy_after")


def softmax(values: Sequence[float]) -> tuple[float, ...]:
    """Numbers above 0 that add up to 1, in the ratio of the values' exponentials."""
    top = max(values)
    raised = [math.exp(one - top) for one in values]
    total = sum(raised)
    return tuple(one / total for one in raised)


def written_calibration(calibration: Calibration) -> dict[str, Any]:
    """Its file's form: what it is, and the digest that shows whether somebody changed it."""
    return {**calibration.as_dict(), "digest": calibration.digest}


def read_calibration(document: Any, path: str = "") -> Calibration:
    """Read a calibration's file.

    Raises:
        JudgeError: ``judge.calibration_unreadable``; the message says what is wrong.
    """
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise JudgeError(
            f"This is no calibration of a judge: {error}",
            fix="Calibrate it again: agency judge calibrate.",
            path=path or None,
            code="judge.calibration_unreadable",
        ) from error


def _read(document: Any) -> Calibration:
    if not isinstance(document, dict):
        raise TypeError("it is no object")
    told = dict(document)
    digest = told.pop("digest", None)
    if told.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"it is of schema {told.get('schema_version')!r}, not {SCHEMA_VERSION}")
    if digest != digest_json(told):
        raise ValueError("its digest does not match what it holds")
    method, biases = told["method"], told["biases"]
    if method not in METHODS:
        raise ValueError("'method' is none")
    if not isinstance(biases, dict) or set(biases) != set(SCORED):
        raise ValueError("'biases' are not those of the labels")
    temperature = _number(told, "temperature")
    if not 0 < temperature <= HOTTEST:
        raise ValueError(f"'temperature' is not above 0 and up to {HOTTEST:g}")
    held, limits = told["held"], told["limits"]
    return Calibration(
        base=_text(told, "base"),
        method=method,
        temperature=temperature,
        biases=tuple(_number(biases, verdict) for verdict in SCORED),
        items=_count(told, "items"),
        data=_text(told, "data"),
        held=None if held is None else Held(_count(held, "items"), *(_number(held, name) for name in _HELD[1:])),
        limits=None if limits is None else Limits.read(limits),
    )


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value[name]
    if not isinstance(found, str) or not found:
        raise TypeError(f"{name!r} is no text")
    return found


def _number(value: Mapping[str, Any], name: str) -> float:
    found = value[name]
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        raise TypeError(f"{name!r} is no number")
    return float(found)


def _count(value: Mapping[str, Any], name: str) -> int:
    found = value[name]
    if type(found) is not int or found < 1:
        raise TypeError(f"{name!r} is no count")
    return found
