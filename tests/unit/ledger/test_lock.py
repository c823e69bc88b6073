import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_agency.errors import LedgerError
from agent_agency.ledger import lock

HOLDER = """
import sys, time
from pathlib import Path
from agent_agency.ledger import lock
with lock.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=20)


def test_a_lock_that_stays_taken_is_one_error_that_names_the_wait_and_the_holder(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    reason = rf"Waited 0\.1 seconds .* held by process {holder.pid}$"
    with pytest.raises(LedgerError, match=reason) as caught, lock.exclusive(tmp_path, 0.1):
        pass
    assert caught.value.stable_code == "ledger.locked"
    _end(holder)


def test_a_killed_holder_leaves_no_stale_lock(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    holder.kill()
    _end(holder)
    with lock.exclusive(tmp_path, 0.1):
        assert (tmp_path / lock.LOCK_NAME).read_text() == f"{os.getpid()}\n"


def test_readers_do_not_exclude_each_other_but_an_appender_waits_for_them(tmp_path: Path) -> None:
    with lock.exclusive(tmp_path):
        pass
    with lock.shared(tmp_path), lock.shared(tmp_path), pytest.raises(LedgerError), lock.exclusive(tmp_path, 0.05):
        pass


def test_a_reader_makes_no_lock_file(tmp_path: Path) -> None:
    with lock.shared(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_was_removed_meanwhile_does_not_count_as_held(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    script = (
        "import sys; from pathlib import Path; from agent_agency.ledger import lock\n"
        "print('waiting', flush=True)\n"
        "with lock.exclusive(Path(sys.argv[1]), 20):\n"
        "    print((Path(sys.argv[1]) / lock.LOCK_NAME).exists(), flush=True)\n"
    )
    waiting = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert waiting.stdout is not None
    waiting.stdout.readline()
    time.sleep(0.2)
    (tmp_path / lock.LOCK_NAME).unlink()
    _end(holder)
    assert waiting.communicate(timeout=20)[0] == "True\n"
