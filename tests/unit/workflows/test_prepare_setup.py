from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent_agency.gate_settings import SetupStep
from agent_agency.gates.checkout import Checkout
from agent_agency.gates.gate_command import Surroundings
from agent_agency.gates.kept_paths import put_kept_paths
from agent_agency.git import Repository
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import probe
from agent_agency.workflows.prepare_setup import PreparedSetup, SetupProblem, prepare_setup
from support.git_repo import GitRepo

MAKES_A_TOOL = """
mkdir -p "$AGENCY_SETUP/bin" node_modules/dep
printf '#!/bin/sh\\necho told\\n' > "$AGENCY_SETUP/bin/teller"
chmod +x "$AGENCY_SETUP/bin/teller"
cp package-lock.json node_modules/dep/index.js
"""
STEP = SetupStep(  # noqa: S604 - a step's definition, no call of a shell
    argv=(MAKES_A_TOOL,),
    shell="sh",
    lock_files=("package-lock.json",),
    keep=("node_modules",),
    timeout_s=60,
)


@dataclass
class Bench:
    """A repository with a lock file, and the level at which this machine runs tools."""

    git: GitRepo
    isolation: Isolation
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})

    @property
    def cache(self) -> Path:
        return self.git.path / ".git/agency/setup"

    def prepare(self, step: SetupStep = STEP, cancel: threading.Event | None = None) -> PreparedSetup | SetupProblem:
        around = Surroundings(self.isolation, self.variables, cancel or threading.Event())
        with Repository.discover(self.git.path) as repo:
            return prepare_setup(repo, step, self.git.git("rev-parse", "HEAD^{tree}"), self.cache, around)

    def prepared(self, step: SetupStep = STEP) -> PreparedSetup:
        found = self.prepare(step)
        assert isinstance(found, PreparedSetup), found
        return found

    def problem(self, step: SetupStep) -> SetupProblem:
        found = self.prepare(step)
        assert isinstance(found, SetupProblem), found
        return found

    def notes(self) -> list[Path]:
        return sorted(self.cache.glob("*.json"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    git = GitRepo.create(tmp_path / "repo")
    git.commit("Start", **{"package-lock.json": "one", "evil.sh": "x", "sub/package-lock.json": "two"})
    return Bench(git, probe().isolation)


def checkout_at(folder: Path) -> Checkout:
    made = Checkout(folder / "checkout", folder / "private")
    made.root.mkdir(parents=True)
    return made


def test_what_the_step_makes_is_there_read_only_and_made_once(bench: Bench) -> None:
    first = bench.prepared()
    assert not first.reused
    assert first.outcome is not None
    assert first.folder.is_relative_to(bench.cache.resolve())
    assert subprocess.run([first.folder / "bin/teller"], capture_output=True, check=True).stdout == b"told\n"
    assert first.keep["node_modules"].joinpath("dep/index.js").read_text() == "one"
    kept = [first.folder / "bin", first.folder / "bin/teller", first.keep["node_modules"] / "dep/index.js"]
    assert [path.stat().st_mode & 0o222 for path in kept] == [0, 0, 0]
    second = bench.prepared()
    assert (second.reused, second.outcome, second.folder, second.digest) == (True, None, first.folder, first.digest)
    assert second.facts["output_digest"] == first.outcome.output_digest
    assert (first.facts["reused"], second.facts["reused"]) == (False, True)


def test_the_step_sees_nothing_but_the_lock_files(bench: Bench) -> None:
    step = replace(STEP, argv=('find . -type f | sort > "$AGENCY_SETUP/seen"',), keep=())
    assert bench.prepared(step).folder.joinpath("seen").read_text() == "./package-lock.json\n"


def test_another_lock_file_is_another_set_up_and_another_source_file_is_not(bench: Bench) -> None:
    first = bench.prepared()
    bench.git.commit("Edit", **{"evil.sh": "y"})
    assert bench.prepared().reused
    bench.git.commit("Update", **{"package-lock.json": "three"})
    other = bench.prepared()
    assert not other.reused
    assert other.digest != first.digest
    assert other.keep["node_modules"].joinpath("dep/index.js").read_text() == "three"
    assert first.keep["node_modules"].joinpath("dep/index.js").read_text() == "one"


def test_another_definition_or_variable_is_another_set_up(bench: Bench) -> None:
    bench.variables["TOLD"] = "a"
    step = replace(STEP, environment=("TOLD",))
    digests = {bench.prepared().digest, bench.prepared(step).digest}
    bench.variables["TOLD"] = "b"
    digests |= {bench.prepared(step).digest, bench.prepared(replace(STEP, argv=(MAKES_A_TOOL + "\ntrue",))).digest}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo no such package; exit 3", "it exited with 3: no such package"),
        ("kill -9 $$", "signal 9"),
        ("sleep 60", "longer than 1 second"),
        ("true", "it left no node_modules"),
        ("ln -s /etc node_modules", "leads out of its folder"),
        ("ln -s . node_modules", "leads out of its folder"),
    ],
)
def test_a_step_that_fails_leaves_nothing_and_says_why(bench: Bench, script: str, reason: str) -> None:
    step = replace(STEP, argv=(script,), timeout_s=1 if "sleep" in script else 60)
    problem = bench.problem(step)
    assert reason in problem.reason
    assert problem.outcome is not None
    assert not problem.cancelled
    assert [path.suffix for path in bench.cache.iterdir()] == [".lock"]


