"""What a hostile command tries, at each level: denied as promised, and done where that one defence is switched off."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_agency.sandbox.bubblewrap import find_bubblewrap
from agent_agency.sandbox.control_group import MEMORY, PROCESSES, ControlGroup
from agent_agency.sandbox.model import MEBIBYTE, Ended, Isolation, Limits
from support.sandboxes import WALL_S, need, run_python

CONFINED = pytest.mark.parametrize("isolation", [Isolation.NAMESPACES, Isolation.LANDLOCK])
ALL = pytest.mark.parametrize("isolation", list(Isolation))

WRITE = "import sys; open(sys.argv[1], 'w').write('x')"
READ = "import sys; sys.stdout.write(open(sys.argv[1]).read())"
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5); print('connected')"
CALL = """
import os, socket, sys
way, folder = sys.argv[1:]
if way == "path":
    socket.socket(socket.AF_UNIX).connect(folder + "/s")
elif way == "abstract":
    socket.socket(socket.AF_UNIX).connect("\\0" + folder)
else:
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", folder + "/s")
print("reached")
"""
SEND = "import socket, sys; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(sys.argv[1])))"
BOMB = """
import os, sys, time
started = 0
try:
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        started += 1
except OSError:
    pass
print(started)
"""
FILL = """
block = b'x' * (1 << 20)
with open('filled', 'wb') as stream:
    for _ in range(50):
        stream.write(block)
        stream.flush()
print('filled')
"""
FILL_WITH_MANY = """
import time
block = b'x' * (1 << 20)
for number in range(50):
    with open(f'filled-{number}', 'wb') as stream:
        stream.write(block)
    time.sleep(0.01)
print('filled')
"""
FILL_DELETED = """
import os, time
block = b'x' * (1 << 20)
held = []
for number in range(50):
    stream = open('filled', 'wb')
    os.unlink('filled')
    stream.write(block)
    stream.flush()
    held.append(stream)
    time.sleep(0.01)
print('filled')
"""
DAEMON = """
import fcntl, os, time
ready, telling = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setpgid(0, 0)
            lock = open('held', 'w')
            fcntl.flock(lock, fcntl.LOCK_EX)
            print(os.getpid(), flush=True)
            os.write(telling, b'1')
            time.sleep(40)
    os._exit(0)
os.close(telling)
os.read(ready, 1)
"""
FLOOD = "import sys\nfor _ in range(20): sys.stdout.write('x' * (1 << 20))\nprint('done')"
SEE = "import sys; print(sys.argv[2] in open(f'/proc/{sys.argv[1]}/cmdline').read())"
STOP = "import os, sys; os.kill(int(sys.argv[1]), 15)"
ALLOCATE = "held = bytearray(600 << 20); print('allocated')"

SHARE_OUT = """
import os, time
started = []
for _ in range(5):
    ready, telling = os.pipe()
    started.append(os.fork())
    if started[-1] == 0:
        block = bytearray(50 << 20)
        os.write(telling, b"1")
        time.sleep(40)
    os.close(telling)
    os.read(ready, 1)
print("all held" if not any(os.waitpid(pid, os.WNOHANG)[0] for pid in started) else "some not")
"""
FORGE_END = r"""
import ctypes, os, subprocess, sys, time
forge = r'''
import ctypes, os, sys
library = ctypes.CDLL(None)
for pid in {1, int(sys.argv[1])}:
    handle = os.pidfd_open(pid)
    for number in range(3, 12):
        taken = library.syscall(438, handle, number, 0)  # pidfd_getfd
        if taken >= 0:
            for word in (b"\x01" + bytes(7), b'{"exit": 0}\n'):
                try:
                    os.write(taken, word)
                except OSError:
                    pass
'''
subprocess.run([sys.executable, "-I", "-S", "-c", forge, str(os.getppid())])
time.sleep(0.2)
sys.exit(3)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


