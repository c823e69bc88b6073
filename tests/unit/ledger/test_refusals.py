"""What the machine refuses is one sentence with a next step, never a traceback, and leaves the ledger as it was."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_agency.errors import LedgerError, StoreError
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import verify_ledger
from support.ledgers import lines_of, make_ledger

FULL_DISK = """
import resource, sys
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.errors import LedgerError
from agent_agency.identity import random_id
from agent_agency.ledger.opening import open_ledger
folder, room = Path(sys.argv[1]), int(sys.argv[2])
ledger = open_ledger(folder, SystemClock(), random_id, {})
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
try:
    ledger.append("ruling", {"padding": "x" * 200_000})
except LedgerError as error:
    print(error.stable_code, error.message, sep=": ")
"""

TRY_ALL = """
from pathlib import Path
from agent_agency.clock import SystemClock
from agent_agency.errors import LedgerError
from agent_agency.identity import random_id
from agent_agency.ledger.opening import open_ledger
from agent_agency.ledger.verify import verify_ledger
import sqlalchemy.dialects.sqlite.pysqlite, agent_agency.store.schema, agent_agency.store.tables
import alembic.command
drop()
folder = Path(sys.argv[1])
def opened():
    return open_ledger(folder, SystemClock(), random_id, {}, wait_s=1)
for work in (lambda: opened().append("ruling", {}), lambda: verify_ledger(opened()), lambda: list(opened().entries())):
    try:
        print("done", len(work()))
    except LedgerError as error:
        print(error.stable_code, error.message, sep=": ")
