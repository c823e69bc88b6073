"""One measured way of answering a load: an engine, a mode, so many at a time; held against the naive way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Mode = Literal["full", "short", "label"]
MODES: tuple[Mode, ...] = ("full", "short", "label")


@dataclass(frozen=True, slots=True)
class Way:
    """One way of answering.

    Args:
        engine: ``llama.cpp`` or ``openvino``.
        mode: what is asked for: 48 tokens of text, a short verdict under a schema, or the scores of labels.
        concurrency: requests in flight.
        precision: ``default`` or ``exact``.
        prefix_cache: the rubric is computed once; without, each request computes all of its prompt.
    """

    engine: str
    mode: Mode
    concurrency: int
    precision: str = "default"
    prefix_cache: bool = True

    @property
    def naive(self) -> bool:
        """The way that all others are held against: one at a time on llama.cpp, nothing kept."""
        return self == NAIVE

    @property
    def kind(self) -> tuple[str, str, str]:
        """Engine, precision and mode: ways of one kind differ in how many requests are in flight."""
        return self.engine, self.precision, self.mode


NAIVE = Way("llama.cpp", "full", 1, prefix_cache=False)


@dataclass(frozen=True, slots=True)
class Row:
    """What one way came to.

    ``p50_s`` and ``p95_s`` are seconds from asking to the answer, with ``concurrency`` callers who each wait for
    theirs. ``valid`` is the share of answers that are valid under the schema that was asked for; ``None`` where there
    is none. ``computed_tokens`` are prompt tokens that were not taken from a kept prefix, and the prefixes that were
    computed ahead. ``other_load`` is the share of the machine's processor time that other processes took meanwhile:
    above a tenth, a row tells little.
    """

    engine: str
    mode: Mode
    concurrency: int
    precision: str
    prefix_cache: bool
    requests: int
    requests_per_s: float
    tokens_per_s: float
    p50_s: float
    p95_s: float
    valid: float | None
    prompt_tokens: int
    computed_tokens: int
    memory_mib: float | None
    other_load: float | None
    ratio_to_naive: float | None = None

    def beside(self, naive: Row) -> Row:
        """The same with its requests per second as a multiple of the naive row's."""
        return replace(self, ratio_to_naive=self.requests_per_s / naive.requests_per_s)

    def document(self) -> dict[str, Any]:
        """The row as plain data, rounded to what a measurement can tell."""
        return {key: rounded(value) for key, value in asdict(self).items()}


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile: the least value that at least ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def rounded(value: Any) -> Any:
    """A number with six digits that count, as many as a measurement can tell; anything else as it is."""
    return float(f"{value:.6g}") if isinstance(value, float) else value
