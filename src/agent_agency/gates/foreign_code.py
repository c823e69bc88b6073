"""Is the code that a Python tool would measure the checkout's own?

An editable install, a ``.pth`` file or a ``sitecustomize`` of the tool's environment can make a test import the
project's packages from somewhere else, so that the head's code is never run. Before the tool, its own interpreter is
asked where it would import each top-level package of the checkout from.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path, PurePath

from agent_agency.sandbox.model import Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run
from agent_agency.sandbox.tool_paths import find_program

RULE = "foreign_code"
PACKAGE_FOLDERS = ("", "src", "lib")
_ANSWER_S = 60.0
_LONGEST_FIRST_LINE = 512
_QUESTION = """
import sys
here = sys.path.pop(0)
import importlib.machinery, json
if sys.argv.pop(1) == "with_cwd":
    sys.path.insert(0, here)
told = {}
for name in sys.argv[1:]:
    found = importlib.machinery.PathFinder.find_spec(name)
    for finder in [] if found else sys.meta_path:
        found = found or getattr(finder, "find_spec", lambda *_: None)(name, None)
    if found is not None:
        told[name] = [found.origin or "", *list(found.submodule_search_locations or [])]
print("\\n" + json.dumps(told))
"""


def foreign_packages(
    command: Command, isolation: Isolation, cancel: threading.Event | None = None
) -> tuple[str, ...] | None:
    """Name the checkout's packages that the command's Python would import from elsewhere.

    Returns:
        ``NAME from PLACE`` for each, nothing for a tool that is no Python; ``None`` when the interpreter gave no
        answer, which proves nothing.
    """
    names = own_packages(command.cwd)
    python = _interpreter(command)
    if not names or python is None:
        return ()
    # python puts the current folder on its path, a script such as pytest its own folder instead
    paths = "with_cwd" if python == command.argv[0] else "without_cwd"
    asked = replace(command, argv=(python, "-c", _QUESTION, paths, *names), limits=Limits(wall_s=_ANSWER_S))
    outcome = run(asked, isolation, cancel=cancel)
    if outcome.ended is not Ended.EXITED or outcome.exit_code != 0:
        return None
    lines = (outcome.output_head + outcome.output_tail).decode("utf-8", "replace").strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    root = Path(os.path.realpath(command.cwd))
    return tuple(f"{name} from {place}" for name, places in sorted(told.items()) for place in _elsewhere(places, root))


def _interpreter(command: Command) -> str | None:
    """The Python that a command line starts by name, or that the first line of its script names."""
    if PurePath(command.argv[0]).name.startswith("python"):
        return command.argv[0]
    program = find_program(command.argv[0], command.environment, command.cwd)
    if program is None or program.is_relative_to(command.cwd):
        return None
    try:
        with program.open("rb") as stream:
            first = stream.readline(_LONGEST_FIRST_LINE)
    except OSError:
        return None
    words = os.fsdecode(first[2:]).split() if first.startswith(b"#!") else []
    return next((word for word in words if PurePath(word).name.startswith("python")), None)


def own_packages(checkout: Path) -> tuple[str, ...]:
    """List the top-level packages and modules that the checkout holds, in its usual places."""
    names = set()
    for folder in PACKAGE_FOLDERS:
        place = checkout / folder
        if not place.is_dir():
            continue
        names |= {child.parent.name for child in place.glob("*/__init__.py")}
        if folder:
            names |= {child.stem for child in place.glob("*.py")}
    return tuple(sorted(name for name in names if name.isidentifier()))


def _elsewhere(places: object, root: Path) -> list[str]:
    if not isinstance(places, list):
        return ["an unknown place"]
    outside = [str(place) for place in places if place and not _is_below(Path(str(place)), root)]
    return outside[:1]


def _is_below(place: Path, root: Path) -> bool:
    return Path(os.path.realpath(place)).is_relative_to(root)
