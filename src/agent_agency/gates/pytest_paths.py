"""Which folders of a checkout pytest puts before the installed packages, by its documented rules.

Sources: pytest's pages "Good Integration Practices" and "pytest import mechanisms and sys.path" (rootdir, conftest and
``prepend``), and its settings ``pythonpath`` and ``python_files``. Where an option could change these, nothing is
granted.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path

from agent_agency.gates.checkout import lies_inside

_SETTINGS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_SECTIONS = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_CHANGES_PLACES = re.compile(
    r"-c|-c.+|--config-file.*|--rootdir.*|-o|-o.+|--override-ini.*|--import-mode.*|--noconftest|--confcutdir.*|-p|-p.+"
)
_HARMLESS = re.compile(r"-p ?no:[\w.]+|-o ?junit_\w+=\w+")
_LOADED = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_LARGEST = 256 * 1024
_MOST_LOOKED_AT = 20_000


def pytest_folders(checkout: Path, arguments: Sequence[str]) -> tuple[frozenset[Path], frozenset[Path]]:
    """The folders that pytest puts first for its tests, and those that its setting ``pythonpath`` adds.

    Args:
        checkout: where pytest is started.
        arguments: those of pytest.
    """
    if any(map(_may_change_places, _without_harmless(arguments))) or _settings_below(checkout, arguments):
        return frozenset(), frozenset()
    settings = _settings(checkout)
    options = settings.get("addopts", [])
    if any(map(_may_change_places, _without_harmless(options))):
        return frozenset(), frozenset()
    named = frozenset(_inside(checkout, folder) for folder in settings.get("pythonpath", []))
    usual = "python_files" not in settings and _all_start_at_root(checkout)
    return frozenset({checkout}) if usual else frozenset(), named


def _without_harmless(words: Sequence[str]) -> list[str]:
    """The words without ``-p no:NAME``, which only leaves a plugin out, and settings of the report."""
    kept: list[str] = []
    for word in words:
        if kept and _HARMLESS.fullmatch(f"{kept[-1]} {word}"):
            kept.pop()
        elif not _HARMLESS.fullmatch(word):
            kept.append(word)
    return kept


def _may_change_places(word: str) -> bool:
    return _CHANGES_PLACES.fullmatch(word) is not None


def _settings(checkout: Path) -> dict[str, list[str]]:
    """Pytest's settings from the first file that has some, in its own order."""
    for name in _SETTINGS:
        text = _text(checkout / name) if lies_inside(checkout / name, checkout) else None
        if text is None:
            continue
        told = _from_toml(text) if name == "pyproject.toml" else _from_ini(text, _SECTIONS[name])
        if told is not None or name in {"pytest.ini", ".pytest.ini"}:
            return told or {}
    return {}


def _from_toml(text: str) -> dict[str, list[str]] | None:
    try:
        tool = tomllib.loads(text).get("tool", {})
        table = tool.get("pytest", {}).get("ini_options")
    except (tomllib.TOMLDecodeError, AttributeError, RecursionError):
        return None
    if not isinstance(table, dict):
        return None
    return {
        key: [str(one) for one in value] if isinstance(value, list) else _split(str(value))
        for key, value in table.items()
    }


def _from_ini(text: str, section: str) -> dict[str, list[str]] | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {key: _split(value) for key, value in parser[section].items()} if parser.has_section(section) else None


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return ["--rootdir"]  # what cannot be read could say anything


def _inside(checkout: Path, folder: str) -> Path:
    return Path(os.path.abspath(checkout / folder))  # noqa: PTH100  links are followed where it matters


def _settings_below(checkout: Path, arguments: Sequence[str]) -> bool:
    """Whether a folder between the root and a test that is asked for has settings, and so may be pytest's root."""
    for word in arguments:
        place = _inside(checkout, word.split("::", 1)[0])
        if word.startswith("-") or not place.exists() or place == checkout:
            continue
        if not place.is_relative_to(checkout):
            return True
        between = [folder for folder in (place, *place.parents) if checkout in folder.parents]
        if any((folder / name).is_file() for folder in between for name in _SETTINGS):
            return True
    return False


def _all_start_at_root(checkout: Path) -> bool:
    """Whether whatever pytest loads first puts the root on the path: ``conftest.py`` there, or tests in packages."""
    if (checkout / "__init__.py").exists():
        return False
    if (checkout / "conftest.py").is_file():
        return True
    loaded, looked_at = False, 0
    pending = [(checkout, True)]
    while pending:
        folder, at_root = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return False
        for entry in entries:
            looked_at += 1
            if looked_at > _MOST_LOOKED_AT:
                return False
            if entry.is_dir(follow_symlinks=False) and entry.name[0] != "." and entry.name != "node_modules":
                pending.append((Path(entry.path), at_root and Path(entry.path, "__init__.py").is_file()))
            elif _LOADED.fullmatch(entry.name):
                loaded = True
                if not at_root:
                    return False
    return loaded


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None
