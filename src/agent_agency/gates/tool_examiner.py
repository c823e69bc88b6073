"""Remembers, for one review, what was found out about each interpreter and program."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.gates.interpreter_answer import InterpreterAnswer, ask_interpreter
from agent_agency.sandbox.model import Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run

_PRIVATE = frozenset({"HOME", "TMPDIR"})
_NPM_LISTING = ".package-lock.json"
_VERSION_S = 10.0
_LONGEST_VERSION = 80
_TELLS_VERSION = {
    **dict.fromkeys(("ruff", "node", "npm", "cargo", "rustc", "deno", "uv", "make", "gcc", "clang"), "--version"),
    **dict.fromkeys(("hadolint", "shellcheck", "gitleaks", "biome", "taplo", "git", "buf", "oasdiff"), "--version"),
    "go": "version",
}
"""Programs of which it is known that this argument prints their version and does nothing else."""


class ToolExaminer:
    """Asks each interpreter and looks at each program once, however many gates and threads want to know."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._known: dict[Hashable, Any] = {}

    def answer(
        self,
        python: Path,
        names: tuple[str, ...],
        command: Command,
        isolation: Isolation,
        cancel: threading.Event | None,
    ) -> InterpreterAnswer | None:
        """What an interpreter tells; ``None`` when it does not, which is asked again the next time."""
        environment = sorted((name, value) for name, value in command.environment.items() if name not in _PRIVATE)
        inside = python.is_relative_to(command.cwd)
        key = (python, names, tuple(environment), command.readable, isolation, command.cwd if inside else None)
        told: InterpreterAnswer | None = self._once(
            key, lambda: ask_interpreter(python, names, command, isolation, cancel)
        )
        return told

    def digest(self, path: Path) -> str | None:
        """The SHA-256 of a program's file, links followed; ``None`` when it cannot be read.

        For a script of npm what its package says of itself, and npm's list of what lies beside it, count too.
        """
        try:
            info = path.stat()
        except OSError:
            return None
        key = ("digest", path, info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)
        digest: str | None = self._once(key, lambda: _digest(path))
        return digest

    def version(self, path: Path, command: Command, isolation: Isolation) -> str | None:
        """The version of a program that is no Python, where there is a known way to tell."""
        version: str | None = self._once(("version", path, isolation), lambda: _version(path, command, isolation))
        return version

    def _once(self, key: Hashable, find_out: Callable[[], Any]) -> Any:
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._known:
                found = find_out()
                if found is None:
                    return None
                self._known[key] = found
            return self._known[key]


def _digest(path: Path) -> str | None:
    real = path.resolve()
    package = _npm_package(real)
    try:
        data = [] if package is None else [package.read_bytes()]
        folder = _npm_folder(real)
        if folder is not None and (folder / _NPM_LISTING).is_file():
            data.append((folder / _NPM_LISTING).read_bytes())
        with real.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
    return f"sha256:{digest}" if not data else digest_bytes(b"\0".join([*data, digest.encode()]))


def _npm_folder(path: Path) -> Path | None:
    parts = path.parts
    return Path(*parts[: parts.index("node_modules") + 1]) if "node_modules" in parts else None


def _version(path: Path, command: Command, isolation: Isolation) -> str | None:
    if "node_modules" in path.resolve().parts:
        return _npm_version(path.resolve())
    argument = _TELLS_VERSION.get(path.name)
    if argument is None:
        return None
    asked = replace(
        command,
        argv=(str(path), argument),
        cwd=Path("/usr"),
        writable=(),
        network=False,
        limits=Limits(wall_s=_VERSION_S),
    )
    outcome = run(asked, isolation)
    if outcome.ended is not Ended.EXITED or outcome.exit_code != 0:
        return None
    lines = outcome.output_head.decode("utf-8", "replace").strip().splitlines()
    text = "".join(char for char in lines[0] if char.isprintable())[:_LONGEST_VERSION] if lines else ""
    return text or None


def _npm_version(path: Path) -> str | None:
    package = _npm_package(path)
    try:
        told = json.loads(package.read_bytes()) if package is not None else None
    except (OSError, ValueError, RecursionError):
        return None
    version = told.get("version") if isinstance(told, dict) else None
    return version[:_LONGEST_VERSION] if isinstance(version, str) else None


def _npm_package(path: Path) -> Path | None:
    """What a script's package of npm says of itself."""
    for folder in path.parents if _npm_folder(path) is not None else ():
        if folder.name == "node_modules":
            return None
        if (folder / "package.json").is_file():
            return folder / "package.json"
    return None
