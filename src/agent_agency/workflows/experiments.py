"""Experiments as commands and other workflows use them: one act, one transaction of the learning store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import ExperimentError
from agent_agency.learning.experiments import desk
from agent_agency.learning.experiments.desk import Given, Recorded, check_name
from agent_agency.learning.experiments.model import Assignment, Experiment, Kind, Metric, Plan
from agent_agency.learning.experiments.planned import planned
from agent_agency.learning.experiments.standing import Standing
from agent_agency.learning.experiments.states import State
from agent_agency.store.database import Database
from agent_agency.store.experiments import StoredExperiments

MOST_WEIGHT = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """An experiment as it is asked for; ``plan`` has no n yet."""

    name: str
    metric: Metric
    plan: Plan
    guardrails: tuple[Metric, ...] = ()
    arms: tuple[str, str] = ("control", "treatment")
    weights: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where experiments are kept, and what time it is."""

    database: Database
    clock: Clock

    def create(self, wanted: Wanted, salt: str) -> Experiment:
        """Plan an experiment and keep it.

        Raises:
            ExperimentError: a plan or a name that cannot be, or a name that is taken.
        """
        _check(wanted)
        experiment = Experiment(
            name=wanted.name,
            control=wanted.arms[0],
            treatment=wanted.arms[1],
            weights=wanted.weights,
            metric=wanted.metric,
            guardrails=wanted.guardrails,
            plan=planned(wanted.metric.kind, wanted.plan),
            salt=salt,
            created_at=self._now(),
        )
        with self.database.write() as connection:
            desk.create(StoredExperiments(connection), experiment)
        return experiment

    def assign(self, name: str, units: Sequence[str]) -> list[Assignment]:
        """Say which arm each unit belongs to, and keep it.

        Raises:
            ExperimentError: see `desk.assign`.
        """
        self._known(name)
        with self.database.write() as connection:
            return desk.assign(StoredExperiments(connection), name, units, self._now())

    def set_weights(self, name: str, weights: tuple[int, int]) -> Experiment:
        """Change the shares of units that are still to come.

        Raises:
            ExperimentError: see `desk.set_weights`; or weights that are none.
        """
        _check_weights(weights)
        self._known(name)
        with self.database.write() as connection:
            return desk.set_weights(StoredExperiments(connection), name, weights)

    def record(self, name: str, given: Sequence[Given], *, replace_values: bool = False) -> Recorded:
        """Record observations, all or none, and stop the experiment where its rules say so.

        Raises:
            ExperimentError: see `desk.record`.
        """
        self._known(name)
        with self.database.write() as connection:
            book = StoredExperiments(connection)
            return desk.record(book, name, given, self._now(), replace_values=replace_values)

    def stop(self, name: str) -> Standing:
        """Stop an experiment by hand.

        Raises:
            ExperimentError: see `desk.stop`.
        """
        self._known(name)
        with self.database.write() as connection:
            return desk.stop(StoredExperiments(connection), name, self._now())

    def status(self, name: str) -> Standing:
        """Say where an experiment stands.

        Raises:
            ExperimentError: there is no such experiment.
        """
        self._known(name)
        with self.database.read() as connection:
            return desk.status(StoredExperiments(connection), name)

    def every(self) -> list[tuple[Experiment, State]]:
        """All experiments with the states that they were left in, the newest first."""
        if not self.database.exists():
            return []
        with self.database.read() as connection:
            book = StoredExperiments(connection)
            return [desk.load(book, name) for name in book.names()]

    def _known(self, name: str) -> None:
        """Refuse before a database is made for nothing."""
        if not self.database.exists():
            raise ExperimentError(
                f"There is no experiment {name!r}",
                fix="Create it with agency experiment create.",
                code="experiment.unknown",
            )

    def _now(self) -> str:
        return rfc3339(self.clock.now())


def _check(wanted: Wanted) -> None:
    check_name("experiment", wanted.name)
    for arm in wanted.arms:
        check_name("arm", arm)
    names = [wanted.metric.name, *(one.name for one in wanted.guardrails)]
    for name in names:
        check_name("metric", name)
    if len({*names}) < len(names) or len({*wanted.arms}) < len(wanted.arms):
        raise _refused("A name is given twice", "Give each arm and each metric a name of its own.")
    for guard in wanted.guardrails:
        if (guard.kind is Kind.PAIRED) != (wanted.metric.kind is Kind.PAIRED):
            raise _refused(
                f"The guardrail {guard.name} is {guard.kind}, the metric {wanted.metric.kind}",
                "Where one metric is paired all are, as every unit gets both arms.",
            )
        if not (guard.margin is not None and desk.SMALLEST <= guard.margin <= desk.LARGEST):
            raise _refused(f"The guardrail {guard.name} has no margin above 0", "Say how much worse it may get.")
    if not desk.SMALLEST <= wanted.plan.least_effect <= desk.LARGEST:
        raise _refused(f"An effect of {wanted.plan.least_effect:g} cannot be looked for", "Give one above 0.")
    _check_weights(wanted.weights)


def _check_weights(weights: tuple[int, int]) -> None:
    if not all(1 <= weight <= MOST_WEIGHT for weight in weights):
        raise _refused(
            f"Shares of {weights[0]}:{weights[1]} cannot be set", f"Give whole numbers from 1 to {MOST_WEIGHT}."
        )


def _refused(message: str, fix: str) -> ExperimentError:
    return ExperimentError(message, fix=fix, code="experiment.plan")
