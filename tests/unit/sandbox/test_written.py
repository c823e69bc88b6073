"""Disk use of folders that somebody writes to meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

from agent_agency.sandbox.written import WrittenBytes, deleted_files_use, disk_use

SIZE = 1 << 20


def test_growth_counts_what_came_and_not_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(b"x" * SIZE)
    written = WrittenBytes([tmp_path, tmp_path])
    assert written.growth(()) == 0
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/after").write_bytes(b"x" * SIZE)
    assert SIZE <= written.growth(()) < 2 * SIZE


def test_linked_files_count_once_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").write_bytes(b"x" * 4 * SIZE)
    (tmp_path / "inside/one").write_bytes(b"x" * SIZE)
    os.link(tmp_path / "inside/one", tmp_path / "inside/two")
    (tmp_path / "inside/link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside/loop").symlink_to(tmp_path / "inside")
    used, complete = disk_use([tmp_path / "inside"])
    assert (SIZE <= used < 2 * SIZE, complete) == (True, True)


def test_sparse_files_count_for_what_they_take(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(1 << 30)
    assert disk_use([tmp_path])[0] < SIZE


def test_deleted_files_count_while_they_are_held_open(tmp_path: Path) -> None:
    with (tmp_path / "held").open("wb", buffering=0) as stream:
        stream.write(b"x" * SIZE)
        (tmp_path / "held").unlink()
        assert deleted_files_use([os.getpid()]) >= SIZE
        assert disk_use([tmp_path])[0] < SIZE


def test_a_folder_nested_too_deep_is_told(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert disk_use([tmp_path])[1] is False