@pytest.fixture
def secret() -> Path:
    folder = Path(os.environ["HOME"], ".ssh")
    folder.mkdir()
    (folder / "id").write_text("a private key")
    return folder / "id"


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that belongs to nobody's command."""
    argv = [sys.executable, "-I", "-S", "-c", "input()", "a-word-to-be-known-by"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        yield process
        if process.poll() is None:
            process.kill()


def need_group(controller: str) -> None:
    group = ControlGroup.create({controller: {PROCESSES: 100, MEMORY: 1 << 30}[controller]})
    group.remove()
    if controller not in group.bounds:
        pytest.skip(f"NOT TESTED: no control group for {controller} can be made here")


@CONFINED
@pytest.mark.parametrize("allowed", [False, True], ids=["defended", "allowed"])
def test_a_command_writes_outside_the_checkout_only_where_it_may(
    isolation: Isolation, tmp_path: Path, checkout: Path, *, allowed: bool
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    run_python(WRITE, isolation, checkout, outside / "made", also_writable=(outside,) if allowed else ())
    assert (outside / "made").exists() is allowed


@CONFINED
@pytest.mark.parametrize("place", ["/usr/agency-made", "/etc/agency-made", "/dev/agency-made", "/agency-made"])
def test_a_command_writes_to_no_system_folder(isolation: Isolation, checkout: Path, place: str) -> None:
    outcome = run_python(WRITE, isolation, checkout, place)
    was_made = Path(place).exists()
    Path(place).unlink(missing_ok=True)
    assert (outcome.exit_code, was_made) == (1, False)


@CONFINED
@pytest.mark.parametrize("allowed", [False, True], ids=["defended", "allowed"])
def test_a_secret_in_the_home_is_read_only_where_declared(
    isolation: Isolation, checkout: Path, secret: Path, *, allowed: bool
) -> None:
    outcome = run_python(READ, isolation, checkout, secret, readable=(secret,) if allowed else ())
    assert (outcome.output_head == b"a private key") is allowed
    assert (b"a private key" in outcome.output_head) is allowed


@CONFINED
def test_a_link_in_the_checkout_opens_no_secret(isolation: Isolation, checkout: Path, secret: Path) -> None:
    (checkout / "link").symlink_to(secret)
    assert b"a private key" not in run_python(READ, isolation, checkout, "link").output_head


@CONFINED
@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: the kernel keeps an ordinary user from it anyway")
@pytest.mark.parametrize("place", ["/etc/shadow"])
def test_what_only_root_may_read_stays_hidden_from_roots_commands(
    isolation: Isolation, checkout: Path, place: str
) -> None:
    assert run_python(READ, Isolation.NONE, checkout, place).exit_code == 0
    assert run_python(READ, isolation, checkout, place).exit_code == 1


@CONFINED
@pytest.mark.parametrize("allowed", [False, True], ids=["defended", "allowed"])
def test_the_loopback_is_reached_only_with_network(
    isolation: Isolation, checkout: Path, port: int, *, allowed: bool
) -> None:
    outcome = run_python(CONNECT, isolation, checkout, port, network=allowed)
    assert (outcome.output_head == b"connected\n") is allowed


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize(
    ("isolation", "reached"), [(Isolation.NAMESPACES, False), (Isolation.LANDLOCK, False), (Isolation.NONE, True)]
)
@pytest.mark.parametrize("way", ["path", "abstract", "pair"])
def test_no_service_of_the_machine_is_reached_by_its_socket(
    isolation: Isolation, tmp_path: Path, checkout: Path, way: str, *, reached: bool, network: bool
) -> None:
    """With Landlock not even where the folder of the socket may be read; in name spaces the folder is not there."""
    seen = (tmp_path,) if isolation is Isolation.LANDLOCK else ()
    kind = socket.SOCK_DGRAM if way == "pair" else socket.SOCK_STREAM
    address = f"\0{tmp_path}" if way == "abstract" else os.fspath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, kind) as service:
        service.bind(address)
        if way != "pair":
            service.listen()
        outcome = run_python(CALL, isolation, checkout, way, tmp_path, readable=seen, network=network)
        by_abstract_name = way == "abstract" and network and isolation is Isolation.NAMESPACES
        assert (outcome.output_head == b"reached\n") is (reached or by_abstract_name)


@CONFINED
def test_pairs_of_connected_sockets_stay(isolation: Isolation, checkout: Path) -> None:
    code = "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))"
    assert run_python(code, isolation, checkout).output_head == b"b'x'\n"


@CONFINED
@pytest.mark.parametrize("network", [False, True])
def test_datagrams_leave_only_with_network(isolation: Isolation, checkout: Path, *, network: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.1", 0))
        service.settimeout(0.5)
        run_python(SEND, isolation, checkout, service.getsockname()[1], network=network)
        try:
            got = service.recv(10) == b"x"
        except TimeoutError:
            got = False
    assert got is network


@ALL
@pytest.mark.parametrize("limited", [True, False], ids=["defended", "allowed"])
def test_a_fork_bomb_stops_at_the_limit(isolation: Isolation, checkout: Path, *, limited: bool) -> None:
    if limited and os.geteuid() == 0:
        need_group(PROCESSES)
    outcome = run_python(BOMB, isolation, checkout, limits=Limits(wall_s=WALL_S, processes=32 if limited else None))
    started = int(outcome.output_head.split()[-1])
    assert (started < 40) if limited else (started == 200)
    assert started > 20


@ALL
@pytest.mark.parametrize("code", [FILL, FILL_WITH_MANY, FILL_DELETED], ids=["one", "many", "deleted"])
def test_filling_the_disk_ends_at_the_limit(isolation: Isolation, checkout: Path, code: str) -> None:
    free = run_python(code, isolation, checkout, limits=Limits(wall_s=WALL_S))
    assert (free.ended, free.output_head) == (Ended.EXITED, b"filled\n")
    for left in checkout.iterdir():
        left.unlink()
    bound = run_python(code, isolation, checkout, limits=Limits(wall_s=WALL_S, written_bytes=8 * MEBIBYTE))
    assert b"filled\n" not in bound.output_head
    assert bound.ended is Ended.WRITE_LIMIT or bound.exit_code == 1


@ALL
def test_one_file_grows_to_its_limit_only(isolation: Isolation, checkout: Path) -> None:
    outcome = run_python(FILL, isolation, checkout, limits=Limits(wall_s=WALL_S, file_bytes=2 * MEBIBYTE))
    assert outcome.exit_code == 1
    assert (checkout / "filled").stat().st_size == 2 * MEBIBYTE


@pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "/dev/shm", "~"])  # noqa: S108  what is under test
def test_private_memory_file_systems_are_bounded(checkout: Path, place: str) -> None:
    code = "import os\n" + FILL.replace("'filled', 'wb'", f"os.path.expanduser('{place}/filled'), 'wb'")
    free = run_python(code, Isolation.NAMESPACES, checkout)
    assert free.output_head == b"filled\n"
    bound = run_python(
        code, Isolation.NAMESPACES, checkout, limits=Limits(wall_s=WALL_S, file_bytes=None, written_bytes=8 * MEBIBYTE)
    )
    assert bound.exit_code == 1


