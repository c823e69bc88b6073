"""Where rollouts are kept and decided: every pair is held against the limits in the transaction that writes it.

So any number of processes make pairs of one rollout, each of its steps is taken once, and whoever starts later goes on
where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import EngineError, StoreError
from agent_agency.inference.pool.rollout_limits import WINDOW, RolloutLimits, Standing, standing_of
from agent_agency.inference.pool.rollout_states import STAGES, UNDER_WAY, RollEvent, Stage, stage_after
from agent_agency.store import rollouts
from agent_agency.store.rollouts import Pair, RolloutStep, StoredRollout

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.store.database import Database

NOT_TIMED = "not_timed"
"""Outcome of an old engine that answers while the new one cannot be opened."""
BY_ITSELF = "agency"
"""Who takes the steps that nobody asks for."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout: which engine takes which one's role, how far it is, and by which limits."""

    number: int
    role: str
    old: str
    new: str
    limits: RolloutLimits
    stage: Stage
    at: str

    @property
    def under_way(self) -> bool:
        """Whether both engines are asked."""
        return self.stage in UNDER_WAY


@dataclass(frozen=True, slots=True)
class Told:
    """A rollout as people see it: its pairs in the present stage, and all its steps."""

    rollout: Rollout
    standing: Standing
    steps: tuple[RolloutStep, ...]


@dataclass(frozen=True, slots=True)
class RolloutBook:
    """The rollouts of a user.

    Args:
        database: the user's own store.
        clock: says when.
    """

    database: Database
    clock: Clock

    def begin(self, role: str, old: str, new: str, limits: RolloutLimits, who: str, reason: str) -> Rollout:
        """Begin with the stage ``shadow``.

        Raises:
            EngineError: one is under way for the role (``engine.roll_refused``).
            StoreError: the store refused.
        """
        at = rfc3339(self.clock.now())
        with self.database.write() as connection:
            last = rollouts.newest(connection, role)
            if last is not None and _read(last).under_way:
                raise EngineError(
                    f"{last.new} is on its way to take the role {role} from {last.old}",
                    fix=f"Wait for its end, or run agency engine roll back {role}.",
                    code="engine.roll_refused",
                )
            stored = StoredRollout(0, role, old, new, limits.to_bytes(), "shadow", at)
            number = rollouts.begin(connection, stored, RolloutStep("begin", "shadow", at, who, reason))
        return Rollout(number, role, old, new, limits, "shadow", at)

    def newest(self, role: str) -> Rollout | None:
        """The last rollout of a role, whatever its stage; ``None`` where there never was one.

        Raises:
            StoreError: the store cannot be read, or was changed.
        """
        if not self.database.exists():
            return None
        with self.database.read() as connection:
            found = rollouts.newest(connection, role)
        return None if found is None else _read(found)

    def told(self) -> tuple[Told, ...]:
        """The last rollout of every role, as people see it.

        Raises:
            StoreError: the store cannot be read, or was changed.
        """
        if not self.database.exists():
            return ()
        with self.database.read() as connection:
            found = [_read(one) for one in rollouts.all_newest(connection)]
            return tuple(
                Told(one, self._standing(connection, one), rollouts.steps_of(connection, one.number)) for one in found
            )

    def stage_of(self, number: int) -> Stage:
        """The stage of a rollout now.

        Raises:
            StoreError: the store cannot be read, or was changed.
        """
        with self.database.read() as connection:
            return _read(rollouts.numbered(connection, number)).stage

    def add_pair(self, number: int, pair: Pair) -> Stage:
        """Keep a pair, and take the step that it decides, if any; answer the stage after that.

        A pair of a stage that is over is kept and decides nothing.

        Raises:
            StoreError: the store refused; nothing was kept.
        """
        with self.database.write() as connection:
            rollouts.add_pair(connection, number, pair)
            rollout = _read(rollouts.numbered(connection, number))
            if pair.stage != rollout.stage or not rollout.under_way:
                return rollout.stage
            standing = self._standing(connection, rollout)
            if standing.decision == "wait":
                return rollout.stage
            return self._move(connection, rollout, standing.decision, BY_ITSELF, standing.reason)

    def add_unopened(self, rollout: Rollout, code: str, key: str) -> Stage:
        """Count a new engine that could not be opened as one that failed a request which the old one answered.

        Args:
            rollout: under way.
            code: stable code of the error.
            key: unlike that of any request.

        Raises:
            StoreError: the store refused; nothing was kept.
        """
        at = rfc3339(self.clock.now())
        return self.add_pair(
            rollout.number, Pair(rollout.stage, key, at, NOT_TIMED, code, agreed=False, old_us=0, new_us=0)
        )

    def act(self, role: str, event: RollEvent, who: str, reason: str) -> Rollout:
        """Take the step that a person asks for: ``back`` or ``finish``.

        Raises:
            EngineError: none is under way for the role, or it is not that far (``engine.roll_refused``).
            StoreError: the store refused.
        """
        with self.database.write() as connection:
            found = rollouts.newest(connection, role)
            rollout = None if found is None else _read(found)
            if rollout is None or not rollout.under_way:
                raise EngineError(
                    f"No engine is on its way to take the role {role}",
                    fix="Run agency engine roll show for what there was.",
                    code="engine.roll_refused",
                )
            try:
                self._move(connection, rollout, event, who, reason)
            except ValueError as error:
                raise EngineError(
                    f"The role {role} cannot be given over yet: {rollout.new} is at the stage {rollout.stage}",
                    fix="Wait for the stage 'all', or run agency engine roll back.",
                    code="engine.roll_refused",
                ) from error
            return _read(rollouts.numbered(connection, rollout.number))

    def _move(self, connection: Connection, rollout: Rollout, event: RollEvent, who: str, reason: str) -> Stage:
        stage = stage_after(rollout.stage, event)
        rollouts.move(connection, rollout.number, RolloutStep(event, stage, rfc3339(self.clock.now()), who, reason))
        return stage

    @staticmethod
    def _standing(connection: Connection, rollout: Rollout) -> Standing:
        return standing_of(rollouts.pairs_of(connection, rollout.number, rollout.stage, WINDOW), rollout.limits)


def _read(stored: StoredRollout) -> Rollout:
    try:
        limits = RolloutLimits.from_bytes(stored.limits)
        stage = next(one for one in STAGES if one == stored.state)
    except (ValueError, StopIteration) as error:
        raise StoreError(
            f"The rollout {stored.number} of the role {stored.role} was changed in the database",
            fix="Restore the database from a backup.",
            code="store.tampered",
        ) from error
    return Rollout(stored.number, stored.role, stored.old, stored.new, limits, stage, stored.at)
