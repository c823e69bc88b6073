"""Measure the ways of answering: the naive one, then of each engine those that a trial finds worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, Self

from agent_agency.errors import AgencyError
from agent_agency.inference.bench.judge_load import LoadShape
from agent_agency.inference.bench.row import NAIVE, Row, Way
from agent_agency.inference.bench.trial import CLOSE, Trial, worth_a_trial, worth_measuring
from agent_agency.inference.bench.ways import Loaded, loadings
from agent_agency.workflows.measure_engine import Model, Opened, measure_on, naive_row, opened, try_ways

_UNMEASURED = frozenset({"engine.model_unsupported", "usage.extra_missing", "engine.no_labels"})
"""Codes that mean that an engine cannot run this model here; any other failure ends the measurement."""
_QUICK_FIRST = ("openvino", "llama.cpp")
"""The engine that is likelier to win comes first: of one that cannot win, less is measured."""


class Told(Protocol):
    """Who hears how many requests of a way are answered, of a trial or of the whole."""

    def __call__(self, way: Way, done: int, of: int, *, trial: bool) -> None:
        """Hear it."""
        ...


def no_word(way: Way, done: int, of: int, *, trial: bool) -> None:
    """Say nothing of how far it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a measurement runs with.

    Args:
        model: that is measured.
        shape: of the load.
        timer: seconds that only go forward.
        told: hears how far it is.
    """

    model: Model
    shape: LoadShape
    timer: Callable[[], float]
    told: Told


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows and trials in the order of the ways, and what could not be run here, and why."""

    rows: tuple[Row, ...]
    trials: tuple[Trial, ...]
    skipped: tuple[tuple[str, str], ...]


def measure_ways(chosen: Sequence[Way], run: Run, *, whole: bool) -> Measured:
    """Measure the naive way, and of the others what is worth it.

    Of each engine, precision and mode that is the widest way; those that a trial finds near the best, see
    `worth_measuring`; and the quickest way to score labels one at a time.

    Args:
        chosen: the ways, the naive one among them.
        run: the model, the load and who hears of it.
        whole: measure all of them, without a trial.

    Raises:
        AgencyError: the model cannot be loaded, or a request failed.
    """
    rows = {NAIVE: naive_row(run.model, run.shape, run.timer, partial(_tell, run.told, NAIVE, run.shape.requests))}
    tried = () if whole else worth_a_trial(chosen, run.shape.requests)
    measuring = _Measuring(run, rows, frozenset(tried))
    groups = _groups(chosen)
    for key in sorted(groups, key=lambda one: _QUICK_FIRST.index(one[0])):
        measuring.measure(key, groups[key])
    return measuring.done(chosen)


class _Measuring:
    """What is measured so far."""

    def __init__(self, run: Run, rows: dict[Way, Row], tried: frozenset[Way]) -> None:
        self._run = run
        self._rows = rows
        self._tried = tried
        self._trials: dict[Way, Trial] = {}
        self._skipped: list[tuple[str, str]] = []

    def measure(self, key: tuple[str, str], group: Sequence[Way]) -> None:
        """Measure the ways of one engine and precision; of one that cannot run the model it is kept why."""
        try:
            self._measure(group)
        except AgencyError as error:
            if error.stable_code not in _UNMEASURED:
                raise
            self._skipped.append((", ".join(key), error.message))

    def done(self, chosen: Sequence[Way]) -> Measured:
        """All of it, each trial with what came of it."""
        rows = tuple(self._rows[way] for way in chosen if way in self._rows)
        return Measured(rows, tuple(self._ended(way) for way in chosen if way in self._trials), tuple(self._skipped))

    def _measure(self, group: Sequence[Way]) -> None:
        """Whole what is not tried; then, on the widest loading, the trials; then whole what they find worth it."""
        loaded = {way: one for one, ways in loadings(group).items() for way in ways}
        with _Loading(self._run.model) as loading:
            for way in _widest_first(way for way in group if way not in self._tried):
                self._whole(way, loading.of(loaded[way]))
            if tried := [way for way in group if way in self._tried]:
                widest = loading.of(loaded[max(group, key=lambda way: way.concurrency)])
                told = partial(self._run.told, trial=True)
                for trial in try_ways(widest, tried, self._run.shape, self._run.timer, told):
                    self._trials[trial.way] = trial
            for way in _widest_first(way for way in tried if self._worth(way)):
                self._whole(way, loading.of(loaded[way]))

    def _whole(self, way: Way, ready: Opened) -> None:
        told = partial(_tell, self._run.told, way, self._run.shape.requests)
        self._rows[way] = measure_on(ready, way, self._run.shape, self._run.timer, told)

    def _worth(self, way: Way) -> bool:
        tried = [one for one in self._trials.values() if one.way.kind == way.kind]
        rival = self._best(lambda one: one.engine != way.engine and one.kind[1:] == way.kind[1:])
        worth = worth_measuring(tried, self._best(lambda one: one.kind == way.kind), rival)
        return way in worth or self._quickest_alone(way)

    def _quickest_alone(self, way: Way) -> bool:
        """Whether nothing measured scores labels one at a time in less time than this way's trial did."""
        if (way.mode, way.concurrency, way.precision) != ("label", 1, "default"):
            return False
        alone = (row.p50_s for one, row in self._rows.items() if (one.mode, one.concurrency) == ("label", 1))
        return self._trials[way].p50_s < min(alone, default=float("inf"))

    def _best(self, meant: Callable[[Way], bool]) -> float:
        rates = (row.requests_per_s for way, row in self._rows.items() if not way.naive and meant(way))
        return max(rates, default=0.0)

    def _ended(self, way: Way) -> Trial:
        trial, whole = self._trials[way], way in self._rows
        near = trial.requests_per_s >= CLOSE * self._best(lambda one: one.kind == way.kind)
        return replace(trial, measured=whole, close=near and not whole)


class _Loading:
    """One loaded model at a time; the next takes its place."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._stack = ExitStack()
        self._now: tuple[Loaded, Opened] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, loaded: Loaded) -> Opened:
        """The model loaded so."""
        if self._now is None or self._now[0] != loaded:
            self._stack.close()
            self._now = None
            self._now = (loaded, self._stack.enter_context(opened(self._model, loaded)))
        return self._now[1]


def _groups(chosen: Sequence[Way]) -> Mapping[tuple[str, str], list[Way]]:
    groups: dict[tuple[str, str], list[Way]] = {}
    for way in chosen:
        if not way.naive:
            groups.setdefault((way.engine, way.precision), []).append(way)
    return groups


def _widest_first(chosen: Iterable[Way]) -> list[Way]:
    """So that a model is loaded once for each width."""
    return sorted(chosen, key=lambda way: -way.concurrency)


def _tell(told: Told, way: Way, of: int, done: int) -> None:
    told(way, done, of, trial=False)