@ALL
def test_memory_ends_at_the_limit(isolation: Isolation, checkout: Path) -> None:
    assert run_python(ALLOCATE, isolation, checkout).output_head == b"allocated\n"
    bound = run_python(ALLOCATE, isolation, checkout, limits=Limits(wall_s=WALL_S, memory_bytes=300 * MEBIBYTE))
    assert b"MemoryError" in bound.output_head


@ALL
@pytest.mark.parametrize("limited", [True, False], ids=["defended", "allowed"])
def test_memory_of_many_processes_together_ends_at_the_limit(
    isolation: Isolation, checkout: Path, *, limited: bool
) -> None:
    need_group(MEMORY)
    limits = Limits(wall_s=WALL_S, memory_bytes=150 * MEBIBYTE if limited else None)
    outcome = run_python(SHARE_OUT, isolation, checkout, limits=limits)
    assert outcome.ended is (Ended.MEMORY_LIMIT if limited else Ended.EXITED)
    assert (b"all held" in outcome.output_head) is not limited


@ALL
@pytest.mark.parametrize("tail", ["", "\nos.kill(os.getpid(), 9)", "\nwhile True: time.sleep(1)"])
def test_no_daemon_outlives_its_command(isolation: Isolation, checkout: Path, tail: str) -> None:
    limits = Limits(wall_s=WALL_S, idle_s=2.5 if "while" in tail else None)
    outcome = run_python(DAEMON + tail, isolation, checkout, limits=limits)
    assert outcome.output_head.strip().isdigit()
    assert _is_free(checkout / "held")


def test_a_daemon_outlives_a_command_that_is_started_plainly(checkout: Path) -> None:
    daemon = _run_plainly(checkout)
    try:
        assert not _is_free(checkout / "held")
    finally:
        os.kill(daemon, signal.SIGKILL)


