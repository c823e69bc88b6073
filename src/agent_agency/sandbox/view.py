"""What of the file system a command sees: the same answer for every level of isolation."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent_agency.sandbox.model import Command
from agent_agency.sandbox.tool_paths import SYSTEM_FOLDERS, home_folders, in_system, program_paths

_LISTED = stat.S_IROTH | stat.S_IXOTH
CPU_FACTS = Path("/sys/devices/system/cpu")


class Access(StrEnum):
    """What may be done below a path."""

    READ = "read"
    WRITE = "write"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Part:
    """One path and what may be done below it, unless a deeper part says otherwise."""

    path: Path
    access: Access


def parts(command: Command, *programs: Path) -> tuple[Part, ...]:
    """The parts of the file system that are there for a command and these programs, shallow before deep."""
    writable = _both_spellings(command.writable)
    readable = _both_spellings(command.readable)
    homes = home_folders(command.environment)
    found: dict[Path, Access] = {
        Path(folder): Access.READ for folder in (*SYSTEM_FOLDERS, CPU_FACTS) if Path(folder).is_dir()
    }
    found.update({home: Access.EMPTY for home in homes if not _within(home, writable) and not _holds_system(home)})
    for program in programs:
        needed = program_paths(program, command.environment, homes, writable)
        found.update({path: Access.READ for path in needed if not _within(path, writable)})
    found.update(dict.fromkeys(readable, Access.READ))
    found.update(dict.fromkeys(writable, Access.WRITE))
    ordered = [Part(path, found[path]) for path in sorted(found, key=lambda path: (len(path.parts), path))]
    return tuple(part for part in ordered if part.access is not _above(part.path, found))


def private_entries(folder: Path) -> Iterator[Path]:
    """Files and folders below ``folder`` that not everybody may read, e.g. ``/etc/shadow``.

    The kernel keeps them from an ordinary user; root owns them, with capabilities or without.
    """
    pending = [os.fspath(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                try:
                    mode = entry.stat(follow_symlinks=False).st_mode
                except FileNotFoundError:
                    continue
                open_folder = stat.S_ISDIR(mode) and mode & _LISTED == _LISTED
                if open_folder:
                    pending.append(entry.path)
                elif not stat.S_ISLNK(mode) and (stat.S_ISDIR(mode) or not mode & stat.S_IROTH):
                    yield Path(entry.path)


def _both_spellings(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Each path as given and with its links followed."""
    return tuple(dict.fromkeys(spelled for path in paths for spelled in (path.absolute(), path.resolve())))


def _above(path: Path, found: Mapping[Path, Access]) -> Access | None:
    """What the nearest part above says."""
    return next((found[folder] for folder in path.parents if folder in found), None)


def _within(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _holds_system(home: Path) -> bool:
    """A home that is itself a system folder, as some service accounts have, cannot be emptied."""
    return in_system(home) and any(Path(folder).is_relative_to(home) for folder in SYSTEM_FOLDERS)