"""


@pytest.mark.parametrize("room", [100, 5_000, 40_000, 100_000])
def test_a_disk_that_fills_up_leaves_the_ledger_as_it_was(folder: Path, room: int) -> None:
    ledger = make_ledger(folder, 1)
    before = lines_of(ledger)
    ledger.database.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder), str(room)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("store.refused: ")
    assert done.stderr == ""
    assert lines_of(ledger) == before
    assert verify_ledger(ledger)[0].verified
    assert ledger.append("ruling", {}).seq == 3


@pytest.mark.parametrize("room", [0, 3_000, 60_000])
def test_a_disk_without_room_for_the_first_entry_leaves_a_ledger_that_can_begin(folder: Path, room: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder), str(room)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("store.refused: ")
    assert make_ledger(folder).append("ruling", {}).seq == 2
    assert verify_ledger(make_ledger(folder))[0].verified


def _as_somebody_else(script: str, *args: str) -> list[str]:
    """Run a script that calls ``drop()`` once it has imported what it needs; root would be refused nothing."""
    drop = "import os, sys, rfc8785\ndef drop():\n    os.geteuid() == 0 and os.setresuid(65534, 65534, 65534)\n"
    done = subprocess.run([sys.executable, "-c", drop + script, *args], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that any user of the machine may enter and read, and nobody but its owner may write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o700)


def test_a_folder_that_may_not_be_written_is_one_error(public_folder: Path) -> None:
    said = _as_somebody_else(TRY_ALL, str(public_folder / "agency"))
    assert said == ["store.refused: Making the folder failed: Permission denied", "done 0", "done 0"]
    assert list(public_folder.iterdir()) == []


def test_a_record_that_may_only_be_read_is_read(public_folder: Path) -> None:
    public_folder.chmod(0o755)
    ledger = make_ledger(public_folder / "agency", 2)
    ledger.database.close()
    for path in (*ledger.folder.iterdir(), ledger.folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    said = _as_somebody_else(TRY_ALL, str(ledger.folder))
    assert said == ["store.refused: Writing the database failed: it may only be read", "done 1", "done 3"]
    assert {path.name for path in ledger.folder.iterdir()} == {"agency.db", "chain"}


def test_files_that_may_not_be_read_are_one_error(public_folder: Path) -> None:
    public_folder.chmod(0o755)
    ledger = make_ledger(public_folder / "agency", 2)
    ledger.database.close()
    for path in (*ledger.folder.iterdir(), ledger.folder):
        path.chmod(0o755 if path.is_dir() else 0o000)
    said = _as_somebody_else(TRY_ALL, str(ledger.folder))
    assert said == ["store.refused: Opening the file failed: Permission denied"] * 3


def test_a_folder_that_may_not_be_entered_is_one_error(public_folder: Path) -> None:
    public_folder.chmod(0o755)
    ledger = make_ledger(public_folder / "agency", 2)
    ledger.database.close()
    ledger.folder.chmod(0o700)
    said = _as_somebody_else(TRY_ALL, str(ledger.folder))
    assert said == ["store.refused: Opening the file failed: Permission denied"] * 3


def test_a_database_that_somebody_else_holds_is_waited_for_and_then_told(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 1, url)
    other = make_ledger(folder, 0, url)
    with other.database.write():
        with pytest.raises(StoreError, match="somebody else holds its lock") as caught:
            ledger.append("ruling", {})
        assert caught.value.stable_code == "store.locked"
        assert len(list(ledger.entries())) == 2  # who reads does not wait
    assert ledger.append("ruling", {}).seq == 3


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database\n" * 500)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def _spoilt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("spoil", [_garbage, _cut, _spoilt])
def test_a_damaged_database_file_is_one_error_for_whoever_uses_it(folder: Path, spoil: Callable[[Path], None]) -> None:
    ledger = make_ledger(folder, 30)
    ledger.database.close()
    spoil(folder / "agency.db")
    works: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.append("ruling", {}),
        lambda ledger: list(ledger.entries()),
        verify_ledger,
        lambda ledger: ledger.about("case:1"),
    ]
    before = (folder / "agency.db").read_bytes()
    for work in works:
        with pytest.raises(StoreError) as caught:
            work(make_ledger(folder))
        assert caught.value.stable_code == "store.corrupt"
        assert caught.value.path == str(folder / "agency.db")
    assert (folder / "agency.db").read_bytes() == before


def test_an_emptied_database_file_is_not_taken_for_a_new_one(folder: Path) -> None:
    make_ledger(folder, 3).database.close()
    for path in folder.glob("agency.db*"):
        path.write_bytes(b"")
    with pytest.raises(LedgerError, match="does not hold this repository's chain"):
        make_ledger(folder).append("ruling", {})
    assert [report.problems[0].code for report in verify_ledger(make_ledger(folder))] == ["ledger.missing"]


def test_a_file_that_no_longer_names_the_chain_lets_nothing_begin_anew(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 2, url)
    named = (folder / "chain").read_bytes()
    for damaged in (None, b"", b"{}", b'{"begun":true,"chain":"../x"}\n', b'{"begun":1,"chain":"%s"}' % (b"a" * 32)):
        (folder / "chain").unlink(missing_ok=True)
        if damaged is not None:
            (folder / "chain").write_bytes(damaged)
        with pytest.raises(LedgerError) as caught:
            ledger.append("ruling", {})
        assert caught.value.stable_code == "ledger.chain_unnamed"
        assert not verify_ledger(ledger)[0].verified
        with pytest.raises(LedgerError):
            list(ledger.entries())
    (folder / "chain").write_bytes(named)
    assert ledger.append("ruling", {}).seq == 4


def test_a_file_that_names_another_chain_lets_nothing_begin_anew(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 2, url)
    (folder / "chain").write_bytes(b'{"begun":true,"chain":"%s"}\n' % (b"a" * 32))
    with pytest.raises(LedgerError, match="does not hold this repository's chain"):
        ledger.append("ruling", {})


def test_a_database_of_a_newer_version_is_refused(folder: Path, url: str | None) -> None:
    ledger = make_ledger(folder, 2, url)
    with ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE agency_schema SET version_num = '9000'")
    for work in (lambda: make_ledger(folder, 1, url), lambda: list(make_ledger(folder, 0, url).entries())):
        with pytest.raises(StoreError, match="schema 9000") as caught:
            work()
        assert caught.value.stable_code == "store.newer"
        assert "version" in caught.value.fix


def test_a_database_of_something_else_is_refused(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "agency.db") as connection:
        connection.execute("CREATE TABLE agency_schema (version_num TEXT)")
        connection.execute("INSERT INTO agency_schema VALUES ('ae1027a6acf')")
    connection.close()
    with pytest.raises(StoreError, match="does not say which schema"):
        make_ledger(folder, 1)


def _a_folder(path: Path) -> None:
    path.mkdir()


def _a_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(b"precious")
    path.symlink_to(target)


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_a_folder, _a_link, _a_pipe])
@pytest.mark.parametrize("name", ["agency.db", "agency.db-wal", "agency.db-shm", "agency.db-journal", "chain"])
def test_a_folder_link_or_pipe_in_place_of_a_file_is_refused(
    folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    folder.mkdir()
    make(folder / name)
    with pytest.raises(LedgerError) as caught:
        make_ledger(folder).append("ruling", {})
    assert caught.value.path is not None
    assert caught.value.path.endswith(name)
    assert not (folder / "elsewhere").exists() or (folder / "elsewhere").read_bytes() == b"precious"


def test_a_file_in_place_of_the_folder_is_refused(folder: Path) -> None:
    folder.write_bytes(b"precious")
    with pytest.raises(LedgerError, match="folder"):
        make_ledger(folder).append("ruling", {})
    assert folder.read_bytes() == b"precious"


def test_a_missing_parent_folder_is_refused(folder: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        make_ledger(folder / "deep").append("ruling", {})


def test_a_server_that_is_not_there_is_one_error_without_the_password(folder: Path) -> None:
    ledger = make_ledger(folder, 0, "postgresql+psycopg://me:hunter2@127.0.0.1:1/nowhere")
    for work in (lambda: ledger.append("ruling", {}), lambda: list(ledger.entries())):
        with pytest.raises(StoreError) as caught:
            work()
        told = f"{caught.value} {caught.value.fix} {caught.value.path}"
        assert caught.value.stable_code == "store.unreachable"
        assert "hunter2" not in told
        assert "127.0.0.1:1/nowhere" in told
