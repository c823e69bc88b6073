"""Where a control group for processes can be made, by the kernel's files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.sandbox.control_group import MEMORY, PROCESSES, ControlGroup, find_parent
from agent_agency.sandbox.model import MEBIBYTE


def _control(tmp_path: Path, lines: str, handed_on: dict[str, str]) -> tuple[Path, Path]:
    own = tmp_path / "own"
    own.write_text(lines)
    for folder, controllers in handed_on.items():
        (tmp_path / "control" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "control" / folder / "cgroup.subtree_control").write_text(controllers)
        (tmp_path / "control" / folder / "cgroup.procs").write_text("")
    return own, tmp_path / "control"


def test_version_one_takes_a_group_below_the_own(tmp_path: Path) -> None:
    own, control = _control(tmp_path, "8:cpu,pids:/a\n0::/b\n", {"pids/a": ""})
    assert find_parent(PROCESSES, own, control) == control / "pids/a"


def test_version_two_takes_the_nearest_group_that_hands_the_controller_on(tmp_path: Path) -> None:
    own, control = _control(tmp_path, "0::/user/session\n", {"": "pids", "user": "cpu pids", "user/session": ""})
    assert find_parent(PROCESSES, own, control) == control / "user"


@pytest.mark.parametrize("lines", ["", "0::/a\n", "3:cpu:/a\n", "8:pids:/gone\n"])
def test_without_the_controller_there_is_no_group(tmp_path: Path, lines: str) -> None:
    own, control = _control(tmp_path, lines, {"": "cpu", "a": ""})
    assert find_parent(PROCESSES, own, control) is None
    assert find_parent(PROCESSES, tmp_path / "gone", control) is None


def _group() -> ControlGroup:
    group = ControlGroup.create({PROCESSES: 7, MEMORY: 64 * MEBIBYTE})
    if not group.bounds:
        pytest.skip("NOT TESTED: no control group can be made here")
    return group


def test_a_group_is_made_with_its_limits_and_removed() -> None:
    group = _group()
    held = {file.read_text().strip() for folder in _folders(group) for file in folder.glob("*.max")}
    held |= {file.read_text().strip() for folder in _folders(group) for file in folder.glob("memory.limit_in_bytes")}
    assert held >= {{PROCESSES: "7", MEMORY: str(64 * MEBIBYTE)}[name] for name in group.bounds}
    group.remove()
    assert not any(folder.exists() for folder in _folders(group))


def test_nothing_is_bounded_where_no_limit_is_asked_for() -> None:
    assert ControlGroup.create({PROCESSES: None, MEMORY: None}).bounds == frozenset()


def test_a_group_that_a_killed_caller_left_is_removed_by_the_next() -> None:
    group = _group()
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left = [folder.with_name(f"agency-{gone.pid}-left") for folder in _folders(group)]
    for folder in left:
        folder.mkdir()
    other = _group()
    assert not any(folder.exists() for folder in left)
    assert all(folder.exists() for folder in _folders(group))
    group.remove()
    other.remove()


def _folders(group: ControlGroup) -> list[Path]:
    return [entrance.parent for entrance in group.entrances]
