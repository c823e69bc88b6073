"""A folder of the repository on ``PATH`` is left out where the change could have filled it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_agency.gates.own_programs import without_own_programs

TRACKED = ["tool", "bin/run", "node_modules/.bin/eslint", "src/deep/er/module.py", ".hidden/tool"]


def _left(tree: Path, *entries: str) -> list[str]:
    told = without_own_programs({"PATH": os.pathsep.join(entries), "A": "b"}, tree, TRACKED)
    assert told["A"] == "b"
    return [entry for entry in told["PATH"].split(os.pathsep) if entry]


@pytest.mark.parametrize("folder", ["", "bin", "node_modules/.bin", "src/../bin", ".hidden"])
def test_a_folder_that_holds_tracked_files_is_left_out(tmp_path: Path, folder: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "src").mkdir()
    assert _left(tmp_path, f"{tmp_path}/{folder}", "/usr/bin") == ["/usr/bin"]


@pytest.mark.parametrize("folder", [".venv/bin", "src", "other", "bins"])
def test_a_folder_that_nobody_committed_files_to_stays(tmp_path: Path, folder: str) -> None:
    assert _left(tmp_path, f"{tmp_path}/{folder}", "/usr/bin") == [f"{tmp_path}/{folder}", "/usr/bin"]


def test_a_link_to_such_a_folder_is_left_out(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tree / "bin")
    assert _left(tree, f"{tmp_path}/link") == []


def test_without_a_working_tree_nothing_changes() -> None:
    assert without_own_programs({"PATH": "/bin"}, None, TRACKED) == {"PATH": "/bin"}
    assert without_own_programs({}, Path("/"), TRACKED) == {}
