"""Where a control group for processes can be made, by the kernel's files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.sandbox.pids_group import PidsGroup, find_parent


def _control(tmp_path: Path, lines: str, handed_on: dict[str, str]) -> tuple[Path, Path]:
    own = tmp_path / "own"
    own.write_text(lines)
    for folder, controllers in handed_on.items():
        (tmp_path / "control" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "control" / folder / "cgroup.subtree_control").write_text(controllers)
    return own, tmp_path / "control"


def test_version_one_takes_a_group_below_the_own(tmp_path: Path) -> None:
    own, control = _control(tmp_path, "8:cpu,pids:/a\n0::/b\n", {"pids/a": ""})
    assert find_parent(own, control) == control / "pids/a"


def test_version_two_takes_the_nearest_group_that_hands_the_controller_on(tmp_path: Path) -> None:
    own, control = _control(tmp_path, "0::/user/session\n", {"": "pids", "user": "cpu pids", "user/session": ""})
    assert find_parent(own, control) == control / "user"


@pytest.mark.parametrize("lines", ["", "0::/a\n", "3:cpu:/a\n", "8:pids:/gone\n"])
def test_without_the_controller_there_is_no_group(tmp_path: Path, lines: str) -> None:
    own, control = _control(tmp_path, lines, {"": "cpu", "a": ""})
    assert find_parent(own, control) is None
    assert find_parent(tmp_path / "gone", control) is None


def test_a_group_is_made_with_its_limit_and_removed() -> None:
    group = PidsGroup.create(7)
    if group is None:
        pytest.skip("NOT TESTED: no control group for processes can be made here")
    assert (group.folder / "pids.max").read_text() == "7\n"
    group.remove()
    assert not group.folder.exists()


def test_a_group_that_a_killed_caller_left_is_removed_by_the_next() -> None:
    group = PidsGroup.create(7)
    if group is None:
        pytest.skip("NOT TESTED: no control group for processes can be made here")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left = group.folder.with_name(f"agency-{gone.pid}-left")
    left.mkdir()
    other = PidsGroup.create(7)
    assert other is not None
    assert (left.exists(), group.folder.exists()) == (False, True)
    group.remove()
    other.remove()
