"""A Postgres for the tests: one that a URL names, or one of Debian's, started for this run and ended with it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

URL_VARIABLE = "AGENCY_TEST_POSTGRES"
GIVEN = os.environ.get(URL_VARIABLE)  # read before any test's clean environment
_UNPRIVILEGED = 65534
_WHY = (
    f"NO POSTGRES: set {URL_VARIABLE} to the URL of a server whose user may create databases, "
    "or install the package postgresql; the store on Postgres stays untested"
)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    whole = [path for path in found if (path / "initdb").exists() and (path / "postgres").exists()]
    return whole[-1] if whole else None


def _user() -> int | None:
    """Postgres refuses to run as root."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _roomy() -> str:
    """Where some hundred databases are made and removed quickly; a socket's path must be short."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4 * 1024**3 else "/tmp"  # noqa: S108 - likewise


def _started(programs: Path, folder: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    data = folder / "data"
    if os.geteuid() == 0:
        os.chown(folder, _UNPRIVILEGED, _UNPRIVILEGED)
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "agency", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        env=environment,
        cwd=folder,
        user=_user(),
        group=_user(),
    )
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "on" if durable else "off",
        "max_connections": "200",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [programs / "postgres", "-D", data, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        user=_user(),
        group=_user(),
    )


def _wait(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("the test's Postgres ended as soon as it was started")
        if subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode == 0:
            return
        subprocess.run(["sleep", "0.05"], check=True)
    raise RuntimeError("the test's Postgres does not answer")


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[str | None]:
    """The URL of a server with ``{name}`` in the place of the database, or ``None`` where there is none.

    ``durable`` makes it force its commits to the disk, which tests of anything else than a power cut need not.
    """
    if GIVEN:
        yield f"{GIVEN.rpartition('/')[0]}/{{name}}"
        return
    programs = _programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="agency-postgres-", dir="/tmp" if durable else _roomy()))  # noqa: S108 - likewise
    server = _started(programs, folder, durable=durable)
    try:
        _wait(programs, folder, server)
        yield f"postgresql+psycopg://agency@/{{name}}?host={folder}"
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str, name: str) -> str:
    """Make an empty database and answer its URL."""
    import psycopg

    base = GIVEN or server.format(name="postgres")
    with psycopg.connect(base.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.format(name=name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server with ``{name}`` in the place of the database."""
    with running_postgres() as server:
        if server is None:
            warnings.warn(pytest.PytestWarning(_WHY), stacklevel=1)
            pytest.skip(_WHY)
        yield server


@pytest.fixture(scope="session")
def new_postgres(postgres_server: str) -> Callable[[], str]:
    """Makes an empty database at each call and answers its URL."""
    numbers = itertools.count(1)
    return lambda: new_database(postgres_server, f"agency_test_{os.getpid()}_{next(numbers)}")


@pytest.fixture
def postgres_url(new_postgres: Callable[[], str]) -> str:
    """The URL of an empty database of this test's own."""
    return new_postgres()
