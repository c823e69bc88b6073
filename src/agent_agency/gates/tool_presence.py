"""Whether the program that a command starts is there, and the module that ``python -m`` would run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from agent_agency.sandbox.tool_paths import find_program

PROBE_SECONDS = 20
_HAS_MODULE = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1].split('.')[0]) is None)"


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a command lacks here, and what mends it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ToolPresence:
    """Looks for programs and modules; each question is asked once.

    ``variables`` are the arbiter's own, of which ``PATH`` counts.
    """

    variables: Mapping[str, str]
    _answers: dict[tuple[str, str], bool] = field(default_factory=dict)

    def program(self, name: str) -> Path | None:
        """Where a program is; never one that a relative entry of ``PATH`` would find."""
        absolute = [entry for entry in self.variables.get("PATH", "").split(":") if entry.startswith("/")]
        return find_program(name, {**self.variables, "PATH": ":".join(absolute)}, Path("/"))

    def lacking_program(self, name: str) -> Lacking | None:
        """Say that a program is not there."""
        if self.program(name) is not None:
            return None
        return Lacking(f"there is no program {name!r}", "Install it, or put its folder on PATH.")

    def lacking_module(self, python: str, module: str) -> Lacking | None:
        """Say that an interpreter, or its module, is not there."""
        place = self.program(python)
        if place is None:
            return self.lacking_program(python)
        known = (str(place), module)
        if known not in self._answers:
            self._answers[known] = _has_module(place, module)
        if self._answers[known]:
            return None
        remedy = f"Install it for that interpreter, or put the right {PurePath(python).name} first on PATH."
        return Lacking(f"{place} has no module {module!r}", remedy)


def module_of(argv: Sequence[str]) -> str | None:
    """The module that a command gives to ``python -m``."""
    is_python = PurePath(argv[0]).name.startswith("python")
    return argv[2] if is_python and tuple(argv[1:2]) == ("-m",) and len(argv) > 2 else None  # noqa: PLR2004  its place


def _has_module(python: Path, module: str) -> bool:
    """Ask the interpreter itself, from an empty folder, so that no file of the repository answers."""
    with tempfile.TemporaryDirectory(prefix="agency-doctor-") as folder:
        try:
            done = subprocess.run(
                [str(python), "-I", "-c", _HAS_MODULE, module],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0
