from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent_agency.store import spending
from agent_agency.store.database import Database
from agent_agency.store.spending import Switched

AT = "2026-01-31T08:00:00.000Z"
_ANOTHER = (
    "import sys\n"
    "from agent_agency.store import spending\n"
    "from agent_agency.store.database import Database\n"
    "from agent_agency.store.spending import Switched\n"
    "with Database.open(sys.argv[1]).write() as connection:\n"
    f"    spending.switch(connection, Switched('stop', '{AT}', 'another process', ''))\n"
    "with Database.open(sys.argv[1]).read() as connection:\n"
    "    print(spending.switched(connection).who)\n"
)


def _another(url: str) -> None:
    """Another process writes, and ends as the last one that it knows of."""
    subprocess.run([sys.executable, "-c", _ANOTHER, url], check=True, capture_output=True, timeout=60)


def _last(database: Database) -> str:
    with database.read() as connection:
        found = spending.switched(connection)
    assert found is not None
    return found.who


def test_what_two_processes_write_in_turn_is_seen_by_both_however_many_connections_one_has(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/agency/store.db"
    first = Database.open(url)
    with first.write() as connection:
        spending.switch(connection, Switched("stop", AT, "first", ""))
    with first.read(), first.read():  # a second connection of this process, and then another object for the same file
        assert _last(Database.open(url)) == "first"
    _another(url)
    assert _last(first) == "another process"
    with first.write() as connection:
        spending.switch(connection, Switched("resume", AT, "first again", ""))
    assert _last(Database.open(url)) == "first again"
    _another(url)
    assert _last(first) == "another process"
    assert (tmp_path / "agency" / "store.db-wal").exists()
