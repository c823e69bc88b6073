"""Running plain statements alike on SQLite and Postgres: named parameters, many rows, parts of long lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection

Item = TypeVar("Item")

BATCH = 500
"""So many names or rows go into one statement; SQLite takes 32,766 parameters at most."""

_PARAMETER = re.compile(r":([a-z][a-z0-9_]*)")


def run(connection: Connection, query: str, **names: Any) -> Any:
    """Run one statement whose parameters are written ``:name``, and answer its rows."""
    return connection.exec_driver_sql(spelt(connection, query), names)


def run_many(connection: Connection, query: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run one statement for each of the rows; none is fine."""
    if rows:
        connection.exec_driver_sql(spelt(connection, query), [dict(row) for row in rows])


def spelt(connection: Connection, query: str) -> str:
    """The statement with its parameters as the driver spells them; SQLite's takes them as they are."""
    return query if connection.dialect.name == "sqlite" else _PARAMETER.sub(r"%(\1)s", query)


def next_number(connection: Connection, table: str) -> int:
    """The number of the next row of a table; only a writer may ask, as nobody else writes meanwhile."""
    query = f"SELECT coalesce(max(number), 0) + 1 FROM {table}"  # noqa: S608 - the name of one of our tables
    return int(run(connection, query).scalar_one())


def listed(name: str, items: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """The parameters ``:name0, :name1, …`` for an ``IN`` list, and their values."""
    return ", ".join(f":{name}{at}" for at in range(len(items))), {f"{name}{at}": one for at, one in enumerate(items)}


def parts(items: Sequence[Item], size: int = BATCH) -> Iterator[Sequence[Item]]:
    """The items in their order, ``size`` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
