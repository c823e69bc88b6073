"""Which modules a checkout holds that its own tools would import: the names whose origin must be proven."""

from __future__ import annotations

import configparser
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USUAL_FOLDERS = ("", "src", "lib", "python")
_SETTINGS = ("pyproject.toml", "setup.cfg", "setup.py")
_LARGEST_SETTINGS = 256 * 1024
_MOST_PROJECTS = 50
_MOST_LOOKED_AT = 20_000
_DEEPEST = 3
_BESIDE_THE_PRODUCT = frozenset(
    {
        *("tests", "test", "docs", "doc", "examples", "example", "samples", "sample", "benchmarks", "benchmark"),
        *("scripts", "build", "dist", "setup", "conftest", "noxfile", "tasks", "fabfile", "versioneer"),
        *("node_modules", "venv", "env"),
    }
)
_TEST_FILE = re.compile(r"test_.*|.*_test")
_NAME_IN_SETUP = re.compile(r"""\bname\s*=\s*["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True, slots=True)
class OwnName:
    """A module of the checkout.

    ``folders`` are where it lies, relative to the checkout, ``""`` for its root. ``sure`` is whether it is the
    project's product for sure; else it may be a copy of somebody else's package that lies in the repository.
    """

    name: str
    folders: frozenset[str]
    sure: bool


def own_names(checkout: Path) -> tuple[OwnName, ...]:
    """List the modules that a checkout holds, in the usual places and in those that its settings name.

    Left out are the standard library's names, which no project is measured by, and what stands beside a product:
    tests, documentation, examples. A folder without ``__init__.py`` is named by what it holds.
    """
    projects = _projects(checkout)
    declared = {name for folder in projects for name in _declared_names(checkout / folder)}
    folders = dict.fromkeys(folder for project in projects for folder in _package_folders(checkout, project))
    found: dict[str, set[str]] = {}
    for folder in folders:
        for name in _modules_in(checkout / folder, _BESIDE_THE_PRODUCT - declared):
            found.setdefault(name, set()).add(folder)
    tops = {name.split(".", 1)[0] for name in found}
    known = bool(declared & tops)
    return tuple(
        OwnName(name, frozenset(places), not known or name.split(".", 1)[0] in declared or "" not in places)
        for name, places in sorted(found.items())
        if _may_be_product(name, declared)
    )


def declared_distributions(checkout: Path) -> frozenset[str]:
    """The names, as imported, of the distributions that a checkout's settings make."""
    return frozenset(name for folder in _projects(checkout) for name in _declared_names(checkout / folder))


def import_name(distribution: str) -> str:
    """What a distribution's name usually is when imported."""
    return re.sub(r"[-.]+", "_", distribution).lower()


def _may_be_product(name: str, declared: set[str]) -> bool:
    top, last = name.split(".", 1)[0], name.rsplit(".", 1)[-1]
    if top in sys.stdlib_module_names:
        return False
    beside = top in _BESIDE_THE_PRODUCT or _TEST_FILE.fullmatch(top) or _TEST_FILE.fullmatch(last)
    return top in declared or not beside


def _projects(checkout: Path) -> tuple[str, ...]:
    """Folders with a project's settings, the root always among them."""
    found, looked_at = [""], 0
    pending = [("", 0)]
    while pending and len(found) < _MOST_PROJECTS:
        folder, depth = pending.pop(0)
        if folder and _is_project(checkout / folder):
            found.append(folder)
        for child in _folders_in(checkout / folder) if depth < _DEEPEST else ():
            looked_at += 1
            if looked_at > _MOST_LOOKED_AT:
                return tuple(found)
            pending.append((f"{folder}/{child}" if folder else child, depth + 1))
    return tuple(found)


def _is_project(folder: Path) -> bool:
    """Whether a folder has settings of its own; a ``setup.py`` inside a package is a module."""
    return not (folder / "__init__.py").exists() and any((folder / name).is_file() for name in _SETTINGS)


def _folders_in(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and entry.name[0] != "." and entry.name != "node_modules"
            )
    except OSError:
        return []


def _package_folders(checkout: Path, project: str) -> Iterator[str]:
    for folder in (*USUAL_FOLDERS, *_declared_folders(checkout / project)):
        place = os.path.normpath(os.path.join(project, folder))  # noqa: PTH118  a Path would not take '..' away
        if not place.startswith(("..", "/")) and (checkout / place).is_dir():
            yield "" if place == "." else place


def _modules_in(folder: Path, left_out: frozenset[str]) -> Iterator[str]:
    looked_at = 0
    pending = [("", folder, 0)]
    while pending:
        prefix, place, depth = pending.pop(0)
        for name, package in _importable(place, left_out):
            looked_at += 1
            if package is not False:
                yield prefix + name
            elif depth >= _DEEPEST or looked_at > _MOST_LOOKED_AT:
                yield prefix + name  # not looked into: then the name of the folder itself is what must be proven
            else:
                pending.append((f"{prefix}{name}.", place / name, depth + 1))


def _importable(folder: Path, left_out: frozenset[str]) -> list[tuple[str, bool | None]]:
    """Names in a folder: ``None`` for a module, ``True`` for a package, ``False`` for a folder that may be one."""
    found: list[tuple[str, bool | None]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                stem, kind = os.path.splitext(entry.name)  # noqa: PTH122  a name alone
                if kind == ".py" and stem.isidentifier() and stem != "__init__" and entry.is_file():
                    found.append((stem, None))
                elif entry.name.isidentifier() and entry.is_dir() and entry.name not in left_out:
                    found.append((entry.name, Path(entry.path, "__init__.py").is_file()))
    except OSError:
        return []
    return found


def _declared_names(project: Path) -> set[str]:
    told, setup = _toml(project / "pyproject.toml"), _ini(project / "setup.cfg")
    tool = _table(told, "tool")
    names = [
        _table(told, "project").get("name"),
        _table(tool, "poetry").get("name"),
        _table(tool, "flit", "module").get("name"),
        _table(tool, "uv", "build-backend").get("module-name"),
        setup.get("metadata", "name", fallback=None),
        *_NAME_IN_SETUP.findall(_text(project / "setup.py")),
        *_texts(_table(tool, "setuptools").get("packages")),
        *_texts(_table(tool, "setuptools").get("py-modules")),
        *(Path(path).name for path in _texts(_wheel(tool).get("packages"))),
        *(entry.get("include") for entry in _tables(_table(tool, "poetry").get("packages"))),
    ]
    return {import_name(name.split(".")[0]) for name in names if isinstance(name, str) and name}


def _declared_folders(project: Path) -> Iterator[str]:
    told, setup = _toml(project / "pyproject.toml"), _ini(project / "setup.cfg")
    tool = _table(told, "tool")
    setuptools = _table(tool, "setuptools")
    yield from (value for value in _table(setuptools, "package-dir").values() if isinstance(value, str))
    yield from _texts(_table(setuptools, "packages", "find").get("where"))
    yield from (str(entry.get("from", "")) for entry in _tables(_table(tool, "poetry").get("packages")))
    yield from (str(Path(path).parent) for path in _texts(_wheel(tool).get("packages")))
    for value in (
        _table(tool, "pdm", "build").get("package-dir"),
        _table(tool, "maturin").get("python-source"),
        _table(tool, "uv", "build-backend").get("module-root"),
        setup.get("options.packages.find", "where", fallback=None),
    ):
        if isinstance(value, str):
            yield value
    for line in setup.get("options", "package_dir", fallback="").splitlines():
        yield line.partition("=")[2].strip()
    yield from re.findall(r"""package_dir\s*=\s*\{\s*["']{2}\s*:\s*["']([^"']+)["']""", _text(project / "setup.py"))


def _wheel(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    return _table(tool, "hatch", "build", "targets", "wheel")


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_SETTINGS:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _ini(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return configparser.ConfigParser(interpolation=None)
    return parser


def _table(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
