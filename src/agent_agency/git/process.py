"""Run git as a bounded process: argument lists, a scrubbed environment, a time limit, the whole group killed."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import GitError

OLDEST_GIT = (2, 34)
TIME_LIMIT = 600.0
PIPE = subprocess.PIPE
_LONGEST_QUOTE = 300

_FIXED_ENVIRONMENT: Mapping[str, str] = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # a list of allowed transports that names none: no network, whatever a remote says
    "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    "GIT_ADVICE": "0",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """What a git process left: its exit code and both outputs, undecoded."""

    code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class GitProgram:
    """The git executable, by absolute path."""

    path: str

    @classmethod
    def find(cls) -> GitProgram:
        """Find git on PATH, and see that it is new enough.

        Raises:
            GitError: when git is missing or older than ``OLDEST_GIT``.
        """
        program = cls.on_path()
        version = program.version()
        if version < OLDEST_GIT:
            raise GitError(
                f"git {'.'.join(map(str, version))} is too old",
                fix=f"Install git {'.'.join(map(str, OLDEST_GIT))} or newer.",
                code="git.too_old",
            )
        return program

    @classmethod
    def on_path(cls) -> GitProgram:
        """Find git on PATH, leaving out relative entries: the reviewed tree must not supply the program.

        Its age is not asked, which costs a process: for plumbing that every git has.

        Raises:
            GitError: when git is missing.
        """
        entries = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
        path = shutil.which("git", path=os.pathsep.join(entries)) if entries else None
        if path is None:
            raise GitError(
                "git was not found on PATH",
                fix=f"Install git {'.'.join(map(str, OLDEST_GIT))} or newer and put it on PATH.",
                code="git.missing",
            )
        return cls(path)

    def version(self) -> tuple[int, ...]:
        """The version as numbers, e.g. ``(2, 39, 5)``."""
        told = self.run(["version"], environment=environment(), folder="/").stdout
        match = re.match(rb"git version (\d+)\.(\d+)(?:\.(\d+))?", told)
        if match is None:
            raise GitError(
                f"{self.path} does not answer as git does", fix="Put a real git first on PATH.", code="git.missing"
            )
        return tuple(int(part) for part in match.groups(b"0"))

    def run(
        self,
        args: Sequence[str | bytes],
        *,
        environment: Mapping[str, str],
        folder: str | Path,
        stdin: bytes | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> Finished:
        """Run ``git ARGS`` to its end and hand back whatever it said, good or bad.

        Raises:
            GitError: when it cannot be started, or runs past ``time_limit`` seconds (the whole group is killed).
        """
        with start(self.path, args, environment=environment, folder=folder) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=time_limit)
            except subprocess.TimeoutExpired as error:
                kill_group(process)
                raise GitError(
                    f"{command_name(args)} did not end within {time_limit:g} seconds",
                    fix="Free the machine or the file system and try again.",
                    code="git.timed_out",
                ) from error
            except BaseException:
                kill_group(process)
                raise
        return Finished(process.returncode, stdout, stderr)


class _Process(subprocess.Popen[bytes]):
    """A process whose end is noticed when it comes: ``Popen`` with a time limit looks, sleeps and looks again."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, as ``Popen.wait`` does."""
        if timeout is not None and self.returncode is None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):  # a kernel or a sandbox without it: the usual way below
                end = os.pidfd_open(self.pid)
                try:
                    poll = select.poll()
                    poll.register(end, select.POLLIN)
                    poll.poll(max(0.0, timeout) * 1000)
                finally:
                    os.close(end)
        return super().wait(timeout)


def environment(**extra: str) -> dict[str, str]:
    """The caller's environment without any ``GIT_*`` variable, and with the settings that make git's answers plain."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **_FIXED_ENVIRONMENT, **extra}


def start(
    program: str, args: Sequence[str | bytes], *, environment: Mapping[str, str], folder: str | Path, stderr: int = PIPE
) -> subprocess.Popen[bytes]:
    """Start git in a process group of its own, its streams piped (``stderr`` may be ``subprocess.DEVNULL``)."""
    try:
        return _Process(
            [program, *args],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise GitError(
            f"{command_name(args)} could not be started ({error})", fix="Check that git and the folder are there."
        ) from error


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and whatever it started, and reap it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def command_name(args: Sequence[str | bytes]) -> str:
    """``git SUBCOMMAND`` for a message: never the arguments, which may be long or hold odd names."""
    skip_value = False
    for arg in map(os.fsdecode, args):
        if skip_value or arg.startswith("-"):
            skip_value = arg == "-c" and not skip_value
            continue
        return f"git {arg}"
    return "git"


def first_line(stderr: bytes) -> str:
    """The first telling line of git's standard error, made printable and short."""
    for line in stderr.decode("utf-8", "replace").splitlines():
        text = line.removeprefix("fatal: ").removeprefix("error: ").strip().rstrip(".")
        text = text.removeprefix("warning: ")
        if text and not text.startswith("hint: "):
            return "".join(char if char.isprintable() else "?" for char in text)[:_LONGEST_QUOTE]
    return "it gave no reason"


def reason(done: Finished) -> str:
    """Why a git process failed, in one line: what it said, or the signal that ended it."""
    if done.code < 0 and not done.stderr.strip():
        return f"it was ended by signal {-done.code} ({signal.strsignal(-done.code)})"
    return first_line(done.stderr)


def failure(args: Sequence[str | bytes], done: Finished) -> GitError:
    """The error for a git command that refused."""
    return GitError(
        f"{command_name(args)} failed: {reason(done)}",
        fix="Run git fsck to find what is damaged; in a partial or shallow clone fetch what is missing first.",
    )