def test_no_lock_file_in_the_commit_is_a_problem(bench: Bench) -> None:
    assert "poetry.lock" in bench.problem(replace(STEP, lock_files=("poetry.lock",))).reason


def test_a_missing_program_is_a_problem(bench: Bench) -> None:
    assert "no-such-tool" in bench.problem(replace(STEP, argv=("no-such-tool",), shell=None)).reason


def test_a_link_is_no_lock_file(bench: Bench) -> None:
    bench.git.path.joinpath("link.lock").symlink_to("/etc/passwd")
    bench.git.commit("Link")
    assert "link.lock" in bench.problem(replace(STEP, lock_files=("link.lock",))).reason


@contextmanager
def writable(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(mode | 0o200)
    yield
    path.chmod(mode)


def test_an_edit_of_what_was_kept_is_noticed_even_with_its_times_set_back(bench: Bench) -> None:
    made = bench.prepared().keep["node_modules"] / "dep/index.js"
    before = made.stat()
    with writable(made):
        made.write_text("two")
    os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert made.stat().st_size == before.st_size
    again = bench.prepared()
    assert not again.reused
    assert again.keep["node_modules"].joinpath("dep/index.js").read_text() == "one"


def test_a_file_that_is_added_is_noticed(bench: Bench) -> None:
    folder = bench.prepared().folder / "bin"
    with writable(folder):
        folder.joinpath("sneaked").write_text("in")
    assert not bench.prepared().reused
    assert not folder.joinpath("sneaked").exists()


def test_a_copy_with_the_same_bytes_is_used_again(bench: Bench, tmp_path: Path) -> None:
    folder = bench.prepared().folder
    subprocess.run(["cp", "-a", folder, tmp_path / "copy"], check=True)
    subprocess.run(["rm", "-rf", folder], check=True)
    subprocess.run(["cp", "-a", tmp_path / "copy", folder], check=True)
    assert bench.prepared().reused
    assert bench.prepared().reused


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"told":1}', "\0"])
def test_a_note_that_cannot_be_read_is_not_believed(bench: Bench, content: str) -> None:
    bench.prepared()
    bench.notes()[0].write_text(content)
    assert not bench.prepared().reused


def test_a_folder_that_an_ended_run_left_is_not_used(bench: Bench) -> None:
    folder = bench.prepared().folder
    bench.notes()[0].unlink()
    with writable(folder):
        folder.joinpath("half").write_text("made")
    assert not bench.prepared().reused
    assert not folder.joinpath("half").exists()


