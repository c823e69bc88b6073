"""Experiments as the store keeps them: definitions, states, who was assigned to what, what was observed.

Nothing here knows statistics. What is done inside one transaction lands together or not at all, and a unique index
keeps two processes from counting a unit or an observation twice. Experiments belong to the database, not to one
repository: those who share the database share its experiments, and a name names one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import StoreError
from agent_agency.store.statements import listed, next_number, parts, run, run_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

AssignmentRow = tuple[str, str, float, str]
"""Unit, arm, the share that the treatment had when the unit was first seen, when that was."""

CountRow = tuple[float, str, int]
"""The treatment's share, an arm, how many units came to it while the share was that."""

ObservationRow = tuple[str, str, str, float, str]
"""Unit, arm, metric, value, when it was recorded."""


class StoredExperiments:
    """Experiments seen from inside one transaction; those who write need a writer's connection.

    Args:
        connection: of ``Database.read`` or ``Database.write``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def names(self) -> Sequence[str]:
        """Every experiment, the newest first."""
        query = "SELECT name FROM agency_experiments ORDER BY number DESC"
        return [str(row[0]) for row in run(self._connection, query)]

    def load(self, name: str) -> tuple[bytes, str] | None:
        """An experiment's definition and its state; ``None`` when there is no such experiment.

        Raises:
            StoreError: the definition is not the one that was written (``store.tampered``).
        """
        query = "SELECT definition, digest, state FROM agency_experiments WHERE name = :name"
        found = run(self._connection, query, name=name).one_or_none()
        if found is None:
            return None
        definition = bytes(found[0])
        if digest_bytes(definition) != found[1]:
            raise StoreError(
                f"The definition of the experiment {name!r} was changed in the database",
                fix="Restore the database from a backup, or create the experiment anew under another name.",
                code="store.tampered",
            )
        return definition, str(found[2])

    def assignments(self, name: str) -> Sequence[AssignmentRow]:
        """Who was assigned to what, in the order in which the units were first seen."""
        query = "SELECT unit, arm, share, at FROM agency_assignments WHERE experiment = :number ORDER BY number"
        return [(str(unit), str(arm), float(share), str(at)) for unit, arm, share, at in self._rows(query, name)]

    def assignments_of(self, name: str, units: Sequence[str]) -> Sequence[AssignmentRow]:
        """The assignments of these units, those that have one, in any order."""
        found: list[AssignmentRow] = []
        for part in parts(units):
            wanted, names = listed("u", part)
            query = (
                "SELECT unit, arm, share, at FROM agency_assignments "  # noqa: S608 - names of parameters
                f"WHERE experiment = (SELECT number FROM agency_experiments WHERE name = :name) AND unit IN ({wanted})"
            )
            rows = run(self._connection, query, name=name, **names)
            found += [(str(unit), str(arm), float(share), str(at)) for unit, arm, share, at in rows]
        return found

    def counts(self, name: str) -> Sequence[CountRow]:
        """How many units were assigned, by share and arm."""
        query = "SELECT share, arm, count(*) FROM agency_assignments WHERE experiment = :number GROUP BY share, arm"
        return [(float(share), str(arm), int(count)) for share, arm, count in self._rows(query, name)]

    def observations(self, name: str) -> Sequence[ObservationRow]:
        """What was observed, in the order in which it was recorded first."""
        query = (
            "SELECT unit, arm, metric, value, at FROM agency_observations WHERE experiment = :number ORDER BY number"
        )
        rows = self._rows(query, name)
        return [(str(unit), str(arm), str(metric), float(value), str(at)) for unit, arm, metric, value, at in rows]

    def states(self, name: str) -> Sequence[tuple[str, str]]:
        """Every state that it had, with the moment from which it had it, the first one first."""
        query = "SELECT state, at FROM agency_experiment_states WHERE experiment = :number ORDER BY number"
        return [(str(state), str(at)) for state, at in self._rows(query, name)]

    def create(self, name: str, definition: bytes, state: str, at: str) -> bool:
        """Keep a new experiment; ``False`` when the name is taken, and then nothing changes."""
        number = next_number(self._connection, "agency_experiments")
        created = run(
            self._connection,
            "INSERT INTO agency_experiments (number, name, definition, digest, state, at) "
            "VALUES (:number, :name, :definition, :digest, :state, :at) ON CONFLICT (name) DO NOTHING",
            number=number,
            name=name,
            definition=definition,
            digest=digest_bytes(definition),
            state=state,
            at=at,
        )
        if created.rowcount != 1:
            return False
        self._note_state(number, state, at)
        return True

    def redefine(self, name: str, definition: bytes) -> None:
        """Keep another definition of an experiment that is there.

        Raises:
            StoreError: it is not there (``store.no_experiment``).
        """
        query = "UPDATE agency_experiments SET definition = :definition, digest = :digest WHERE number = :number"
        number = self._known(name)
        run(self._connection, query, number=number, definition=definition, digest=digest_bytes(definition))

    def set_state(self, name: str, state: str, at: str) -> None:
        """Keep the state that an experiment has now, and since when; the states before stay on record.

        Raises:
            StoreError: it is not there (``store.no_experiment``).
        """
        number = self._known(name)
        query = "UPDATE agency_experiments SET state = :state WHERE number = :number AND state <> :state"
        if run(self._connection, query, number=number, state=state).rowcount:
            self._note_state(number, state, at)

    def assign(self, name: str, rows: Sequence[AssignmentRow]) -> None:
        """Keep the first sight of units; a unit that has a row already keeps that one.

        Raises:
            StoreError: the experiment is not there (``store.no_experiment``).
        """
        experiment, first = self._known(name), next_number(self._connection, "agency_assignments")
        run_many(
            self._connection,
            "INSERT INTO agency_assignments (number, experiment, unit, arm, share, at) "
            "VALUES (:number, :experiment, :unit, :arm, :share, :at) ON CONFLICT (experiment, unit) DO NOTHING",
            [
                {"number": first + place, "experiment": experiment, "unit": unit, "arm": arm, "share": share, "at": at}
                for place, (unit, arm, share, at) in enumerate(rows)
            ],
        )

    def record(self, name: str, rows: Sequence[ObservationRow]) -> None:
        """Keep observations after those that are there; (unit, arm, metric) is there once only.

        A row whose (unit, arm, metric) is there already replaces the value and the moment, and keeps its place.

        Raises:
            StoreError: the experiment is not there (``store.no_experiment``).
        """
        experiment, first = self._known(name), next_number(self._connection, "agency_observations")
        run_many(
            self._connection,
            "INSERT INTO agency_observations (number, experiment, unit, arm, metric, value, at) "
            "VALUES (:number, :experiment, :unit, :arm, :metric, :value, :at) "
            "ON CONFLICT (experiment, unit, arm, metric) DO UPDATE SET value = excluded.value, at = excluded.at",
            [
                {"number": first + place, "experiment": experiment, "unit": unit, "arm": arm, "metric": metric}
                | {"value": value, "at": at}
                for place, (unit, arm, metric, value, at) in enumerate(rows)
            ],
        )

    def _note_state(self, number: int, state: str, at: str) -> None:
        run(
            self._connection,
            "INSERT INTO agency_experiment_states (number, experiment, state, at) "
            "VALUES (:number, :experiment, :state, :at)",
            number=next_number(self._connection, "agency_experiment_states"),
            experiment=number,
            state=state,
            at=at,
        )

    def _known(self, name: str) -> int:
        query = "SELECT number FROM agency_experiments WHERE name = :name"
        found = run(self._connection, query, name=name).scalar_one_or_none()
        if found is None:
            raise StoreError(
                f"There is no experiment {name!r}",
                fix="Create it first, or list those that there are.",
                code="store.no_experiment",
            )
        return int(found)

    def _rows(self, query: str, name: str) -> Any:
        number = run(self._connection, "SELECT number FROM agency_experiments WHERE name = :name", name=name)
        return run(self._connection, query, number=number.scalar_one_or_none() or 0)
