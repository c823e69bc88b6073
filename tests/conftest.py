"""Fixtures for every test: a clean environment, real repositories, the conformance data."""

from __future__ import annotations

import gc
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.git_repo import GitRepo

_AT_ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _AT_ANY_PACE, max_examples=25, derandomize=True)
settings.register_profile("thorough", _AT_ANY_PACE, max_examples=1000, derandomize=False)
settings.load_profile("quick")
"""The whole run is to take minutes; ``make soak`` takes ``thorough`` for the tests that set no number themselves.

No example is to end by the clock: a busy machine takes seconds for what takes a millisecond. The whole run draws the
same examples each time, so that it fails for a change and not by chance; the soak draws others.
"""

pytest_plugins = ["support.postgres"]


def pytest_configure() -> None:
    """Keep the bytecode of tests wherever they run: without it each worker compiles 500 files of them every time.

    Nothing of the collection is garbage, so nobody looks for any while it grows.
    """
    sys.dont_write_bytecode = False
    gc.disable()


def pytest_collection_finish() -> None:
    """What 17,000 collected tests hold stays to the end: to go through it costs a second each time."""
    gc.freeze()
    gc.enable()


PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make an empty folder. ``mktemp`` looks through all that it made before, which costs a minute in a whole run."""
    parent, numbers = tmp_path_factory.mktemp("t"), itertools.count()

    def make(name: str) -> Path:
        folder = parent / f"{name}{next(numbers)}"
        folder.mkdir(mode=0o700)
        return folder

    return make


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, new_folder: Callable[[str], Path]) -> Path:
    """An empty folder of the test's own, named for it as pytest does."""
    return new_folder(re.sub(r"\W", "_", request.node.name)[:30])


@pytest.fixture(autouse=True)
def clean_environment(new_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No user configuration, no colours, no AGENCY_* or GIT_* setting of the caller reaches a test."""
    import os

    home = new_folder("home")
    for name in list(os.environ):
        if name.startswith(("GIT_", "AGENCY_", "CAWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def git_repo(tmp_path: Path) -> GitRepo:
    """An empty repository on branch ``main`` with an author configured."""
    return GitRepo.create(tmp_path / "repo")