def _run_plainly(checkout: Path) -> int:
    told = checkout / "told"
    with told.open("wb") as stream:
        subprocess.run([sys.executable, "-c", DAEMON], cwd=checkout, stdout=stream, check=True, timeout=60)
    return int(told.read_text())


def _is_free(lock: Path) -> bool:
    import fcntl

    with lock.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


@ALL
def test_printing_much_ends_at_the_limit(isolation: Isolation, checkout: Path) -> None:
    free = run_python(FLOOD, isolation, checkout)
    assert (free.ended, free.output_bytes) == (Ended.EXITED, 20 * MEBIBYTE + 5)
    assert free.output_tail.endswith(b"xdone\n")
    bound = run_python(FLOOD, isolation, checkout, limits=Limits(wall_s=WALL_S, output_bytes=MEBIBYTE))
    assert (bound.ended, bound.exit_code, bound.output_bytes) == (Ended.OUTPUT_LIMIT, None, MEBIBYTE)


@pytest.mark.parametrize(
    ("isolation", "seen"), [(Isolation.NAMESPACES, False), (Isolation.LANDLOCK, True), (Isolation.NONE, True)]
)
def test_processes_of_the_machine_are_hidden_by_name_spaces_alone(
    isolation: Isolation, checkout: Path, bystander: subprocess.Popen[bytes], *, seen: bool
) -> None:
    outcome = run_python(SEE, isolation, checkout, bystander.pid, "a-word-to-be-known-by")
    assert (outcome.output_head == b"True\n") is seen


@pytest.mark.parametrize(
    ("isolation", "alive"), [(Isolation.NAMESPACES, True), (Isolation.LANDLOCK, True), (Isolation.NONE, False)]
)
def test_processes_of_the_machine_are_signalled_only_without_isolation(
    isolation: Isolation, checkout: Path, bystander: subprocess.Popen[bytes], *, alive: bool
) -> None:
    from agent_agency.sandbox import landlock

    if isolation is Isolation.LANDLOCK and landlock.abi() < 6:
        pytest.skip("NOT TESTED: this kernel's Landlock does not scope signals")
    run_python(STOP, isolation, checkout, bystander.pid)
    if alive:
        assert bystander.poll() is None
    else:
        assert bystander.wait(10) == -signal.SIGTERM


@CONFINED
def test_a_command_of_roots_has_no_capabilities_and_gains_none(isolation: Isolation, checkout: Path) -> None:
    code = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('Cap', 'NoNewPrivs'))])"
    outcome = run_python(code, isolation, checkout)
    inherited, permitted, effective, bounding, ambient, no_new = eval(outcome.output_head)  # noqa: S307  our own list
    assert {inherited, permitted, effective, ambient} == {"0" * 16}
    assert no_new == "1"
    if os.geteuid() == 0:
        assert bounding == "0" * 16


@CONFINED
def test_no_process_inside_can_tell_another_end_of_the_program(isolation: Isolation, checkout: Path) -> None:
    """Bubblewrap's process 1 holds the descriptor through which it tells the end, and lets the same user take it."""
    outcome = run_python(FORGE_END, isolation, checkout)
    assert outcome.exit_code == 3 or (outcome.ended, outcome.signal) == (Ended.SIGNALLED, signal.SIGKILL)


def test_bubblewrap_alone_would_be_told_another_end(checkout: Path) -> None:
    need(Isolation.NAMESPACES)
    words = [find_bubblewrap() or "", "--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/", "/"]
    argv = [*words, "--proc", "/proc", sys.executable, "-I", "-S", "-c", FORGE_END]
    assert subprocess.run(argv, cwd=checkout, check=False, timeout=WALL_S).returncode == 0


@ALL
def test_a_command_ends_with_a_caller_that_is_killed(isolation: Isolation, checkout: Path) -> None:
    need(isolation)
    code = f"""
import sys
from pathlib import Path
from agent_agency.sandbox.model import Command, Isolation
from agent_agency.sandbox.run import run
hold = {DAEMON + "time.sleep(40)"!r}
checkout = Path(sys.argv[1])
run(Command((sys.executable, "-I", "-c", hold), checkout, {{}}, (checkout,)), Isolation("{isolation}"))
"""
    with subprocess.Popen([sys.executable, "-c", code, checkout]) as caller:
        _wait_for((checkout / "held").exists)
        caller.kill()
    _wait_for(lambda: _is_free(checkout / "held"))


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
