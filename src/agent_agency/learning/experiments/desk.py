"""What may be done to an experiment, each act inside one transaction of the store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent_agency.errors import ExperimentError
from agent_agency.learning.experiments.assignment import arm_of
from agent_agency.learning.experiments.definition import read_definition, read_state, write_definition
from agent_agency.learning.experiments.model import Assignment, Experiment, Kind, Metric, Observation
from agent_agency.learning.experiments.sample_ratio import now_mismatched
from agent_agency.learning.experiments.standing import Standing, stand
from agent_agency.learning.experiments.states import State, step, stopped_error
from agent_agency.learning.experiments.store import ExperimentBook, ReadableBook

LARGEST = 1e100
"""Beyond it squares of values could not be told from infinity."""

SMALLEST = 1e-100
"""Effects below it have squares that could not be told from nothing."""

LONGEST_NAME = 200

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """An observation as it was handed in; ``arm`` may be left out where the unit was assigned.

    ``line`` and ``path`` say where it was read, for those who must correct it.
    """

    unit: str
    metric: str
    value: float
    arm: str | None = None
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of observations that were handed in, and where the experiment stands now."""

    new: int
    repeated: int
    replaced: int
    standing: Standing


def create(book: ExperimentBook, experiment: Experiment) -> None:
    """Keep a new experiment.

    Raises:
        ExperimentError: the name is taken (``experiment.exists``).
    """
    if not book.create(experiment.name, write_definition(experiment), State.RUNNING, experiment.created_at):
        raise ExperimentError(
            f"There is an experiment {experiment.name!r} already",
            fix="Choose another name; a plan does not change once it is made.",
            code="experiment.exists",
        )


def load(book: ReadableBook, name: str) -> tuple[Experiment, State]:
    """Read an experiment and its state.

    Raises:
        ExperimentError: there is none of that name (``experiment.unknown``).
        StoreError: the store's copy is damaged.
    """
    found = book.load(name)
    if found is None:
        raise ExperimentError(
            f"There is no experiment {name!r}",
            fix="Run agency experiment list for those that there are.",
            code="experiment.unknown",
        )
    return read_definition(name, found[0]), read_state(name, found[1])


def assign(book: ExperimentBook, name: str, units: Sequence[str], at: str) -> list[Assignment]:
    """Say which arm each unit belongs to; a unit that was seen before keeps its arm, whatever the shares are now.

    The experiment stops where the arms are not as large as their shares say.

    Raises:
        ExperimentError: no such experiment, a paired one, or a new unit after it stopped.
    """
    experiment, state = load(book, name)
    if experiment.paired:
        raise ExperimentError(
            f"Units of {name!r} get both arms, as its metric is paired",
            fix="Record a value for each arm with --arm.",
            code="experiment.paired",
        )
    known = {row[0]: Assignment(*row) for row in book.assignments_of(name, list(dict.fromkeys(units)))}
    new: dict[str, Assignment] = {}
    for unit in units:
        check_name("unit", unit)
        if unit not in known and unit not in new:
            new[unit] = Assignment(unit, arm_of(experiment, unit), experiment.share, at)
    if new:
        if state is not State.RUNNING:
            raise stopped_error(name, state)
        if now_mismatched(book.counts(name), list(new.values()), experiment.treatment):
            book.set_state(name, step(name, state, State.SAMPLE_RATIO_MISMATCH), at)
        book.assign(name, [(one.unit, one.arm, one.share, one.at) for one in new.values()])
    return [known.get(unit) or new[unit] for unit in units]


def set_weights(book: ExperimentBook, name: str, weights: tuple[int, int]) -> Experiment:
    """Change the shares of units that are still to come.

    Raises:
        ExperimentError: no such experiment, a paired one, or it has stopped.
    """
    experiment, state = load(book, name)
    if experiment.paired:
        raise ExperimentError(
            f"Units of {name!r} get both arms, as its metric is paired", fix="It has no shares to set."
        )
    if state is not State.RUNNING:
        raise stopped_error(name, state)
    changed = replace(experiment, weights=weights)
    book.redefine(name, write_definition(changed))
    return changed


