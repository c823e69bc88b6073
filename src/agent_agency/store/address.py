"""Where a repository's record is kept: a SQLite file beside it, or another database by URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from agent_agency.errors import StoreError

URL_VARIABLE = "AGENCY_STORE_URL"
DATABASE_NAME = "agency.db"

_POSTGRES = ("postgresql+psycopg", "postgresql", "postgres")
_FIX = f"Set {URL_VARIABLE} to sqlite:////absolute/path.db or to postgresql+psycopg://user@host/database, or unset it."


@dataclass(frozen=True, slots=True)
class Address:
    """One database: a SQLite ``path``, or a Postgres ``url``; ``shown`` is either without a password."""

    path: Path | None
    url: str
    shown: str


def store_url(folder: Path, environment: Mapping[str, str]) -> str:
    """The URL of the database that a repository's record is kept in.

    Args:
        folder: ``<git common dir>/agency``, where the default database lies.
        environment: the process's variables; ``AGENCY_STORE_URL`` names another database.
    """
    return environment.get(URL_VARIABLE) or f"sqlite:///{quote(str(folder.absolute() / DATABASE_NAME))}"


def read_address(url: str) -> Address:
    """Read a store's URL.

    Raises:
        StoreError: it names no database that this version can use.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise _unusable("it is no URL")
    if scheme == "sqlite":
        return _sqlite(rest)
    if scheme in _POSTGRES:
        return _postgres(rest)
    raise _unusable(f"a database of the kind {scheme!r} is not supported")


def _sqlite(rest: str) -> Address:
    if "?" in rest or "#" in rest:
        raise _unusable("a SQLite file takes no options")
    if not rest.startswith("/") or rest in {"/", "/:memory:"}:
        raise _unusable("it names no SQLite file")
    path = Path(unquote(rest[1:])).absolute()
    if "\0" in str(path):
        raise _unusable("it names no SQLite file")
    return Address(path, f"sqlite:///{quote(str(path))}", str(path))


def _postgres(rest: str) -> Address:
    url = f"postgresql+psycopg://{rest}"
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError as error:
        raise _unusable(str(error)) from error
    if not parts.path.strip("/"):
        raise _unusable("it names no database on the server")
    return Address(None, url, urlunsplit(("postgresql", host, parts.path, "", "")))


def _unusable(why: str) -> StoreError:
    return StoreError(f"The store's URL cannot be used: {why}", fix=_FIX, code="store.url")
