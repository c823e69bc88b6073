"""Which paths a changed file is held against: those that the change writes or takes away."""

from __future__ import annotations

from agent_agency.change.model import FileChange, FileStatus
from agent_agency.facts import display_path


def edited_paths(file: FileChange) -> tuple[str, ...]:
    """Both ends of a rename; of a copy only the new one, because its source stays as it was."""
    if file.status is FileStatus.COPIED and file.new is not None:
        return (file.new.path,)
    return file.paths


def described(file: FileChange) -> str:
    """The file as a message names it: ``old -> new`` for a rename, with its source for a copy."""
    shown = [display_path(path) for path in file.paths]
    if len(shown) == 1:
        return shown[0]
    return f"{shown[1]} (copied from {shown[0]})" if file.status is FileStatus.COPIED else f"{shown[0]} -> {shown[1]}"
