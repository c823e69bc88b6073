"""The scene of an attack: a repository under law, with a branch to be reviewed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adversary.harness import Scene
from support.law import lawful_repo


@pytest.fixture
def make_scene(tmp_path: Path) -> Callable[[str], Scene]:
    """Make a scene of its own for each run of an attack."""

    def make(name: str) -> Scene:
        folder = tmp_path / name
        folder.mkdir()
        return Scene(folder, lawful_repo(folder / "repo"))

    return make
