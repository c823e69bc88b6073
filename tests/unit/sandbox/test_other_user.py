"""A command of root's, where no control group can be made, runs as another user whom the limit on processes binds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_agency.sandbox import bubblewrap, control_group
from agent_agency.sandbox.model import Command, Isolation, Limits, Outcome
from agent_agency.sandbox.other_user import NO_PROCESS_LIMIT, hand_over, other_user
from agent_agency.sandbox.run import run
from support.sandboxes import WALL_S, need

PYTHON = Path("/usr/bin/python3")
ALL = pytest.mark.parametrize("isolation", list(Isolation))
BOMB = """
import os, time
started = 0
try:
    while started < 100 and (pid := os.fork()):
        started += 1
    if started == 0 or not pid:
        time.sleep(30)
except OSError:
    pass
print(started, os.getuid())
"""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: an ordinary user is bound anyway"),
    pytest.mark.skipif(not PYTHON.exists(), reason="NOT TESTED: no Python that every user can run"),
]


@pytest.fixture(autouse=True)
def no_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_group, "_CONTROL", tmp_path / "none")
    monkeypatch.setattr(bubblewrap, "_own_python", PYTHON.resolve)


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder that everybody reaches and only root may enter."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        folder.chmod(0o711)
        (folder / "checkout").mkdir(mode=0o700)
        yield folder / "checkout"


def _run(code: str, isolation: Isolation, checkout: Path) -> Outcome:
    need(isolation)
    argv = (str(PYTHON), "-I", "-S", "-c", code)
    return run(
        Command(argv, checkout, {}, (checkout,), limits=Limits(wall_s=WALL_S, processes=32, memory_bytes=None)),
        isolation,
    )


@ALL
def test_a_fork_bomb_of_roots_stops_at_the_limit(isolation: Isolation, checkout: Path) -> None:
    outcome = _run(BOMB, isolation, checkout)
    started, user = map(int, outcome.output_head.split()[-2:])
    assert 20 < started < 40
    assert user >= 65000
    assert outcome.gaps == ()


@ALL
def test_where_another_user_cannot_go_root_stays_and_the_gap_is_told(isolation: Isolation, checkout: Path) -> None:
    checkout.parent.chmod(0o700)
    outcome = _run(BOMB, isolation, checkout)
    assert [int(word) for word in outcome.output_head.split()[-2:]] == [100, 0]
    assert outcome.gaps == (NO_PROCESS_LIMIT,)


@ALL
def test_files_of_the_checkout_can_be_changed_and_no_others(isolation: Isolation, checkout: Path) -> None:
    (checkout / "folder").mkdir()
    (checkout / "folder/file").write_text("before")
    outside = checkout.parent / "outside"
    outside.write_text("kept")
    outside.chmod(0o644)
    code = f"""
import os
open('folder/file', 'w').write('after')
os.chmod('folder/file', 0o600)
os.mkdir('made')
os.setuid(os.getuid())
for act in (lambda: os.chmod({str(outside)!r}, 0o777), lambda: open({str(outside)!r}, 'w'), lambda: os.setuid(0)):
    try:
        act()
        print('done')
    except OSError:
        pass
print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapPrm', 'CapEff', 'CapAmb'))])
"""
    outcome = _run(code, isolation, checkout)
    assert outcome.exit_code == 0, outcome.output_head
    in_private_tmp = b"done\n" if isolation is Isolation.NAMESPACES else b""
    assert outcome.output_head == in_private_tmp + f"{['0' * 16] * 3}\n".encode()
    assert (checkout / "folder/file").read_text() == "after"
    assert (outside.read_text(), outside.stat().st_mode & 0o777) == ("kept", 0o644)


def test_only_what_is_open_to_all_can_be_used_by_another_user(checkout: Path) -> None:
    closed = checkout.parent / "closed"
    closed.touch(mode=0o600)
    assert other_user([PYTHON], [checkout]) is not None
    assert other_user([PYTHON, closed], [checkout]) is None
    assert other_user([PYTHON, checkout.parent / "gone"], [checkout]) is None


def test_links_and_files_with_further_names_keep_their_owner(checkout: Path) -> None:
    other = checkout.parent / "other"
    other.touch()
    (checkout / "hard").hardlink_to(other)
    (checkout / "soft").symlink_to(other)
    (checkout / "own").touch()
    hand_over((checkout,), 65001)
    assert other.stat().st_uid == 0
    assert {(checkout / name).lstat().st_uid for name in ("own", "soft")} == {65001}
