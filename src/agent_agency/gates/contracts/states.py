"""Where a declared contract's file lies at the base and at the head: renames, folders and links followed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from agent_agency.change.model import FileStatus
from agent_agency.gates.context import GateContext
from agent_agency.gates.contracts.declared import Declared, is_candidate

MAX_FILES_OF_FOLDER = 200
_MAX_HOPS = 10
_LINK = "120000"


@dataclass(frozen=True, slots=True)
class States:
    """One contract file at both ends. ``None`` stands for a file that is not there."""

    base_path: str
    head_path: str
    base: bytes | None
    head: bytes | None

    @property
    def moved(self) -> bool:
        """Whether the change renamed the file."""
        return self.base_path != self.head_path and self.base is not None and self.head is not None


class Files:
    """The files of both ends of a change."""

    def __init__(self, context: GateContext) -> None:
        self._context = context
        self._head_modes = context.head_modes or {}
        files = context.change.files
        renames = [(file.old, file.new) for file in files if file.status is FileStatus.RENAMED]
        self._new_paths = {old.path: new.path for old, new in renames if old and new}
        self._old_paths = {new: old for old, new in self._new_paths.items()}
        self._old_modes = {file.old.path: file.old.mode for file in files if file.old}

    def states_of(self, declared: Declared) -> Iterator[States]:
        """The states of a file, or of every file of a folder; at least one."""
        if declared.path.startswith("/") or ".." in declared.path.split("/"):
            yield States(declared.path, declared.path, None, None)
            return
        states = self._file(declared.path)
        if states.base is not None or states.head is not None:
            yield states
            return
        inside = sorted(path for path in self._folder(declared.path) if is_candidate(declared.type, path))
        for path in inside[:MAX_FILES_OF_FOLDER]:
            yield self._file(path)
        if not inside:
            yield states

    def is_beyond(self, declared: Declared) -> bool:
        """Whether a folder has more files than are looked at."""
        return sum(is_candidate(declared.type, path) for path in self._folder(declared.path)) > MAX_FILES_OF_FOLDER

    def _folder(self, path: str) -> set[str]:
        """All paths below a folder, those that the change took away included."""
        below = f"{path}/"
        gone = {old for old in self._old_modes if old not in self._head_modes and old not in self._new_paths}
        return {name for name in (*self._head_modes, *gone) if name.startswith(below)}

    def _file(self, path: str) -> States:
        base, head = self._read_base(path), self._read_head(path)
        if base is not None and head is None and path in self._new_paths:
            return States(path, self._new_paths[path], base, self._read_head(self._new_paths[path]))
        if base is None and head is not None and path in self._old_paths:
            return States(self._old_paths[path], path, self._read_base(self._old_paths[path]), head)
        return States(path, path, base, head)

    def _read_head(self, path: str) -> bytes | None:
        for _ in range(_MAX_HOPS):
            data = self._context.read_head(path)
            if data is None or self._head_modes.get(path) != _LINK:
                return data
            path = _beside(path, data)
            if path.startswith(("/", "..")):
                return None
        return None

    def _read_base(self, path: str) -> bytes | None:
        for _ in range(_MAX_HOPS):
            data = self._context.read_base(path)
            if data is None or self._old_modes.get(path, self._head_modes.get(path)) != _LINK:
                return data
            path = _beside(path, data)
            if path.startswith(("/", "..")):
                return None
        return None


def _beside(path: str, target: bytes) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target.decode("utf-8", "surrogateescape")))
