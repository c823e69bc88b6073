"""Ask a Python interpreter what is installed for it, and which modules it would import from where.

The question runs as the tool itself would, kept apart and with the same variables, but the folder it starts in is not
on its path: nothing of the change is imported.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent_agency.sandbox.model import Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run

_ANSWER_S = 60.0
_NAMES_AT_ONCE = 500
"""Names in one argument: the kernel takes 128 KiB, and a name is at most 255 bytes."""
_QUESTION = r"""
import sys
if sys.path[:1] == [""]:
    del sys.path[0]
import hashlib, importlib.machinery, json, os
mark, names = sys.argv[1], [name for part in sys.argv[2:] for name in json.loads(part)]
standard = os.path.dirname(os.path.realpath(os.__file__))
site = lambda place: "site-packages" in place.split(os.sep) or "dist-packages" in place.split(os.sep)

def listed(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []

def read(*parts):
    try:
        with open(os.path.join(*parts), "rb") as stream:
            return stream.read()
    except OSError:
        return None

def editable_from(origin):
    try:
        told = json.loads(origin.decode()) if origin else {}
        place = told.get("url", "").replace("file://", "", 1)
        settings = {"pyproject.toml", "setup.py", "setup.cfg"}.intersection(listed(place))
        return bool(told.get("dir_info", {}).get("editable") and settings)
    except (ValueError, AttributeError):
        return True

packages, records, hooks, changeable = {}, {}, {}, []
for entry in [entry for entry in sys.path if isinstance(entry, str)]:
    inside = os.path.realpath(entry)
    if listed(entry) and not site(entry) and not (inside + os.sep).startswith(standard + os.sep):
        changeable.append(entry)
    for name in listed(entry):
        stem, kind = os.path.splitext(name)
        if kind in (".dist-info", ".egg-info"):
            record = next(filter(None, (read(entry, name, part) for part in ("RECORD", "METADATA", "PKG-INFO"))), b"")
            record = record or read(entry, name) or b""
            origin = read(entry, name, "direct_url.json") or b""
            packages[stem] = hashlib.sha256(record + b"\0" + origin).hexdigest()
            records[stem] = record + b"\n" + (read(entry, name, "top_level.txt") or b"")
            if editable_from(origin):
                changeable.append(name)
        elif kind == ".pth" or name in ("sitecustomize.py", "usercustomize.py"):
            hooks[os.path.join(entry, name)] = hashlib.sha256(read(entry, name) or b"").hexdigest()

def places(spec):
    if spec.origin and spec.origin not in ("namespace", "built-in", "frozen"):
        return [spec.origin]
    return [str(place) for place in spec.submodule_search_locations or []]

def locate(name, within):
    passed = False
    for finder in list(sys.meta_path):
        is_path = finder is importlib.machinery.PathFinder
        spec = finder.find_spec(name, within) if hasattr(finder, "find_spec") else None
        if spec is not None:
            return spec, not passed and not is_path
        passed = passed or is_path
    return None, False

def before_standard(place):
    for entry in sys.path:
        if isinstance(entry, str) and os.path.realpath(entry) == standard:
            return False
        if isinstance(entry, str) and entry and place.startswith(entry.rstrip(os.sep) + os.sep):
            return True
    return False

def find(name):
    if name in sys.modules and name not in parents:
        spec = getattr(sys.modules[name], "__spec__", None)
        return (places(spec) if spec else []), True
    within, ahead, parts = None, False, name.split(".")
    for number in range(len(parts)):
        spec, early = locate(".".join(parts[: number + 1]), within)
        if spec is None:
            return None
        regular = spec.origin not in (None, "namespace") and spec.submodule_search_locations is not None
        ahead = ahead or early or (regular and number + 1 < len(parts))
        within = spec.submodule_search_locations
        if within is None and number + 1 < len(parts):
            return None
        if not regular and number + 1 < len(parts):  # a folder of parts is looked up through its parent's module
            parents.add(spec.name)
            sys.modules.setdefault(spec.name, type(sys)(spec.name)).__path__ = within
    return places(spec), ahead or any(before_standard(place) for place in places(spec))

def owner(name):
    top = name.replace(".", "/").encode()
    for stem, record in records.items():
        lines = b"\n" + record
        if b"\n" + top + b"/" in lines or b"\n" + top + b".py," in lines or b"\n" + top + b"\n" in lines + b"\n":
            return stem
    return ""

found, parents = {}, set()
for name in names:
    try:
        told = find(name)
    except Exception as error:
        told = (["a place that a finder fails to name (" + type(error).__name__ + ")"], True)
    if told is not None and told[0]:
        found[name] = {"places": told[0][:4], "ahead": told[1], "owner": owner(name)}
answer = {
    "version": ".".join(map(str, sys.version_info[:3])),
    "build": sys.version,
    "packages": packages,
    "hooks": hooks,
    "changeable": changeable,
    "found": found,
}
sys.stdout.write("\n" + mark + json.dumps(answer) + "\n")
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a module lies that an interpreter finds by itself.

    ``ahead`` is whether it comes before the folders of a checkout even where these are put first on the path; ``owner``
    is the installed distribution, as ``NAME-VERSION``, whose files name it, else empty.
    """

    places: tuple[str, ...]
    ahead: bool
    owner: str


@dataclass(frozen=True, slots=True)
class InterpreterAnswer:
    """What an interpreter told.

    ``packages`` maps each installed distribution, ``NAME-VERSION``, to the digest of its record of files, ``hooks`` the
    files that run when it starts to theirs. ``changeable`` names folders on its path, and editable installs, whose
    files no record covers. ``found`` has the modules asked for that it would find.
    """

    version: str
    build: str
    packages: Mapping[str, str]
    hooks: Mapping[str, str]
    changeable: tuple[str, ...]
    found: Mapping[str, Found]

    def version_of(self, name: str) -> tuple[str, str] | None:
        """The version of an installed distribution, and the digest of its record."""
        wanted = plain_name(name)
        for stem, digest in self.packages.items():
            known, _, rest = stem.partition("-")
            if plain_name(known) == wanted:
                return rest.partition("-")[0], digest
        return None


def ask_interpreter(
    python: Path, names: Sequence[str], command: Command, isolation: Isolation, cancel: threading.Event | None
) -> InterpreterAnswer | None:
    """Ask; ``None`` when there is no whole answer.

    Args:
        python: the interpreter as its tool starts it, a virtual environment's link not followed.
        names: modules, dotted where they lie in packages without ``__init__.py``.
        command: the tool's own, for its folder, variables and what it may see.
        isolation: the level at which the tool is run.
        cancel: ends the question.
    """
    mark = secrets.token_hex(16)  # so that nothing that a start-up file prints is taken for the answer
    parts = [json.dumps(names[start : start + _NAMES_AT_ONCE]) for start in range(0, len(names), _NAMES_AT_ONCE)]
    argv = (str(python), "-c", _QUESTION, mark, *parts)
    asked = replace(command, argv=argv, network=False, limits=Limits(wall_s=_ANSWER_S))
    outcome = run(asked, isolation, cancel=cancel)
    if outcome.ended is not Ended.EXITED or outcome.exit_code != 0 or outcome.detail:
        return None
    text = (outcome.output_head + outcome.output_tail).decode("utf-8", "replace")
    line = next((line for line in text.split("\n") if line.startswith(mark)), None)
    try:
        return None if line is None else _read(json.loads(line.removeprefix(mark)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _read(told: Mapping[str, Any]) -> InterpreterAnswer:
    found = {
        str(name): Found(tuple(map(str, one["places"])), bool(one["ahead"]), str(one["owner"]))
        for name, one in told["found"].items()
    }
    return InterpreterAnswer(
        version=str(told["version"]),
        build=str(told["build"]),
        packages={str(name): str(digest) for name, digest in told["packages"].items()},
        hooks={str(name): str(digest) for name, digest in told["hooks"].items()},
        changeable=tuple(map(str, told["changeable"])),
        found=found,
    )


def plain_name(name: str) -> str:
    """A distribution's name as PEP 503 compares names."""
    return name.lower().replace("_", "-").replace(".", "-")