SLOW = replace(STEP, argv=('echo x > "$AGENCY_SETUP/half"; touch "$AGENCY_SETUP/begun"; sleep 600',), keep=())


def test_a_review_that_is_killed_in_the_middle_leaves_nothing_that_is_used(bench: Bench) -> None:
    code = f"""
        import threading
        from pathlib import Path
        from agent_agency.gate_settings import SetupStep
        from agent_agency.gates.gate_command import Surroundings
        from agent_agency.git import Repository
        from agent_agency.sandbox.model import Isolation
        from agent_agency.workflows.prepare_setup import prepare_setup
        variables = {{"PATH": {os.environ["PATH"]!r}}}
        around = Surroundings(Isolation({str(bench.isolation)!r}), variables, threading.Event())
        with Repository.discover(Path({str(bench.git.path)!r})) as repo:
            tree = {bench.git.git("rev-parse", "HEAD^{tree}")!r}
            prepare_setup(repo, {SLOW!r}, tree, Path({str(bench.cache)!r}), around)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not list(bench.cache.glob("*/begun")):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert bench.notes() == []
    quick = replace(SLOW, argv=("touch $AGENCY_SETUP/whole",))
    assert sorted(path.name for path in bench.prepared(quick).folder.iterdir()) == ["whole"]
    left = _begun(bench)
    cancel = threading.Event()

    def cancel_once_begun() -> None:
        while not _begun(bench) - left:
            time.sleep(0.02)
        cancel.set()

    threading.Thread(target=cancel_once_begun, daemon=True).start()
    stopped = bench.prepare(SLOW, cancel)  # the lock was let go, and the half made folder is not taken for whole
    assert isinstance(stopped, SetupProblem)
    assert stopped.cancelled
    assert stopped.outcome is not None


def _begun(bench: Bench) -> set[int]:
    """When each step that has begun did so."""
    found = set()
    for path in bench.cache.glob("*/begun"):
        with contextlib.suppress(FileNotFoundError):  # it may be taken away just now
            found.add(path.stat().st_mtime_ns)
    return found


def test_two_at_once_make_it_once(bench: Bench) -> None:
    step = replace(STEP, argv=('sleep 0.5; echo x >> "$AGENCY_SETUP/times"',), keep=())
    found: list[PreparedSetup | SetupProblem] = []
    threads = [threading.Thread(target=lambda: found.append(bench.prepare(step))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [one for one in found if isinstance(one, PreparedSetup)]
    assert sorted(one.reused for one in made) == [False, True, True]
    assert made[0].folder.joinpath("times").read_text() == "x\n"


def test_waiting_for_another_review_can_be_stopped(bench: Bench) -> None:
    cancel = threading.Event()
    other = threading.Thread(target=bench.prepare, args=(SLOW, cancel))
    other.start()
    try:
        while not list(bench.cache.glob("*/begun")):
            time.sleep(0.02)
        mine = threading.Event()
        threading.Timer(0.3, mine.set).start()
        found = bench.prepare(SLOW, mine)
        assert isinstance(found, SetupProblem)
        assert found.cancelled
        assert found.outcome is None
    finally:
        cancel.set()
        other.join()


def test_a_virtual_environment_works_where_it_was_made(bench: Bench) -> None:
    step = replace(
        STEP,
        argv=(f'{sys.executable} -m venv --without-pip "$AGENCY_SETUP"',),
        keep=(),
    )
    prepared = bench.prepared(step)
    code = "import sys; print(sys.prefix)"
    done = subprocess.run([prepared.folder / "bin/python", "-c", code], capture_output=True, check=True, text=True)
    assert Path(done.stdout.strip()) == prepared.folder


def test_kept_packages_are_found_from_a_checkout_and_its_own_caches_stay_possible(bench: Bench, tmp_path: Path) -> None:
    script = """
        mkdir -p node_modules/.bin node_modules/@scope/part node_modules/dep
        echo 'module.exports = require("dep") + 1' > node_modules/@scope/part/index.js
        echo 'module.exports = 41' > node_modules/dep/index.js
        ln -s ../dep/index.js node_modules/.bin/dep
        ln -s ../packages/mine node_modules/mine
        ln -s ../../packages/mine node_modules/@scope/mine
    """
    prepared = bench.prepared(replace(STEP, argv=(textwrap.dedent(script),)))
    checkout = checkout_at(tmp_path)
    mine = checkout.root / "packages/mine"
    mine.mkdir(parents=True)
    mine.joinpath("index.js").write_text("module.exports = 'mine'\n")
    assert put_kept_paths(checkout, prepared.keep) is None
    modules = checkout.root / "node_modules"
    assert (modules / ".bin/dep").read_text() == "module.exports = 41\n"
    assert (modules / "mine/index.js").read_text() == (modules / "@scope/mine/index.js").read_text()
    (modules / ".cache").mkdir()
    node = next((path for path in ("/usr/bin/node", "/usr/local/bin/node") if Path(path).exists()), None)
    if node is None:
        pytest.skip("NOT TESTED: node is not installed")
    code = "console.log(require('@scope/part'), require('mine'))"
    done = subprocess.run([node, "-e", code], cwd=checkout.root, capture_output=True, check=True, text=True)
    assert done.stdout == "42 mine\n"


def test_a_commit_with_files_of_its_own_at_a_kept_path_is_refused(bench: Bench, tmp_path: Path) -> None:
    keep = bench.prepared().keep
    own = checkout_at(tmp_path / "own")
    own.root.joinpath("node_modules").mkdir()
    assert "path of the commit itself" in str(put_kept_paths(own, keep))
    dangling = checkout_at(tmp_path / "dangling")
    dangling.root.joinpath("node_modules").symlink_to("nowhere")
    assert "path of the commit itself" in str(put_kept_paths(dangling, keep))
    away = checkout_at(tmp_path / "away")
    away.root.joinpath("web").symlink_to(tmp_path)
    assert "leads out" in str(put_kept_paths(away, {"web/node_modules": keep["node_modules"]}))
    assert not tmp_path.joinpath("node_modules").exists()


def test_a_kept_path_below_a_folder_and_a_kept_file_are_put_at_their_places(bench: Bench, tmp_path: Path) -> None:
    script = "mkdir -p web/node_modules/dep; echo 1 > web/node_modules/dep/x; echo 2 > made.txt"
    keep = ("web/node_modules", "made.txt")
    prepared = bench.prepared(replace(STEP, argv=(script,), keep=keep))
    checkout = checkout_at(tmp_path)
    assert put_kept_paths(checkout, prepared.keep) is None
    assert checkout.root.joinpath("web/node_modules/dep/x").read_text() == "1\n"
    assert checkout.root.joinpath("made.txt").read_text() == "2\n"


def test_old_set_ups_are_taken_away_and_recent_ones_are_not(bench: Bench) -> None:
    for number in range(11):
        bench.prepared(replace(STEP, argv=(f"touch $AGENCY_SETUP/{number}",), keep=()))
    assert len(bench.notes()) == 11
    for number, note in enumerate(bench.notes()):
        os.utime(note, (number, number))
    bench.prepared(replace(STEP, argv=("touch $AGENCY_SETUP/last",), keep=()))
    assert len(bench.notes()) == 8
    assert len([path for path in bench.cache.iterdir() if path.is_dir()]) == 8


def test_a_tool_cannot_write_into_the_set_up(bench: Bench) -> None:
    if bench.isolation is Isolation.NONE:
        pytest.skip("NOT TESTED: this machine offers no isolation")
    prepared = bench.prepared()
    step = replace(STEP, argv=(f"echo x > {prepared.folder}/bin/teller; true",), keep=())
    bench.prepare(step)
    assert bench.prepared().reused
