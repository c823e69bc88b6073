"""Read a judge's rubric from TOML: strict, each problem with its file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from agent_agency.canonical_json import digest_json
from agent_agency.errors import JudgeError
from agent_agency.judging.counted import check_names, is_check
from agent_agency.judging.rubric import Criterion, Rubric
from agent_agency.toml_places import Pointer, has_deep_keys, key_places, nearest_place

MAX_BYTES = 128 * 1024
MAX_TEXT = 2_000
MAX_INSTRUCTIONS = 20_000
MAX_WEIGHT = 100

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FILE_KEYS = ("judge", "version", "title", "instructions", "criterion")
_NEEDED = ("id", "question", "scale", "weight", "surfaces")
_KEYS = (*_NEEDED, "counted")
_SCALES = ("binary", "graded")
_SURFACES = ("code", "text")


@dataclass(frozen=True, slots=True)
class RubricFile:
    """What a file holds: a rubric, and the instructions of the prompt that is shipped with it."""

    rubric: Rubric
    instructions: str


def read_rubric(data: bytes, path: str) -> RubricFile:
    """Read the bytes of a rubric.

    The digest covers what is asked, not the instructions, so that prompts can be worded anew for the same rubric.

    Args:
        data: the file, TOML in UTF-8.
        path: its name, as errors tell it.

    Raises:
        JudgeError: ``judge.rubric_invalid``, with the line of the first problem.
    """
    text = _text(data, path)
    value = _parsed(text, path)
    return _Reader(path, key_places(text)).file(value)


def _text(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        _refuse(f"The rubric has {len(data):,} bytes; {MAX_BYTES:,} are read", "Keep only criteria in it.", path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("The rubric is not UTF-8", "Save it as UTF-8.", path)
    if has_deep_keys(text):
        _refuse("Keys of the rubric are nested too deeply", "Flatten them.", path)
    return text


def _parsed(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        _refuse("Values of the rubric are nested too deeply", "Flatten them.", path)
    except ValueError as error:
        where = re.search(r"line (\d+)", str(error))
        told = re.sub(r"\s*\(at .*\)$", "", str(error)).rstrip(".")
        _refuse(
            f"No valid TOML: {told}", "Mend the syntax; toml.io describes it.", path, int(where[1]) if where else None
        )


def _refuse(message: str, fix: str, path: str, line: int | None = None) -> NoReturn:
    raise JudgeError(message, fix=fix, path=path, line=line, code="judge.rubric_invalid")


class _Reader:
    """Reads a parsed file; the first problem ends it."""

    def __init__(self, path: str, places: Mapping[Pointer, tuple[int, int]]) -> None:
        self._path = path
        self._places = places

    def file(self, value: Mapping[str, Any]) -> RubricFile:
        self._keys(value, (), _FILE_KEYS, _FILE_KEYS)
        judge = self._id(value["judge"], ("judge",), "judge")
        version, title = (self._line(value[key], (key,)) for key in ("version", "title"))
        instructions = self._instructions(value["instructions"])
        criteria = self._criteria(value["criterion"])
        digest = digest_json(
            {"judge": judge, "version": version, "title": title, "criteria": list(map(_members, criteria))}
        )
        return RubricFile(Rubric(judge, version, title, criteria, digest), instructions)

    def _criteria(self, tables: Any) -> tuple[Criterion, ...]:
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            self._wrong("'criterion' is no list of tables", "Write '[[criterion]]' for each.", ("criterion",))
        criteria: list[Criterion] = []
        for index, table in enumerate(tables):
            at: Pointer = ("criterion", index)
            one = self._criterion(table, at)
            if any(one.id == other.id for other in criteria):
                self._wrong(f"The criterion {one.id!r} stands there twice", "Give each its own id.", (*at, "id"))
            criteria.append(one)
        for surface in _SURFACES:
            there = [one for one in criteria if surface in one.surfaces]
            if there and not any(one.weight for one in there):
                message = f"No criterion for {surface} has a weight"
                self._wrong(message, "Give at least one a weight above 0.", ("criterion", 0))
        return tuple(criteria)

    def _criterion(self, table: Mapping[str, Any], at: Pointer) -> Criterion:
        self._keys(table, at, _KEYS, _NEEDED)
        scale = table["scale"]
        if scale not in _SCALES:
            self._wrong(f"'scale' is {scale!r}", "Write 'binary' or 'graded'.", (*at, "scale"))
        return Criterion(
            id=self._id(table["id"], (*at, "id"), "id"),
            question=self._line(table["question"], (*at, "question")),
            scale=scale,
            weight=self._weight(table["weight"], (*at, "weight")),
            surfaces=self._surfaces(table["surfaces"], (*at, "surfaces")),
            counted=self._counted(table.get("counted", ""), (*at, "counted")),
        )

    def _keys(self, table: Mapping[str, Any], at: Pointer, known: tuple[str, ...], needed: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self._wrong(f"A rubric has no key {key!r}", f"The keys are {', '.join(known)}.", (*at, key))
        for key in needed:
            if key not in table:
                self._wrong(f"There is no '{key}'", f"Write '{key} = …'.", at)

    def _id(self, value: Any, at: Pointer, key: str) -> str:
        if not isinstance(value, str) or not _ID.fullmatch(value):
            self._wrong(f"'{key}' is {value!r}, which is no name", "Write small letters, digits and underscores.", at)
        return value

    def _line(self, value: Any, at: Pointer) -> str:
        if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_TEXT:
            self._wrong(f"'{at[-1]}' is no text of 1 to {MAX_TEXT:,} characters", f"Write '{at[-1]} = \"…\"'.", at)
        return " ".join(value.split())

    def _instructions(self, value: Any) -> str:
        if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_INSTRUCTIONS:
            message = f"'instructions' is no text of 1 to {MAX_INSTRUCTIONS:,} characters"
            self._wrong(message, "Say in it what the judge is for.", ("instructions",))
        return value.strip()

    def _weight(self, value: Any, at: Pointer) -> float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= MAX_WEIGHT:
            self._wrong(f"'weight' is no number from 0 to {MAX_WEIGHT}", "Write 'weight = 1', or 0 to report only.", at)
        return float(value)

    def _surfaces(self, value: Any, at: Pointer) -> tuple[Any, ...]:
        known = isinstance(value, list) and all(isinstance(one, str) and one in _SURFACES for one in value)
        if not known or not value or len(set(value)) < len(value):
            self._wrong("'surfaces' is no list of 'code' and 'text'", 'Write \'surfaces = ["code", "text"]\'.', at)
        return tuple(value)

    def _counted(self, value: Any, at: Pointer) -> str:
        if not isinstance(value, str) or (value and not is_check(value)):
            self._wrong(f"There is no check {value!r}", f"Write one of: {', '.join(check_names())}.", at)
        return value

    def _wrong(self, message: str, fix: str, at: Pointer) -> NoReturn:
        line, _ = nearest_place(self._places, at)
        _refuse(message, fix, self._path, line)


def _members(one: Criterion) -> dict[str, Any]:
    return {
        "id": one.id,
        "question": one.question,
        "scale": one.scale,
        "weight": one.weight,
        "surfaces": list(one.surfaces),
        "counted": one.counted,
    }
