"""Is the code that a Python tool would measure the checkout's own?

An editable install, a ``.pth`` file or a ``sitecustomize`` of the tool's environment can make a test import the
project's packages from somewhere else, so that the head's code is never run. Before the tool, its own interpreter is
asked where it would import each top-level package of the checkout from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from agent_agency.sandbox.model import Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run

RULE = "foreign_code"
PACKAGE_FOLDERS = ("", "src", "lib")
_QUESTION = """
import importlib.machinery, json, sys
told = {}
for name in sys.argv[1:]:
    found = importlib.machinery.PathFinder.find_spec(name)
    for finder in [] if found else sys.meta_path:
        found = found or getattr(finder, "find_spec", lambda *_: None)(name, None)
    if found is not None:
        told[name] = [found.origin or "", *list(found.submodule_search_locations or [])]
print("\\n" + json.dumps(told))
"""


def is_python(argv: Sequence[str]) -> bool:
    """Whether a command line starts a Python interpreter by name."""
    return PurePath(argv[0]).name.startswith("python")


def foreign_packages(command: Command, isolation: Isolation) -> tuple[str, ...] | None:
    """Name the checkout's packages that the command's interpreter would import from elsewhere.

    Returns:
        ``NAME from PLACE`` for each; ``None`` when the interpreter gave no answer, which proves nothing.
    """
    names = own_packages(command.cwd)
    if not names:
        return ()
    asked = replace(command, argv=(command.argv[0], "-c", _QUESTION, *names), limits=Limits(wall_s=60.0))
    outcome = run(asked, isolation)
    if outcome.ended is not Ended.EXITED or outcome.exit_code != 0:
        return None
    lines = (outcome.output_head + outcome.output_tail).decode("utf-8", "replace").strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    root = command.cwd.resolve()
    return tuple(f"{name} from {place}" for name, places in sorted(told.items()) for place in _elsewhere(places, root))


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
    return place.resolve().is_relative_to(root)
