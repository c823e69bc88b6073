"""What a killed process leaves behind goes with the next one, and nothing that somebody uses or made himself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agent_agency.inference.local.private_folder import MEMORY_FOLDER, PrivateFolder, remove_left
from support.local_engines import ask, eventually, refused, scripted

_LEAVE = (
    "import os, sys; from pathlib import Path\n"
    "from agent_agency.inference.local.private_folder import PrivateFolder\n"
    "folder = PrivateFolder((Path(sys.argv[1]),))\n"
    "(folder.path / 'weights').write_bytes(bytes(1000))\n"
    "print(folder.path, (folder.path / 'weights').exists(), flush=True); os._exit(9)\n"
)


def _left_in(parent: Path) -> Path:
    """A folder whose maker was killed; in a place that others use too anybody may have removed it by now."""
    ran = subprocess.run([sys.executable, "-c", _LEAVE, str(parent)], capture_output=True, text=True, check=False)
    name, there = ran.stdout.split()
    assert there == "True"
    return Path(name)


def test_only_marked_folders_that_nobody_has_locked_are_removed(tmp_path: Path) -> None:
    left, living = _left_in(tmp_path), PrivateFolder((tmp_path,))
    assert not left.exists()
    mine = tmp_path / "agency-llama-notes"
    mine.mkdir()
    (tmp_path / "agency-llama-link").symlink_to(living.path)
    (tmp_path / "agency-llama-file").touch()
    left = _left_in(tmp_path)
    remove_left(tmp_path)
    assert not left.exists()
    assert mine.exists()
    assert living.path.exists()
    living.remove()
    living.remove()
    assert not living.path.exists()
    remove_left(tmp_path / "absent")


@pytest.mark.skipif(not os.access(MEMORY_FOLDER, os.W_OK), reason="NOT RUN: no folder in memory on this machine")
def test_a_killed_models_files_are_removed_when_it_ends_from_the_disk_and_from_memory() -> None:
    with scripted() as engine:
        engine.warm()
        number = engine.process_id
        assert number is not None
        environment = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
        own = Path(next(one for one in environment if one.startswith(b"TMPDIR=")).removeprefix(b"TMPDIR=").decode())
        assert (own / "left").exists()
        in_memory = _left_in(MEMORY_FOLDER)
        os.kill(number, signal.SIGKILL)
        eventually(lambda: engine.state == "cold")
        assert not own.exists()
        assert not in_memory.exists()


def test_without_a_folder_for_temporary_files_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with scripted() as engine:
        error = refused(lambda: engine.generate(ask("say on")))
    assert error.stable_code == "engine.process_died"
    assert str(tmp_path / "absent") in error.message
    assert "TMPDIR" in error.fix
