"""A Postgres database as a store; several repositories may share one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent_agency.errors import StoreError

if TYPE_CHECKING:
    from psycopg import Connection
    from sqlalchemy import Engine

LOCK = 0x6167656E6379
"""The advisory lock that each writer holds for its transaction: ``agency`` in ASCII."""

_CONNECT_S = 10


def make_engine(url: str, wait_s: float) -> Engine:
    """Connections to the server; a statement waits ``wait_s`` seconds for a lock, a commit until it is on the disk.

    Raises:
        StoreError: the driver is not installed, or the URL cannot be used.
    """
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError

    wait_ms = max(1, round(wait_s * 1000))

    def settle(connection: Connection[Any], _: object) -> None:
        connection.execute(b"SET lock_timeout = %d" % wait_ms)
        connection.execute(b"SET synchronous_commit = on")
        connection.execute(b"SET client_encoding = 'UTF8'")
        connection.commit()

    try:
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": _CONNECT_S})
    except ImportError as error:
        fix = "Install it: pip install 'agent-agency[postgres]'."
        raise StoreError("The driver for Postgres is not installed", fix=fix, code="store.no_driver") from error
    except (ArgumentError, ValueError) as error:
        fix = "Write it as postgresql+psycopg://user:password@host:port/database."
        raise StoreError("The store's URL cannot be read", fix=fix, code="store.url") from error
    event.listen(engine, "connect", settle)
    return engine
