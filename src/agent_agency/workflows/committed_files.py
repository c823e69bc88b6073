"""Files of a commit, read through one ``git cat-file`` process: for questions asked at every edit.

``Repository`` measures with more care and more processes; here only objects are read by name and id, and nothing of
the user's configuration can change those.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from agent_agency.errors import GitError, NotARepositoryError
from agent_agency.git.process import GitProgram, environment, first_line, kill_group, start

_HEADER = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) (blob|tree|commit|tag) ([0-9]+)\n")
_LONGEST = 64 << 20
TIME_LIMIT = 10.0
"""Seconds after which git is taken to hang: whoever waits to edit a file will not wait longer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree: ``mode`` is git's octal text without a leading zero."""

    mode: str
    id: str


def find_root(start_folder: Path) -> Path:
    """The top folder of the working tree that a folder lies in.

    Raises:
        NotARepositoryError: when no folder above it holds a ``.git``.
    """
    folder = start_folder.absolute()
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate / ".git"):
            return candidate
    raise NotARepositoryError(
        f"{folder} is in no working tree of a git repository",
        fix="Run it inside a git repository, or make one with git init.",
    )


class CommittedFiles:
    """Reads objects of the repository at ``root``; use it as a context manager.

    Raises:
        GitError: by every method, when git is missing, refuses, dies or answers what cannot be true.
    """

    def __init__(self, root: Path) -> None:
        settings = environment()
        for name in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"):
            del settings[name]  # the user's safe.directory decides whether the repository may be read
        self._settings = settings
        self._root = root
        self._git = GitProgram.on_path()
        self._process = start(self._git.path, ["cat-file", "--batch"], environment=settings, folder=root)
        self._guard = threading.Timer(TIME_LIMIT, kill_group, [self._process])
        self._guard.daemon = True
        self._guard.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._guard.cancel()
        kill_group(self._process)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):  # what git did not read any more is not missed
                    stream.close()

    def settings(self, pattern: str) -> Mapping[str, str]:
        """The repository's settings whose names match a regular expression; the last of a repeated one."""
        args = ["config", "--null", "--get-regexp", pattern]
        done = self._git.run(args, environment=self._settings, folder=self._root, time_limit=TIME_LIMIT)
        pairs = (entry.partition("\n") for entry in done.stdout.decode("utf-8", "surrogateescape").split("\0") if entry)
        return {name: value for name, _, value in pairs}

    def commit(self, name: str) -> str | None:
        """The id of the commit that a ref or ``HEAD`` means; ``None`` when there is none."""
        found = self._ask(f"{name}^{{commit}}")
        return found[0] if found else None

    def tree(self, commit: str) -> Mapping[str, Entry]:
        """The top entries of a commit."""
        content = self._object(commit, b"commit")
        match = re.match(rb"tree ([0-9a-f]+)\n", content)
        if match is None:
            raise self._broken()
        return self.entries(match[1].decode())

    def entries(self, tree: str) -> Mapping[str, Entry]:
        """The entries of a tree by name."""
        content, width = self._object(tree, b"tree"), len(tree) // 2
        entries: dict[str, Entry] = {}
        at = 0
        while at < len(content):
            space = content.index(b" ", at)
            end = content.index(b"\0", space)
            mode, name = content[at:space], content[space + 1 : end]
            at = end + 1 + width
            entries[os.fsdecode(name)] = Entry(mode.decode(), content[end + 1 : at].hex())
        return entries

    def blob(self, oid: str) -> bytes:
        """The content of a file."""
        return self._object(oid, b"blob")

    def _object(self, oid: str, kind: bytes) -> bytes:
        found = self._ask(oid)
        if found is None:
            raise GitError(f"The object {oid} is missing", fix="Fetch it, or run git fsck to find what is damaged.")
        if found[1] != kind:
            raise self._broken()
        return found[2]

    def _ask(self, name: str) -> tuple[str, bytes, bytes] | None:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None or "\n" in name:
            raise self._broken()
        try:
            stdin.write(os.fsencode(name) + b"\n")
            stdin.flush()
        except OSError as error:
            raise self._broken() from error
        header = stdout.readline()
        if header.endswith(b" missing\n"):
            return None
        match = _HEADER.fullmatch(header)
        if match is None or int(match[3]) > _LONGEST:
            raise self._broken()
        size = int(match[3])
        content = stdout.read(size + 1)
        if len(content) != size + 1:
            raise self._broken()
        return match[1].decode(), match[2], content[:size]

    def _broken(self) -> GitError:
        kill_group(self._process)
        told = first_line(self._process.stderr.read() if self._process.stderr else b"")
        if "not a git repository" in told:
            return NotARepositoryError(
                f"git cannot use the repository here: {told}", fix="Repair or remove its .git.", path=str(self._root)
            )
        fix = "Run git status here to see what git says."
        if "dubious ownership" in told:
            fix = "If you trust it, run: git config --global --add safe.directory FOLDER"
        return GitError(f"git could not read the repository: {told}", fix=fix, path=str(self._root))
