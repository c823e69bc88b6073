from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent_agency.errors import StoreError
from agent_agency.store import schema
from agent_agency.store.database import Database
from agent_agency.store.schema import HEAD, VERSION_TABLE
from agent_agency.store.tables import metadata
from tools.sqlite_schema import statements


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


def _revision(database: Database) -> str:
    with database.read() as connection:
        return str(connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one())  # noqa: S608 - a constant


def test_nothing_is_made_before_the_first_write(url: str) -> None:
    database = Database.open(url)
    assert not database.exists()
    with pytest.raises(StoreError) as caught, database.read():
        pass
    assert caught.value.stable_code == "store.missing"
    assert not database.exists()
    with database.write():
        pass
    assert database.exists()
    assert Database.open(url).exists()
    assert _revision(database) == HEAD


def test_what_was_written_is_there_unless_the_block_raised(url: str) -> None:
    database = Database.open(url)
    insert = "INSERT INTO agency_ledgers VALUES ('{}', 'here')"
    with database.write() as connection:
        connection.exec_driver_sql(insert.format("kept"))
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012 - the statement that fails comes last
        connection.exec_driver_sql(insert.format("lost"))
        raise ZeroDivisionError
    with pytest.raises(StoreError), database.write() as connection:  # noqa: PT012 - the statement that fails comes last
        connection.exec_driver_sql(insert.format("lost"))
        connection.exec_driver_sql("SELECT no_such_column FROM agency_ledgers")
    with Database.open(url).read() as connection:
        assert connection.exec_driver_sql("SELECT ledger FROM agency_ledgers").scalars().all() == ["kept"]


def test_a_reader_sees_one_state_while_a_writer_goes_on(url: str) -> None:
    database, other = Database.open(url), Database.open(url)
    with database.write():
        pass
    count = "SELECT count(*) FROM agency_ledgers"
    with database.read() as reading:
        assert reading.exec_driver_sql(count).scalar_one() == 0
        with other.write() as writing:
            writing.exec_driver_sql("INSERT INTO agency_ledgers VALUES ('a', 'here')")
        assert reading.exec_driver_sql(count).scalar_one() == 0
    with database.read() as reading:
        assert reading.exec_driver_sql(count).scalar_one() == 1


def test_one_writer_at_a_time(url: str) -> None:
    database = Database.open(url)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(5):
            with Database.open(url).write():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    with database.write():
        pass
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20


def test_the_migrations_make_the_tables_that_the_program_uses(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from agent_agency.store import precedent_index

    assert precedent_index
    database = Database.open(url)
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        ours = [change for change in compare_metadata(context, metadata) if _is_ours(change)]
    assert ours == []


def _is_ours(change: object) -> bool:
    """Whether a difference is about the ledger's tables; search keeps tables that no metadata describes."""
    told = str(change)
    return any(name in told for name in ("agency_entries", "agency_chains", "agency_ledgers", "agency_signed_heads"))


def test_the_newest_migration_is_the_one_that_is_expected() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "agent_agency.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_new_sqlite_file_is_made_by_what_the_migrations_execute() -> None:
    assert schema.statements_path().read_text("utf-8") == statements(), "run python -m tools.sqlite_schema"


def test_a_new_sqlite_file_has_the_schema_of_one_that_was_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(name: str) -> set[tuple[str, ...]]:
        with Database.open(f"sqlite:///{tmp_path}/{name}.db").write() as connection:
            rows = connection.exec_driver_sql("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
            return {tuple(" ".join(value.split()) for value in row) for row in rows}

    with monkeypatch.context() as older:
        older.setattr(schema, "HEAD", "0001")
        made("migrated")
    assert made("migrated") == made("new")


def test_an_older_database_is_brought_up_and_keeps_what_it_holds(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(schema, "HEAD", "0001")
        database = Database.open(url)
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO agency_ledgers VALUES ('kept', 'here')")
        assert _revision(database) == "0001"
    again = Database.open(url)
    with again.read() as connection:
        assert connection.exec_driver_sql("SELECT ledger FROM agency_ledgers").scalars().all() == ["kept"]
    assert _revision(again) == HEAD


def test_a_sqlite_file_is_durable_and_checked_at_every_connection(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/store.db")
    with database.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}


def test_a_postgres_commit_waits_for_the_disk_whatever_the_server_usually_does(postgres_url: str) -> None:
    with Database.open(postgres_url).write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_a_connection_that_breaks_is_one_error_and_the_next_use_connects_anew(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    with pytest.raises(StoreError) as caught, database.write() as connection:  # noqa: PT012 - the statement that fails comes last
        ended = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with Database.open(postgres_url).read() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({ended})")
        connection.exec_driver_sql("SELECT 1")
    assert caught.value.stable_code.startswith("store.")
    with database.write() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_a_database_that_another_program_holds_for_long_is_told(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/store.db", wait_s=0.2)
    with database.write():
        pass
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="somebody else holds its lock") as caught, database.write():
        pass
    other.close()
    assert caught.value.stable_code == "store.locked"


@pytest.mark.parametrize("name", ["what?", "50%", "a#b", "ü x", "%41"])
def test_a_folder_of_any_name_holds_the_default_database(tmp_path: Path, name: str) -> None:
    from agent_agency.store.address import store_url

    folder = tmp_path / name
    with Database.open(store_url(folder, {})).write():
        pass
    assert (folder / "agency.db").exists()


def test_alembic_is_imported_only_where_an_older_schema_is_brought_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import sys\n"
        "from agent_agency.store.database import Database\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "with Database.open(sys.argv[1]).write():\n"
        "    print('alembic' in sys.modules)\n"
    )

    def run(name: str) -> str:
        command = [sys.executable, "-c", script, f"sqlite:///{tmp_path}/{name}.db"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with monkeypatch.context() as older:
        older.setattr(schema, "HEAD", "0001")
        with Database.open(f"sqlite:///{tmp_path}/older.db").write():
            pass
    assert [run("new"), run("new"), run("older"), run("older")] == ["False\n", "False\n", "True\n", "False\n"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:secret@host:5432/db?sslmode=require", "postgresql://host:5432/db"),
        ("postgres://me@host/db", "postgresql://host/db"),
        ("sqlite:////tmp/a%20b.db", "/tmp/a b.db"),  # noqa: S108 - only a name
    ],
)
def test_a_database_is_shown_without_who_and_how(url: str, shown: str) -> None:
    assert Database.open(url).shown == shown


@pytest.mark.parametrize(
    "url", ["", "x", "mysql://a/b", "sqlite://", "sqlite:///", "postgresql://h", "postgresql://[/db"]
)
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database.open(url)
    assert caught.value.stable_code == "store.url"


def test_the_options_of_a_postgres_url_stay_in_force(postgres_url: str) -> None:
    database = Database.open(f"{postgres_url}&options=-c%20work_mem%3D5MB")
    with database.write() as connection:
        assert connection.exec_driver_sql("SHOW work_mem").scalar_one() == "5MB"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "30s"
