from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from agent_agency.errors import FileUnreadableError
from agent_agency.workflows.read_file import read_at_most


def refusal(path: Path) -> FileUnreadableError:
    with pytest.raises(FileUnreadableError) as caught:
        read_at_most(path, 100, "shown")
    assert caught.value.path == "shown"
    assert not caught.value.message.endswith(".")
    return caught.value


def test_never_more_than_one_byte_too_many_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x" * 1000)
    assert len(read_at_most(file, 100, "f")) == 101
    file.write_bytes(b"x")
    assert read_at_most(file, 100, "f") == b"x"


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refusal(tmp_path / "pipe").message


def test_devices_folders_and_sockets_are_refused(tmp_path: Path) -> None:
    assert "no regular file" in refusal(Path("/dev/zero")).message
    assert "folder" in refusal(tmp_path).message
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s"))
        refusal(tmp_path / "s")


def test_what_is_not_there_or_leads_in_a_circle_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "file").write_text("")
    assert "no such file" in refusal(tmp_path / "none").message
    assert "circle" in refusal(tmp_path / "a").message
    assert "not a folder" in refusal(tmp_path / "file" / "x").message
    assert "too long" in refusal(tmp_path / ("x" * 300)).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("")
    file.chmod(0)
    assert "may not be read" in refusal(file).message
