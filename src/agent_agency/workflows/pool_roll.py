"""Giving a role to another engine, on a person's word: begin, look, take back, finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.clock import Clock
from agent_agency.errors import EngineError, UsageError
from agent_agency.inference.choose import settings_of
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.pool.machine_memory import budget_of
from agent_agency.inference.pool.rollout_book import Rollout, RolloutBook, Told
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.workflows.learning_store import open_users_store, reading
from agent_agency.workflows.pool_view import estimate_for, measured_for

if TYPE_CHECKING:
    from agent_agency.inference.engine_settings import EngineChoices

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class RollDesk:
    """Where roles are given over.

    Args:
        environment: the process's variables.
        clock: says when.
    """

    environment: Mapping[str, str]
    clock: Clock

    def begin(self, role: str, new: str, limits: RolloutLimits, who: str, reason: str) -> Rollout:
        """Let a new engine begin to take a role, in the shadow of the old one.

        Raises:
            EngineError: there is no such engine or role, the two do not fit into memory together, or another one is on
                its way (``engine.roll_refused``).
            UsageError: the new one has the role already.
            StoreError: the store refused.
        """
        choices = load_engines(self.environment)
        old = settings_of(role, choices)
        if role not in choices.roles:
            raise EngineError(
                f"{role!r} is no role", fix="Name one of [roles] in your engines.toml.", code="engine.unknown"
            )
        if new not in choices.engines:
            raise EngineError(
                f"There is no engine {new!r} in {choices.path}",
                fix="Name an engine of that file; a role is given to nothing else.",
                code="engine.unknown",
            )
        book = self._book()
        last = book.newest(role)
        has = last.new if last is not None and last.stage == "finished" and last.old == old.name else old.name
        if new == has:
            raise UsageError(f"{new} has the role {role} already", fix="Name another engine.")
        if has != old.name:
            fix = f'Write {role} = "{has}" below [roles] in {choices.path}, and begin again.'
            raise EngineError(
                f"{has} took the role {role}, and the file names {old.name}", fix=fix, code="engine.roll_refused"
            )
        self._refuse_too_large(choices, old.name, new)
        return book.begin(role, old.name, new, limits, who, reason)

    def told(self) -> tuple[Told, ...]:
        """The last rollout of every role.

        Raises:
            StoreError: the store cannot be read.
        """
        return self._book().told()

    def back(self, role: str, who: str, reason: str) -> Rollout:
        """Give a role back to the old engine at once, in every process.

        Raises:
            EngineError: nothing is under way.
            StoreError: the store refused.
        """
        return self._book().act(role, "back", who, reason)

    def finish(self, role: str, who: str, reason: str) -> Rollout:
        """Give a role over for good, from the stage in which the new engine answers all.

        Raises:
            EngineError: nothing is under way, or it is not that far.
            StoreError: the store refused.
        """
        return self._book().act(role, "finish", who, reason)

    def _refuse_too_large(self, choices: EngineChoices, old: str, new: str) -> None:
        """Both are loaded while pairs are made: what does not fit would fail from the first request on."""
        needed = 0
        with reading(open_users_store(self.environment)) as connection:
            for name in (old, new):
                needed += measured_for(connection, choices.engines[name]) or estimate_for(choices.engines[name]) or 0
        budget = budget_of(choices.pool.memory_gb)
        if needed > budget:
            raise EngineError(
                f"{old} and {new} together take {needed / _GIB:.2f} GiB of memory, and {budget / _GIB:.2f} are there",
                fix="Raise memory_gb below [pool], or name the new engine in [roles] without a rollout.",
                code="engine.over_budget",
            )

    def _book(self) -> RolloutBook:
        return RolloutBook(open_users_store(self.environment), self.clock)
