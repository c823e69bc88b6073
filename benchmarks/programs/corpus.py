"""Reads the corpus: one TOML file per program, with its files, its withheld tests and the changes to be judged."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "cases"
SCOPE = ("src/", "tests/", "docs/", "README.md")


class Kind(StrEnum):
    """What a change is in truth."""

    CORRECT = "correct"
    HARMLESS = "harmless"
    WEAKENED = "weakened"
    SPECIAL = "special"
    SCOPE = "scope"

    @property
    def good(self) -> bool:
        """Whether the change deserves approval."""
        return self in {Kind.CORRECT, Kind.HARMLESS}


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: ``old`` is replaced by ``new``, once; without ``old`` the file is written, without both deleted."""

    path: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One change to a program."""

    name: str
    kind: Kind
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program with a bug: ``files`` and ``withheld`` map paths to texts; ``scope`` is what a mend may touch."""

    name: str
    title: str
    files: Mapping[str, str]
    withheld: Mapping[str, str]
    scope: tuple[str, ...]
    variants: tuple[Variant, ...]


def load(folder: Path = FOLDER) -> tuple[Program, ...]:
    """Every program, sorted by name."""
    return tuple(_program(path) for path in sorted(folder.glob("*.toml")))


def edited(files: Mapping[str, str], variant: Variant) -> dict[str, str]:
    """The files of a program after a change.

    Raises:
        ValueError: when an edit does not fit the files, which is an error of the corpus.
    """
    after = dict(files)
    for edit in variant.edits:
        if edit.old is None and edit.new is None:
            del after[edit.path]
        elif edit.old is None or edit.new is None:
            after[edit.path] = edit.new or ""
        elif after.get(edit.path, "").count(edit.old) != 1:
            raise ValueError(f"{variant.name}: {edit.old!r} does not stand once in {edit.path}")
        else:
            after[edit.path] = after[edit.path].replace(edit.old, edit.new)
    if after == dict(files):
        raise ValueError(f"{variant.name} changes nothing")
    return after


def _program(path: Path) -> Program:
    data = tomllib.loads(path.read_text("utf-8"))
    variants = tuple(_variant(table, path.stem) for table in data["variant"])
    names = [variant.name for variant in variants]
    if len(set(names)) != len(names):
        raise ValueError(f"{path.name}: two variants share a name")
    return Program(
        path.stem, data["title"], data["files"], data.get("withheld", {}), tuple(data.get("scope", SCOPE)), variants
    )


def _variant(table: Mapping[str, Any], program: str) -> Variant:
    edits = tuple(Edit(**edit) for edit in table["edits"])
    if not edits:
        raise ValueError(f"{program}: {table['name']} has no edit")
    return Variant(table["name"], Kind(table["kind"]), edits)
