"""Which files a program needs to run at all: its links, its prefix, its interpreter and that one's prefix."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/gnu")
"""Read-only for every command. ``/home``, ``/root``, ``/run``, ``/srv`` and ``/var`` are not among them: they hold
people's files, sockets of services that act for whoever connects, and secrets."""

_PARTS = ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "ssl", "conda-meta", "pyvenv.cfg")
_SHIM_PARTS = ("bin", "lib", "libexec", "shims", "versions", "version", "installs", "plugins", "pyenv.d")
_PROGRAM_FOLDERS = frozenset({"bin", "sbin", "libexec"})
_MOST_LINKS = 40
_LONGEST_SHEBANG = 512


def find_program(name: str, environment: Mapping[str, str], cwd: Path) -> Path | None:
    """The absolute path of a program, links not followed; ``None`` when there is no such executable file."""
    if os.sep in name:
        path = Path(os.path.abspath(cwd / name))  # noqa: PTH100  resolve() would follow a virtual environment's link
        return path if path.is_file() and os.access(path, os.X_OK) else None
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    found = shutil.which(name, path=os.pathsep.join(str(cwd / folder) for folder in folders))
    return None if found is None else Path(os.path.abspath(found))  # noqa: PTH100  likewise


def program_paths(
    program: Path, environment: Mapping[str, str], homes: Iterable[Path], untrusted: tuple[Path, ...] = ()
) -> tuple[Path, ...]:
    """Files and folders, outside the system's, that ``program`` needs to be readable.

    What a link, a first line or a ``pyvenv.cfg`` below an ``untrusted`` folder names is taken only where it is the
    running Python or a program on the ``PATH`` outside these folders: otherwise the change under review could name a
    secret as its interpreter.

    Of a prefix only the folders with programs and libraries are taken, so that ``~/bin/tool`` opens ``~/bin`` and
    ``~/lib``, never the home; ``share`` only where the prefix is no home and no ``~/.local``.
    """
    homes = tuple(homes)
    kept: dict[Path, None] = {}
    for path in _programs(program, environment, untrusted):
        for needed in (path, *_prefix_parts(path, homes)):
            if not in_system(needed) and needed.exists():
                kept[needed] = None
    return tuple(kept)


def in_system(path: Path) -> bool:
    """Whether the path lies in a folder that every command may read."""
    return any(path.is_relative_to(folder) for folder in SYSTEM_FOLDERS)


def home_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The homes to hide: the user's, the caller's and the command's ``HOME``, real paths included."""
    import pwd

    named = [os.environ.get("HOME", ""), environment.get("HOME", "")]
    with contextlib.suppress(KeyError):
        named.append(pwd.getpwuid(os.getuid()).pw_dir)
    plain = [Path(name) for name in named if name.startswith("/")]
    return tuple(path for path in dict.fromkeys([*plain, *(path.resolve() for path in plain)]) if path != Path("/"))


def _programs(program: Path, environment: Mapping[str, str], untrusted: tuple[Path, ...]) -> Iterator[Path]:
    """The program, every link on the way to its file, and the same for the interpreters that it names."""
    pending = [program]
    seen: set[Path] = set()
    while pending and len(seen) < _MOST_LINKS:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        named = [path.resolve(), *_interpreters(path, environment)]
        if path.is_symlink():
            named.append(Path(os.path.abspath(path.parent / path.readlink())))  # noqa: PTH100  hop by hop
        doubted = _lies_in(path, untrusted)
        pending += [
            one for one in named if not doubted or _lies_in(one, untrusted) or _is_known(one, environment, untrusted)
        ]


def _lies_in(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _is_known(path: Path, environment: Mapping[str, str], untrusted: tuple[Path, ...]) -> bool:
    """Whether a path is a program that the caller chose: the running Python, or one on ``PATH``."""
    real = path.resolve()
    entries = environment.get("PATH", os.defpath).split(os.pathsep)
    trusted = [entry for entry in entries if entry.startswith("/") and not _lies_in(Path(entry).resolve(), untrusted)]
    found = shutil.which(path.name, path=os.pathsep.join(trusted)) if trusted else None
    return real == Path(sys.executable).resolve() or (found is not None and real == Path(found).resolve())


def _interpreters(path: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Interpreters that a program needs: a script's first line, a virtual environment's base."""
    with contextlib.suppress(OSError, ValueError):
        with path.open("rb") as stream:
            first = stream.read(_LONGEST_SHEBANG).split(b"\n", 1)[0]
        if first.startswith(b"#!"):
            words = os.fsdecode(first[2:]).split()
            if words and words[0].endswith("/env"):
                named = next((word for word in words[1:] if word[0] != "-"), "")
                found = find_program(named, environment, Path("/")) if named else None
                words = [] if found is None else [str(found)]
            yield from (Path(word) for word in words[:1])
    with contextlib.suppress(OSError, ValueError):
        text = (path.parent.parent / "pyvenv.cfg").read_text("utf-8")
        pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        settings = {key.strip(): value.strip() for key, value in pairs.items()}
        if "home" in settings:
            yield Path(settings["home"]) / path.name
            yield Path(settings["home"]) / "python3"
        if "executable" in settings:
            yield Path(settings["executable"])


def _prefix_parts(path: Path, homes: tuple[Path, ...]) -> Iterator[Path]:
    if "node_modules" in path.parts:
        yield Path(*path.parts[: path.parts.index("node_modules") + 1])
    prefix = path.parent.parent
    if path.parent.name == "shims":  # version managers: the shim finds the real program below the same root
        yield from (prefix / part for part in _SHIM_PARTS)
    if path.parent.name not in _PROGRAM_FOLDERS:
        return
    open_home = any(home.is_relative_to(prefix) or prefix == home / ".local" for home in homes)
    parts = _PARTS if open_home else (*_PARTS, "share")
    yield from (prefix / part for part in parts)
