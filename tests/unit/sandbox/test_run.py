"""One command, from its start to its outcome, at every level."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

import agent_agency
from agent_agency.sandbox import landlock
from agent_agency.sandbox.bubblewrap import find_bubblewrap
from agent_agency.sandbox.model import Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run
from support.sandboxes import WALL_S, need, run_python

ALL = pytest.mark.parametrize("isolation", list(Isolation))


def _command(checkout: Path, *argv: str, environment: Mapping[str, str] | None = None) -> Command:
    return Command(argv, checkout, {"PATH": os.defpath} if environment is None else environment, (checkout,))


@ALL
def test_the_outcome_tells_code_output_digest_and_level(isolation: Isolation, tmp_path: Path) -> None:
    outcome = run_python("import sys; print('out', flush=True); sys.exit('err')", isolation, tmp_path)
    assert (outcome.ended, outcome.exit_code, outcome.signal) == (Ended.EXITED, 1, None)
    assert outcome.output_head == b"out\nerr\n"
    assert outcome.output_tail == b""
    assert outcome.output_digest == f"sha256:{hashlib.sha256(outcome.output_head).hexdigest()}"
    assert (outcome.isolation, outcome.detail) == (isolation, "")


def test_a_level_given_as_text_is_that_level(tmp_path: Path) -> None:
    need(Isolation.LANDLOCK)
    level: Isolation = "landlock"  # type: ignore[assignment]  # what an untyped caller could do
    (tmp_path / "outside").mkdir()
    code = "open('../outside/made', 'w')"
    assert run_python(code, level, tmp_path / "checkout").exit_code == 1
    with pytest.raises(ValueError, match="chroot"):
        run_python(code, "chroot", tmp_path / "checkout")  # type: ignore[arg-type]


@ALL
@pytest.mark.parametrize("code", [127, 129, 137, 255])
def test_a_code_above_those_of_signals_is_still_a_code(isolation: Isolation, tmp_path: Path, code: int) -> None:
    outcome = run_python(f"import os; os._exit({code})", isolation, tmp_path)
    assert (outcome.ended, outcome.exit_code, outcome.signal, outcome.detail) == (Ended.EXITED, code, None, "")


@ALL
def test_a_tool_that_signals_all_it_can_reach_tells_its_own_end(isolation: Isolation, tmp_path: Path) -> None:
    if isolation is not Isolation.NAMESPACES:
        pytest.skip("NOT TESTED: without name spaces that would be every process of the user")
    code = "import os, signal; signal.signal(15, signal.SIG_IGN); os.kill(-1, 15); os.kill(0, 15); os._exit(5)"
    assert run_python(code, isolation, tmp_path).exit_code == 5


@ALL
def test_a_signal_is_told_by_number(isolation: Isolation, tmp_path: Path) -> None:
    outcome = run_python("import os; os.kill(os.getpid(), 15)", isolation, tmp_path)
    assert (outcome.ended, outcome.exit_code, outcome.signal) == (Ended.SIGNALLED, None, 15)


@ALL
def test_the_environment_is_what_was_given_and_the_folder(
    isolation: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    given = {"ONE": "1", "ODD": "a=b\nc\udcff", "EMPTY": ""}
    need(isolation)
    argv = ("/usr/bin/env", "-0")
    outcome = run(_command(tmp_path, *argv, environment=given), isolation)
    got = dict(os.fsdecode(line).split("=", 1) for line in outcome.output_head.split(b"\0") if line)
    assert got == {**given, "PWD": str(tmp_path)}


@ALL
def test_standard_input_is_empty_and_no_other_descriptor_is_open(isolation: Isolation, tmp_path: Path) -> None:
    code = "import os, sys; print(repr(sys.stdin.read()), sorted(map(int, os.listdir('/proc/self/fd')))[:-1])"
    assert run_python(code, isolation, tmp_path).output_head == b"'' [0, 1, 2]\n"


@ALL
def test_output_streams_as_it_comes_with_its_escapes(isolation: Isolation, tmp_path: Path) -> None:
    said: list[bytes] = []
    need(isolation)
    command = _command(
        tmp_path, "/bin/sh", "-c", r"printf '\033[31mred'; while ! test -e go; do sleep 0.01; done; echo end"
    )

    def on_output(chunk: bytes) -> None:
        said.append(chunk)
        (tmp_path / "go").touch()

    assert run(command, isolation, on_output=on_output).exit_code == 0
    assert b"".join(said) == b"\033[31mredend\n"
    assert said[0] == b"\033[31mred"


@ALL
def test_what_the_listener_raises_goes_through_and_the_command_is_ended(isolation: Isolation, tmp_path: Path) -> None:
    need(isolation)

    def on_output(_: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(_command(tmp_path, "/bin/sh", "-c", "echo; sleep 50; echo > late"), isolation, on_output=on_output)
    assert not (tmp_path / "late").exists()


@ALL
@pytest.mark.parametrize(
    ("limits", "ended"),
    [(Limits(wall_s=0.3), Ended.TIMED_OUT), (Limits(wall_s=WALL_S, idle_s=0.3), Ended.IDLE)],
)
def test_a_command_that_takes_too_long_is_ended(
    isolation: Isolation, tmp_path: Path, limits: Limits, ended: Ended
) -> None:
    outcome = run_python("import time; time.sleep(90)", isolation, tmp_path, limits=limits)
    assert (outcome.ended, outcome.exit_code, outcome.signal) == (ended, None, None)
    assert "0.3 seconds" in outcome.detail


@ALL
def test_output_keeps_a_command_from_being_idle(isolation: Isolation, tmp_path: Path) -> None:
    code = "import time\nfor _ in range(140): print(1, flush=True); time.sleep(0.02)"
    assert run_python(code, isolation, tmp_path, limits=Limits(wall_s=WALL_S, idle_s=2.5)).exit_code == 0


@ALL
def test_a_command_is_cancelled_by_the_callers_event(isolation: Isolation, tmp_path: Path) -> None:
    need(isolation)
    cancel = threading.Event()
    command = _command(tmp_path, "/bin/sh", "-c", "echo; sleep 90")
    outcome = run(command, isolation, cancel=cancel, on_output=lambda _: cancel.set())
    assert (outcome.ended, outcome.detail) == (Ended.CANCELLED, "it was cancelled")


@ALL
@pytest.mark.parametrize(
    ("argv", "environment", "told"),
    [
        ((), {}, "empty"),
        (("no-such-program-here",), {}, "not found"),
        (("./not-executable",), {}, "not found"),
        (("/bin/sh", "a\0b"), {}, "null byte"),
        (("/bin/sh",), {"A": "x\0--bind\0/\0/"}, "null byte"),
        (("/bin/sh",), {"A=B": "x"}, "equals sign"),
        (("./broken",), {}, ""),
    ],
)
def test_what_cannot_be_started_is_told_not_raised(
    isolation: Isolation, tmp_path: Path, argv: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    need(isolation)
    (tmp_path / "not-executable").write_text("")
    (tmp_path / "broken").write_text("#!/no/such/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    outcome = run(_command(tmp_path, *argv, environment=environment), isolation)
    assert (outcome.ended, outcome.exit_code) == (Ended.NOT_STARTED, None)
    assert told in outcome.detail
    assert outcome.detail


@ALL
@pytest.mark.parametrize("missing", ["cwd", "writable", "readable"])
def test_a_missing_folder_is_told(isolation: Isolation, tmp_path: Path, missing: str) -> None:
    gone = tmp_path / "gone"
    command = Command(
        ("/bin/true",),
        gone if missing == "cwd" else tmp_path,
        {},
        (gone,) if missing == "writable" else (tmp_path,),
        (gone,) if missing == "readable" else (),
    )
    outcome = run(command, isolation)
    assert (outcome.ended, "does not exist" in outcome.detail) == (Ended.NOT_STARTED, True)


@pytest.mark.parametrize("isolation", [Isolation.NAMESPACES, Isolation.LANDLOCK])
def test_a_readable_folder_inside_a_writable_one_stays_unwritable_in_name_spaces(
    isolation: Isolation, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    outcome = run_python("open('kept/x', 'w')", isolation, tmp_path, readable=(tmp_path / "kept",))
    assert outcome.exit_code == (1 if isolation is Isolation.NAMESPACES else 0)


@ALL
def test_names_with_spaces_options_and_odd_bytes_are_only_names(isolation: Isolation, tmp_path: Path) -> None:
    folder = tmp_path / "--bind \udcff;$(touch x)\n"
    folder.mkdir()
    outcome = run_python("import os, sys; print(ascii(os.getcwd()), sys.argv[1:])", isolation, folder, "--bind", "/")
    assert outcome.output_head.decode() == f"{str(folder)!a} ['--bind', '/']\n"


@ALL
def test_commands_run_side_by_side(isolation: Isolation, tmp_path: Path) -> None:
    need(isolation)
    outcomes: dict[int, bytes] = {}

    def one(number: int) -> None:
        outcomes[number] = run_python(f"print({number})", isolation, tmp_path / str(number)).output_head

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {number: b"%d\n" % number for number in range(8)}


@ALL
def test_no_descriptor_is_left_open(isolation: Isolation, tmp_path: Path) -> None:
    run_python("", isolation, tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        run_python("", isolation, tmp_path)
        run(_command(tmp_path, "no-such-program-here"), isolation)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


PROBE_ALL = """
import json
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import try_level
print(json.dumps({level: dict(try_level(level)) for level in Isolation}))
"""


def test_an_ordinary_user_is_held_too() -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    python, source = Path("/usr/bin/python3"), Path(agent_agency.__file__).parent.parent
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        environment = {"PYTHONPATH": str(source), "HOME": place, "PATH": os.defpath}

        def start(code: str) -> subprocess.CompletedProcess[bytes]:
            argv = [python, "-B", "-c", code]
            return subprocess.run(argv, env=environment, cwd=place, capture_output=True, check=False, **nobody)  # type: ignore[call-overload, no-any-return]

        if not python.exists() or start("import agent_agency.sandbox.model").returncode != 0:
            pytest.skip("NOT TESTED: no system Python of 3.11 or newer with which another user could read the project")
        held = json.loads(start(PROBE_ALL).stdout)
    assert all(held["none"][name] for name in ("checkout_writable", "nothing_survives", "processes_limited"))
    if find_bubblewrap():
        assert set(held["namespaces"].values()) == {True}
    if landlock.abi() >= 6:
        assert {name for name, good in held["landlock"].items() if not good} == {"host_processes_hidden"}


def test_the_running_python_and_its_environment_are_readable_inside(tmp_path: Path) -> None:
    need(Isolation.NAMESPACES)
    command = _command(tmp_path, sys.executable, "-c", "import pytest, ssl, sqlite3; print('ready')")
    assert run(command, Isolation.NAMESPACES).output_head == b"ready\n"