def record(book: ExperimentBook, name: str, given: Sequence[Given], at: str, *, replace_values: bool) -> Recorded:
    """Record observations, all or none, and stop the experiment where its rules say so.

    The same value again changes nothing, so that what may or may not have arrived can be sent again.

    Raises:
        ExperimentError: it has stopped, or an observation does not fit: an unknown metric, a unit that was never
            assigned or belongs to the other arm, a value that the metric cannot have, or another value for what has
            one already and ``replace_values`` is not set.
    """
    experiment, state = load(book, name)
    if state is not State.RUNNING:
        raise stopped_error(name, state)
    assigned = assignments(book, name)
    arms = {one.unit: one.arm for one in assigned}
    known = {(one.unit, one.arm, one.metric): one for one in observations(book, name)}
    taken: dict[_Key, Observation] = {}
    counts = {"new": 0, "repeated": 0, "replaced": 0}
    for one in given:
        key = (one.unit, _arm(experiment, one, arms), one.metric)
        _check_value(experiment, one)
        there = taken.get(key) or known.get(key)
        value = None if there is None else there.value
        if value is not None and value != one.value and (key in taken or not replace_values):
            raise _other_value(one, value, twice=key in taken)
        counts["new" if value is None else "repeated" if value == one.value else "replaced"] += 1
        if value != one.value:
            taken[key] = Observation(*key, one.value, at)
    book.record(name, [(one.unit, one.arm, one.metric, one.value, one.at) for one in taken.values()])
    standing = stand(experiment, State.RUNNING, assigned, list((known | taken).values()))
    if standing.state is not State.RUNNING:
        book.set_state(name, step(name, State.RUNNING, standing.state), at)
    return Recorded(**counts, standing=standing)


def stop(book: ExperimentBook, name: str, at: str) -> Standing:
    """Stop an experiment by hand.

    Raises:
        ExperimentError: no such experiment, or it has stopped for another reason.
    """
    experiment, state = load(book, name)
    book.set_state(name, step(name, state, State.STOPPED_BY_HAND), at)
    return stand(experiment, State.STOPPED_BY_HAND, assignments(book, name), observations(book, name))


def status(book: ReadableBook, name: str) -> Standing:
    """Say where an experiment stands.

    Raises:
        ExperimentError: no such experiment.
    """
    experiment, state = load(book, name)
    return stand(experiment, state, assignments(book, name), observations(book, name))


def assignments(book: ReadableBook, name: str) -> list[Assignment]:
    """Who belongs where, in the order of first sight."""
    return [Assignment(*row) for row in book.assignments(name)]


def observations(book: ReadableBook, name: str) -> list[Observation]:
    """What was observed, in the order of arrival."""
    return [Observation(*row) for row in book.observations(name)]


def check_name(what: str, name: str) -> None:
    """Refuse a name that could not be told apart or shown.

    Raises:
        ExperimentError: it is empty, too long, or holds characters that do not print.
    """
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ExperimentError(
            f"{name[:LONGEST_NAME]!r} is no name that {what}s can have",
            fix=f"Use 1 to {LONGEST_NAME} printable characters without blanks around them.",
            code="experiment.name",
        )


def _arm(experiment: Experiment, one: Given, arms: Mapping[str, str]) -> str:
    """The arm that an observation belongs to."""
    check_name("unit", one.unit)
    if one.arm is not None and one.arm not in experiment.arms:
        raise _unfit(one, f"{one.arm!r} is no arm", f"Name {' or '.join(experiment.arms)}.")
    if experiment.paired:
        if one.arm is None:
            raise _unfit(one, f"the value of {one.unit!r} names no arm", "Name it: units get both arms here.")
        return one.arm
    if one.unit not in arms:
        raise _unfit(one, f"the unit {one.unit!r} was never assigned", "Run agency experiment assign for it first.")
    if one.arm not in {None, arms[one.unit]}:
        raise _unfit(
            one, f"the unit {one.unit!r} belongs to {arms[one.unit]!r}, not {one.arm!r}", "Find out what it really got."
        )
    return arms[one.unit]


def _check_value(experiment: Experiment, one: Given) -> None:
    metric = experiment.metric_named(one.metric)
    if metric is None:
        names = [experiment.metric.name, *(guard.name for guard in experiment.guardrails)]
        raise _unfit(one, f"{one.metric!r} is no metric of this experiment", f"Name {' or '.join(names)}.")
    if not math.isfinite(one.value) or abs(one.value) > LARGEST:
        raise _unfit(one, f"{one.value} is no number to count with", "Leave out what is missing; it is never a 0.")
    if _two_valued(experiment, metric) and one.value not in {0.0, 1.0}:
        raise _unfit(one, f"{one.metric} is 0 or 1, not {one.value:g}", "Correct the value.")


def _two_valued(experiment: Experiment, metric: Metric) -> bool:
    planned_so = metric is experiment.metric and experiment.plan.discordant is not None
    return metric.kind is Kind.PROPORTION or planned_so


def _other_value(one: Given, value: float, *, twice: bool) -> ExperimentError:
    said = "is given twice, with" if twice else "was recorded already, as"
    return _unfit(
        one,
        f"{one.metric} of {one.unit!r} {said} {value:g}{' and' if twice else ', not'} {one.value:g}",
        "Give it once." if twice else "Correct the value, or replace what was recorded with --replace.",
        "experiment.duplicate",
    )


def _unfit(one: Given, message: str, fix: str, code: str = "experiment.observation") -> ExperimentError:
    whole = f"An observation does not fit, and none was recorded: {message}"
    return ExperimentError(whole, fix=fix, path=one.path, line=one.line, code=code)
