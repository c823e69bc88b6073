"""The database that judges learn from: a repository's own store, or the user's where there is no repository.

What is kept for judges belongs to the database as a whole, unlike the ledger's chains, which are told apart by
repository: prompts, labels and experiments are about models, and whoever points several repositories at one Postgres
does so to share them. It also keeps the count of uses of a sealed test honest, which a fresh clone must not reset.
Whoever wants them apart names another database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import NotARepositoryError, StoreError
from agent_agency.store.address import URL_VARIABLE, store_url
from agent_agency.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER = "agency"
DATA_VARIABLE = "XDG_DATA_HOME"


def open_learning_store(folder: Path, environment: Mapping[str, str]) -> Database:
    """Name the database for a command that runs in a folder; nothing is connected to before it is used.

    Args:
        folder: where the command runs; it need not lie in a repository.
        environment: the process's variables: ``AGENCY_STORE_URL`` names another database, ``XDG_DATA_HOME`` another
            place for the user's own (XDG Base Directory Specification 0.8; a relative path there counts for nothing).

    Raises:
        StoreError: ``AGENCY_STORE_URL`` names no database that this version can use, or there is no repository and
            nobody's home either.
    """
    if environment.get(URL_VARIABLE):
        return Database.open(store_url(folder, environment))
    return Database.open(store_url(_folder_of(folder, environment), environment))


def open_users_store(environment: Mapping[str, str]) -> Database:
    """Name the database of this user, whatever folder a command runs in: what was spent, and the pool of models.

    Caps are a person's, and would be as many as there are repositories if each kept its own count.

    Raises:
        StoreError: as `open_learning_store`; there is nobody's home (``store.no_home``).
    """
    if environment.get(URL_VARIABLE):
        return Database.open(environment[URL_VARIABLE])
    return Database.open(store_url(_users_data(environment) / FOLDER, environment))


@contextmanager
def reading(database: Database) -> Iterator[Connection | None]:
    """A reader's connection, or ``None`` where nothing was ever written.

    Raises:
        StoreError: it cannot be reached or read.
    """
    if not database.exists():
        yield None
        return
    with database.read() as connection:
        yield connection


def users_folder(environment: Mapping[str, str]) -> Path:
    """This user's own folder for what is learned and belongs to no repository; it need not be there.

    Raises:
        StoreError: nobody's home is known.
    """
    return _users_data(environment) / FOLDER


def _folder_of(folder: Path, environment: Mapping[str, str]) -> Path:
    from agent_agency.git import Repository

    try:
        with Repository.discover(folder) as repository:
            return repository.common_dir / FOLDER
    except NotARepositoryError:
        return users_folder(environment)


def _users_data(environment: Mapping[str, str]) -> Path:
    """The user's folder for data, made as the specification asks (mode 0700) where it is missing."""
    named, home = Path(environment.get(DATA_VARIABLE, "")), environment.get("HOME", "")
    if not named.is_absolute() and not Path(home).is_absolute():
        raise StoreError(
            "There is no repository here, and no home folder to keep what is learned in",
            fix=f"Set HOME, or {URL_VARIABLE} to sqlite:////absolute/path.db.",
            code="store.no_home",
        )
    data = named if named.is_absolute() else Path(home) / ".local" / "share"
    with suppress(OSError):  # whoever writes is told; whoever reads finds nothing there
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return data
