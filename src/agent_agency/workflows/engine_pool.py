"""The user's engines while a command or a server runs: models in a pool, money held against caps, roles given over.

A name means what `inference.choose` says. Of a role that a new engine takes over both engines are opened; a model on
this machine is a member of the pool, and what leaves the machine may be stopped, and is paid for where it has a price.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from agent_agency.clock import Clock, SystemClock
from agent_agency.errors import AgencyError, EngineError, LedgerError, StoreError
from agent_agency.identity import random_id
from agent_agency.inference.choose import close_engine, make_engine, settings_of
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.engine_settings import EngineChoices, EngineSettings
from agent_agency.inference.labels import LabelEngine
from agent_agency.inference.server_address import read_address
from agent_agency.workflows.learning_store import open_users_store

if TYPE_CHECKING:
    from agent_agency.inference.pool.copies import Copies
    from agent_agency.inference.pool.pool import ModelPool
    from agent_agency.inference.pool.pooled import PooledEngine
    from agent_agency.inference.pool.rollout_book import Rollout, RolloutBook
    from agent_agency.inference.pool.slot import Standing
    from agent_agency.inference.protocol import Engine, Parameters
    from agent_agency.inference.spend.local_counts import LocalCounts
    from agent_agency.store.database import Database

TASK = "AGENCY_TASK"
"""Names what calls are made for, so that several commands share the cap of one task."""
PRIMARY = "primary"
_TICK_S = 5.0
_COPIES_S = 10.0
_REMOTE_KINDS = frozenset({"openai", "ollama"})


@dataclass(frozen=True, slots=True)
class EngineServices:
    """What the engines draw on: time and ids."""

    clock: Clock = field(default_factory=SystemClock)
    timer: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = random_id


class Engines:
    """Opens each engine once, and closes all of them; use it from any number of threads.

    Args:
        choices: the user's file.
        environment: keys, and where the store is.
        services: see `EngineServices`.
        pinned: an engine's identity is taken down, as by a judge: see `inference.pool.rolled.RollServices`.
    """

    def __init__(
        self,
        choices: EngineChoices,
        environment: Mapping[str, str],
        services: EngineServices | None = None,
        *,
        pinned: bool = True,
    ) -> None:
        self._choices = choices
        self._environment = environment
        self._services = services or EngineServices()
        self._pinned = pinned
        self._lock = threading.RLock()
        self._opened: dict[str, Engine] = {}
        self._rolled: dict[int, Engine] = {}
        self._seen: dict[str, Rollout | None] = {}
        self._unpooled: list[Engine] = []
        self._pool: ModelPool | None = None
        self._counts: LocalCounts | None = None
        self._copies: Copies | None = None
        self._ended = threading.Event()
        self._task = environment.get(TASK, "").strip()[:200] or f"command-{self._services.new_id()}"

    def engine(self, spec: str | None) -> Engine:
        """The engine that is meant; nothing is asked of it yet, and no model is loaded.

        Of a role that is not pinned it is whoever has the role with each request, see `inference.pool.followed`.

        Raises:
            AgencyError: as `inference.choose.choose_engine`; also a remote engine without a price where caps are set
                (``engine.no_price``), or one with a price where there is no store to count it in.
        """
        if self._pinned or self._role(spec) is None:
            return self._found(spec)
        from agent_agency.inference.pool.followed import followed_role

        return followed_role(lambda: self._found(spec), self._services.timer)

    def settings(self, spec: str | None) -> EngineSettings:
        """The settings of the engine that has to answer now: of a role that was given over, the new one's.

        Raises:
            EngineError: as `inference.choose.settings_of`.
        """
        return self._meant(spec)[0]

    def parameters(self, spec: str | None) -> Parameters:
        """How the engine's answers are drawn where the question does not say.

        Raises:
            EngineError: as `inference.choose.default_parameters`.
        """
        return self.settings(spec).parameters()

    def start(self, *names: str) -> None:
        """Begin to load the opened models whose settings say ``warm``; for a server. What fails is told to who asks.

        Args:
            names: of engines; those that are not opened, or no models of this machine, are left as they are.
        """
        for name in names:
            settings = self._choices.engines.get(name)
            if self._pool is not None and name in self._opened and settings is not None and settings.warm:
                with suppress(EngineError):
                    self._pool.load_ahead(name)

    def state_of(self, name: str) -> str:
        """The state of a model of the pool, of two under a rollout the old one's; empty for what is none."""
        wanted = name.partition("|")[0]
        return next((one.state for one in self.standings() if one.name == wanted), "")

    def standings(self) -> tuple[Standing, ...]:
        """How the models of the pool stand."""
        return () if self._pool is None else self._pool.standings()

    def close(self) -> None:
        """Let copies and requests end for a while, then let go of every engine."""
        self._ended.set()
        if self._copies is not None:
            self._copies.close(_COPIES_S)
        if self._pool is not None:
            self._pool.close()
        if self._counts is not None:
            self._counts.keep()
        for one in self._unpooled:
            close_engine(one)

    def _found(self, spec: str | None) -> Engine:
        """Whoever is meant now; of a rollout under way there is one engine, however often it is asked for."""
        settings, rollout = self._meant(spec)
        if rollout is None or not rollout.under_way:
            return self._one(settings)
        with self._lock:
            found = self._rolled.get(rollout.number)
        if found is None:
            found = self._rolling(settings, rollout)
        return found

    def _rolling(self, old: EngineSettings, rollout: Rollout) -> Engine:
        """Both engines of a rollout; where the new one cannot be opened, that counts against it and the old answers."""
        from agent_agency.inference.pool.rolled import RollServices, rolled_engine

        services, book = self._services, self._book()
        first = self._one(old)
        try:
            second = self._one(self._choices.engines[rollout.new])
            self._refuse_too_large(old.name, rollout.new)
        except AgencyError as error:
            with suppress(LedgerError):
                book.add_unopened(rollout, error.stable_code, services.new_id())
            return first
        copied = RollServices(book, self._copying(), services.clock, services.timer, pinned=self._pinned)
        with self._lock:
            return self._rolled.setdefault(rollout.number, rolled_engine(first, second, rollout, copied))

    def _refuse_too_large(self, *names: str) -> None:
        """Two models that take turns for want of memory would keep the role's requests waiting for mere copies.

        Raises:
            EngineError: ``engine.over_budget``; they did fit when the rollout began.
        """
        if self._pool is not None:
            needed = sum(one.expected_bytes for one in self._pool.standings() if one.name in names)
            if needed > self._pool.budget_bytes:
                from agent_agency.inference.pool.pool_errors import over_budget

                raise over_budget(" and ".join(names), needed, self._pool.budget_bytes)

    def _role(self, spec: str | None) -> str | None:
        """The role that is meant; ``None`` where an engine is named."""
        role = spec or PRIMARY
        return role if role in self._choices.roles and role not in self._choices.engines else None

    def _meant(self, spec: str | None) -> tuple[EngineSettings, Rollout | None]:
        """The settings of the engine that answers, and the rollout of its role while one is under way."""
        settings = settings_of(spec, self._choices)
        role = self._role(spec)
        if role is None:
            return settings, None
        rollout = self._rollout(role)
        if rollout is None or rollout.old != settings.name or rollout.new not in self._choices.engines:
            return settings, None  # the file was changed since: it says who has the role
        if rollout.stage == "finished":
            return self._choices.engines[rollout.new], None
        return settings, rollout if rollout.under_way else None

    def _rollout(self, role: str) -> Rollout | None:
        """The last rollout of a role; while the store cannot tell, the one last seen, else the file has the word."""
        with suppress(LedgerError):
            found = self._book().newest(role)
            self._seen[role] = found
        return self._seen.get(role)

    def _book(self) -> RolloutBook:
        from agent_agency.inference.pool.rollout_book import RolloutBook

        return RolloutBook(open_users_store(self._environment), self._services.clock)

    def _copying(self) -> Copies:
        from agent_agency.inference.pool.copies import Copies

        with self._lock:
            self._copies = self._copies or Copies()
            return self._copies

    def _one(self, settings: EngineSettings) -> Engine:
        with self._lock:
            if settings.name not in self._opened:
                made = make_engine(settings, self._environment)
                if settings.kind == "local":
                    made = self._pooled(settings, cast("PooledEngine", made))
                else:
                    self._unpooled.append(made)
                    made = self._guarded(settings, made)
                self._opened[settings.name] = made
            return self._opened[settings.name]

    def _pooled(self, settings: EngineSettings, engine: PooledEngine) -> Engine:
        from agent_agency.inference.pool.machine_memory import estimate_of, setup_of
        from agent_agency.inference.pool.pool_model import pool_model
        from agent_agency.inference.pool.pooled import Member

        estimate = estimate_of(Path(settings.path or ""), settings.memory_gb)
        pool, counts = self._started_pool()
        pool.add(Member(engine, estimate, settings.keep_alive_s, settings.warm, setup_of(settings)))
        return pool_model(pool, engine, self._services.timer, counts.add)

    def _started_pool(self) -> tuple[ModelPool, LocalCounts]:
        if self._pool is None or self._counts is None:
            from agent_agency.inference.pool.history import NoHistory, PoolHistory, StoredHistory
            from agent_agency.inference.pool.machine_memory import budget_of
            from agent_agency.inference.pool.memory_claims import claims_of_user
            from agent_agency.inference.pool.pool import ModelPool, PoolServices
            from agent_agency.inference.pool.process_place import this_process
            from agent_agency.inference.spend.local_counts import LocalCounts

            store, services = self._store(), self._services
            history: PoolHistory = NoHistory() if store is None else StoredHistory(store)
            budget = budget_of(self._choices.pool.memory_gb)
            claims = claims_of_user(self._environment)
            drawn_on = PoolServices(history, services.clock, services.timer, this_process(), claims)
            self._pool, self._counts = ModelPool((), budget, drawn_on), LocalCounts(store, self._task, services.clock)
            looking = threading.Thread(target=self._look_after, args=(self._pool, self._counts), name="pool")
            looking.daemon = True
            looking.start()
        return self._pool, self._counts

    def _look_after(self, pool: ModelPool, counts: LocalCounts) -> None:
        while not self._ended.wait(_TICK_S):
            pool.tick()
            counts.keep()

    def _guarded(self, settings: EngineSettings, engine: Engine) -> Engine:
        """An engine of another machine, or with a price, within the caps and the reach of the switch."""
        priced = settings.price_prompt is not None and settings.price_completion is not None
        if not priced and not is_remote(settings):
            return engine
        limits = self._choices.spend
        if not priced and (limits.month is not None or limits.task is not None):
            raise no_price(settings.name, self._choices.path)
        try:
            store = open_users_store(self._environment)
        except StoreError as error:
            if priced or error.stable_code != "store.no_home":
                raise
            return engine  # nobody could have stopped it either
        return self._held(settings, engine, store)

    def _held(self, settings: EngineSettings, engine: Engine, store: Database) -> Engine:
        from agent_agency.inference.spend.book import Price, SpendBook
        from agent_agency.inference.spend.spending import Spending, SpendingLabels, Stoppable, StoppableLabels

        services = self._services
        book = SpendBook(store, self._choices.spend, self._task, services.clock, services.new_id)
        labels = isinstance(engine, LabelEngine)
        if settings.price_prompt is None or settings.price_completion is None:
            return (StoppableLabels if labels else Stoppable)(engine, book)
        price = Price(settings.price_prompt, settings.price_completion, settings.currency)
        return (SpendingLabels if labels else Spending)(engine, price, book)

    def _store(self) -> Database | None:
        """The user's store; ``None`` where there is no place for one."""
        with suppress(StoreError):
            return open_users_store(self._environment)
        return None


