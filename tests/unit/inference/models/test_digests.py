from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from agent_agency.errors import FileUnreadableError
from agent_agency.inference.models.digests import Digests


class _Reads:
    """Counts how often a file was read."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, done: int, whole: int) -> None:
        self.count += done == whole


def _later() -> int:
    return time.time_ns() + 10_000_000_000


def test_a_digest_is_worked_out_once_and_again_when_the_file_changes(tmp_path: Path) -> None:
    path, reads = tmp_path / "m", _Reads()
    path.write_bytes(b"one")
    for _ in range(2):
        digests = Digests(tmp_path / "cache" / "d.json", _later)
        assert digests.of(path, reads) == f"sha256:{hashlib.sha256(b'one').hexdigest()}"
    assert reads.count == 1
    stamp = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert digests.of(path, reads) == f"sha256:{hashlib.sha256(b'two').hexdigest()}"
    assert reads.count == 2


def test_a_file_that_was_written_just_now_is_not_remembered(tmp_path: Path) -> None:
    path, reads = tmp_path / "m", _Reads()
    path.write_bytes(b"one")
    digests = Digests(tmp_path / "d.json", lambda: path.stat().st_mtime_ns + 1)
    digests.of(path, reads)
    digests.of(path, reads)
    assert reads.count == 2


@pytest.mark.parametrize("kept", ["", "[]", '{"schema_version": 1, "digests": 3}', '{"schema_version": 9}', "\x00"])
def test_a_memory_that_cannot_be_read_costs_time_alone(kept: str, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(kept)
    (tmp_path / "m").write_bytes(b"x")
    assert Digests(tmp_path / "d.json", _later).of(tmp_path / "m").startswith("sha256:2d7116")
    assert Digests(Path("/proc/nowhere/d.json"), _later).of(tmp_path / "m").startswith("sha256:2d7116")


def test_a_folders_digest_is_that_of_its_files_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    (folder / "b").write_bytes(b"2")
    first = Digests(None).of(folder)
    (folder / "b").rename(folder / "c")
    assert Digests(None).of(folder) != first
    with pytest.raises(FileUnreadableError):
        Digests(None).of(tmp_path / "none")


def test_the_users_cache_is_where_digests_are_remembered(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    Digests.of_user({"XDG_CACHE_HOME": str(tmp_path / "c")}, _later).of(tmp_path / "m")
    assert (tmp_path / "c" / "agency" / "model-digests.json").exists()
    Digests.of_user({}, _later).of(tmp_path / "m")
