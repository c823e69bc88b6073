"""Folders that a killed process left are taken away, and none that somebody still uses."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agent_agency.gates.removal import remove_tree
from agent_agency.owned_folders import OwnedFolder, remove_left_folders

MAKE = """
import sys
from agent_agency.owned_folders import OwnedFolder
print(OwnedFolder("agency-test-").path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def _sweep() -> None:
    remove_left_folders(("agency-test-",), remove_tree)


def test_a_folder_is_left_alone_while_its_maker_lives_and_taken_away_once_it_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", MAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        folder = Path(maker.stdout.readline().decode().strip())
        (folder / "file").touch()
        _sweep()
        assert (folder / "file").exists()
        maker.kill()
    _sweep()
    assert not folder.exists()


def test_a_folder_of_this_process_is_left_alone_until_it_is_closed(place: Path) -> None:
    owned = OwnedFolder("agency-test-")
    _sweep()
    assert list(place.iterdir()) == [owned.path]
    owned.close()
    owned.close()
    _sweep()
    assert list(place.iterdir()) == []


def test_what_was_not_made_so_is_left_alone(place: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".agency-owner").touch()
    (place / "agency-test-link").symlink_to(elsewhere)
    (place / "agency-test-file").touch()
    (place / "agency-test-unmarked").mkdir()
    (place / "agency-test-linked-mark").mkdir()
    (place / "agency-test-linked-mark/.agency-owner").symlink_to(elsewhere / ".agency-owner")
    (place / "other").mkdir()
    (place / "other/.agency-owner").touch()
    before = sorted(place.rglob("*"))
    _sweep()
    assert sorted(place.rglob("*")) == before
    assert (elsewhere / ".agency-owner").exists()


def test_a_missing_temporary_folder_is_no_failure(place: Path) -> None:
    place.rmdir()
    remove_left_folders(("agency-test-",), remove_tree)