@dataclass(frozen=True, slots=True)
class OpenEngine:
    """One engine, how its answers are drawn, and what closes it."""

    engine: Engine
    parameters: Parameters
    close: Callable[[], None]


def open_engine(spec: str | None, environment: Mapping[str, str]) -> OpenEngine:
    """The engine that is meant, for a command that asks one; close it at the end.

    Raises:
        AgencyError: as `Engines.engine`, and where the user's file cannot be read.
    """
    engines = Engines(load_engines(environment), environment)
    return OpenEngine(engines.engine(spec), engines.parameters(spec), engines.close)


@contextmanager
def opened_engine(spec: str | None, environment: Mapping[str, str]) -> Iterator[Engine]:
    """The engine that is meant, closed at the end of the block.

    Raises:
        AgencyError: as `open_engine`.
    """
    opened = open_engine(spec, environment)
    try:
        yield opened.engine
    finally:
        opened.close()


def is_remote(settings: EngineSettings) -> bool:
    """Whether an engine is a server on another machine."""
    if settings.kind not in _REMOTE_KINDS:
        return False
    try:
        return not read_address(settings.url).loopback
    except ValueError:
        return True


def no_price(name: str, path: str) -> EngineError:
    """Caps hold only what is counted."""
    return EngineError(
        f"There are caps for remote calls, and {name} has no price",
        fix=f"Write price_per_million_prompt, price_per_million_completion and currency into its table in {path}; "
        "0 where it costs nothing.",
        code="engine.no_price",
    )
