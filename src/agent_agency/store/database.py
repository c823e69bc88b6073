"""One database, opened when it is first needed, made and migrated when it is first written to."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent_agency.errors import StoreError
from agent_agency.store.address import Address, read_address
from agent_agency.store.refusals import told_of_database

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

WAIT_S = 30.0


class Database:
    """A store that any number of processes share: many readers, one writer at a time.

    Args:
        address: which database.
        wait_s: how long a writer waits for another, in seconds.
    """

    def __init__(self, address: Address, wait_s: float) -> None:
        self.address = address
        self._wait_s = wait_s
        self._engine: Engine | None = None
        self._ready = False
        self._opening = threading.RLock()

    @classmethod
    def open(cls, url: str, *, wait_s: float = WAIT_S) -> Database:
        """Name the database; nothing is connected to or made before it is read or written.

        Raises:
            StoreError: the URL names no database that this version can use.
        """
        return cls(read_address(url), wait_s)

    @property
    def shown(self) -> str:
        """The file, or the server and database, as people are told; never with a password."""
        return self.address.shown

    def exists(self) -> bool:
        """Whether anything was written to it yet.

        Raises:
            StoreError: it cannot be reached or read, or a newer version has changed it.
        """
        path = self.address.path
        if self._ready or (path is not None and not os.path.lexists(path)):
            return self._ready
        with told_of_database(self.address, "Opening the database"):
            return self._prepare(make=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one unchanging state of the database.

        Raises:
            StoreError: nothing was written to it yet (``store.missing``; see `exists`), or it cannot be read.
        """
        with told_of_database(self.address, "Reading the database"):
            if not self.exists():
                fix = "Run agency review first; each review is recorded."
                raise StoreError("Nothing is recorded yet", fix=fix, path=self.shown, code="store.missing")
            with self._transaction("BEGIN", {"isolation_level": "REPEATABLE READ"}) as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that alone may write; what it did is on the disk when the block ends, or undone if it raises.

        Raises:
            StoreError: another writer was not done in time, or the database refused; nothing was written.
        """
        with told_of_database(self.address, "Writing the database"):
            if not self._ready:
                self._prepare(make=True)
            with self._transaction("BEGIN IMMEDIATE", {}) as connection:
                self._lock(connection)
                yield connection

    def close(self) -> None:
        """Give the connections back; the next use opens new ones."""
        if self._engine is not None:
            self._engine.dispose()

    def _prepare(self, *, make: bool) -> bool:
        """Bring the schema to the newest revision; answer whether there is one now."""
        from agent_agency.store import schema

        with self._opening:
            if make and self.address.path is not None:
                from agent_agency.store.sqlite_file import make_file

                make_file(self.address.path)
            with self._transaction("BEGIN", {}) as connection:
                revision = schema.revision_of(connection)
            schema.refuse_newer(revision)
            if revision is None and not make:
                return False
            if revision != schema.HEAD:
                self._migrate()
            self._ready = True
        return True

    def _migrate(self) -> None:
        from agent_agency.store import schema

        with self._transaction("BEGIN IMMEDIATE", {}) as connection:
            self._lock(connection)
            revision = schema.revision_of(connection)  # another process may have been quicker
            schema.refuse_newer(revision)
            if revision is None:
                schema.make(connection)
            elif revision != schema.HEAD:
                schema.upgrade(connection)

    @contextmanager
    def _transaction(self, begin: str, options: dict[str, str]) -> Iterator[Connection]:
        with self._connected().connect() as connection:
            if self.address.path is None:
                connection.execution_options(**options)
            else:
                connection.execution_options(begin=begin)
            with connection.begin():
                yield connection

    def _lock(self, connection: Connection) -> None:
        if self.address.path is None:
            from agent_agency.store.postgres import LOCK

            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")

    def _connected(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = _engine(self.address, self._wait_s)
                weakref.finalize(self, self._engine.dispose)
            return self._engine


def _engine(address: Address, wait_s: float) -> Engine:
    if address.path is not None:
        from agent_agency.store import sqlite_file

        return sqlite_file.make_engine(address.path, wait_s)
    from agent_agency.store import postgres

    return postgres.make_engine(address.url, wait_s)
