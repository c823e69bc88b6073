"""Read a file of rules: what its TOML must hold, each problem with its place.

Only the form is checked here; ``check`` holds conditions against the facts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

from agent_agency.arbitration.constitution.model import Category, Rule, RuleExample, RuleStatus
from agent_agency.arbitration.constitution.toml_texts import places_in_text
from agent_agency.facts import Finding, Place, Severity
from agent_agency.gate_reader import did_you_mean
from agent_agency.toml_places import Pointer, has_deep_keys, key_places, nearest_place

MAX_BYTES = 256 * 1024
MAX_TEXT = 2_000
"""The longest text, in characters, of any key of a rule."""

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_MAX_ID = 100
_MAX_VERSION = 1_000_000

_NEEDED = ("id", "version", "title", "category", "severity", "waivable", "condition", "message", "remedy", "source")
_KEYS = (*_NEEDED, "each", "applies", "evidence", "effective", "expires", "example")
_EXAMPLE_KEYS = ("name", "expect", "facts")
_DISABLE_KEYS = ("rule", "reason")
_FILE_KEYS = ("rule", "disable")

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Disabled:
    """A default rule that a file switches off, why, and where it says so."""

    rule: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class RulesRead:
    """What a file holds; where there are findings, nothing in it may be relied on."""

    rules: tuple[Rule, ...] = ()
    disabled: tuple[Disabled, ...] = ()
    findings: tuple[Finding, ...] = ()
    places: RulePlaces | None = None
    positions: tuple[int, ...] = ()
    """Of each rule that could be read, its position among the tables ``[[rule]]``, from 0."""


class RulePlaces:
    """Where the keys of a file's rules stand, and the characters of their texts."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self._text = text

    @cached_property
    def _places(self) -> Mapping[Pointer, tuple[int, int]]:
        return key_places(self._text)

    def of(self, pointer: Pointer) -> Place:
        """The place of a key, or of the nearest table above it."""
        line, column = nearest_place(self._places, pointer)
        return Place(self.path, line, column)

    def within(self, pointer: Pointer, value: str, line: int, column: int) -> Place:
        """The place of a character of a string value, by line and column from 1 inside the value."""
        key = self._places.get(pointer)
        places = places_in_text(self._text, *key, value) if key else None
        if places is None:
            return self.of(pointer)
        lines = value.split("\n")
        before = sum(len(one) + 1 for one in lines[: line - 1])
        index = min(before + column - 1, len(places) - 1)
        return Place(self.path, *places[index])


def read_rules(data: bytes, path: str) -> RulesRead:
    """Read the bytes of a file of rules.

    Args:
        data: the file.
        path: its path in the repository, as findings name it.
    """
    if len(data) > MAX_BYTES:
        message = f"The file has {len(data):,} bytes; rules may have {MAX_BYTES:,}"
        return _refused("too_large", message, "Spread the rules over several files.", Place(path))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _refused("toml.not_utf8", "The file is not UTF-8", "Save it as UTF-8.", Place(path))
    value = _parsed(text, path)
    if isinstance(value, RulesRead):
        return value
    reader = _Reader(RulePlaces(text, path))
    numbered, disabled = reader.rules(value), reader.disabled(value)
    found = sorted(reader.found, key=lambda one: (one.place.line or 0, one.place.column or 0))
    return RulesRead(tuple(numbered.values()), disabled, tuple(found), reader.places, tuple(numbered))


def _parsed(text: str, path: str) -> dict[str, Any] | RulesRead:
    """The value of a TOML text, or what is wrong with it."""
    if has_deep_keys(text):
        return _refused("toml.parse_failed", "Keys are nested too deeply", "Flatten them.", Place(path))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _no_toml(str(error), text, path)
    except RecursionError:
        return _refused("toml.parse_failed", "Values are nested too deeply", "Flatten them.", Place(path))
    except ValueError as error:  # a number too long to read
        return _refused("toml.parse_failed", f"No valid TOML: {error}", "Mend the value.", Place(path))


def _refused(rule: str, message: str, remedy: str, place: Place) -> RulesRead:
    found = Finding(f"rules.{rule}", Severity.MAJOR, message, remedy, place, waivable=False)
    return RulesRead(findings=(found,))


def _no_toml(message: str, text: str, path: str) -> RulesRead:
    where = re.search(r"line (\d+), column (\d+)", message)
    line, column = (int(where[1]), int(where[2])) if where else (max(1, len(text.splitlines())), 1)
    told = re.sub(r"\s*\(at .*\)$", "", message).rstrip(".")
    place = Place(path, line, column)
    return _refused("toml.parse_failed", f"No valid TOML: {told}", "Mend the syntax; toml.io describes it.", place)


class _Reader:
    """Reads a parsed file and gathers what is wrong with it."""

    def __init__(self, places: RulePlaces) -> None:
        self.places = places
        self.found: list[Finding] = []

    def rules(self, value: Mapping[str, Any]) -> dict[int, Rule]:
        """The rules that could be read, by position."""
        self._known((), value, _FILE_KEYS)
        read = {index: self._rule(table, ("rule", index)) for index, table in enumerate(self._tables(value, "rule"))}
        return {index: rule for index, rule in read.items() if rule is not None}

    def disabled(self, value: Mapping[str, Any]) -> tuple[Disabled, ...]:
        read = []
        for index, table in enumerate(self._tables(value, "disable")):
            at: Pointer = ("disable", index)
            self._known(at, table, _DISABLE_KEYS)
            rule, reason = self._id(table, at, "rule"), self._text(table, at, "reason")
            read.append(Disabled(rule, reason, self.places.of(at)))
        return tuple(read)

    def _tables(self, value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        tables = value.get(name, [])
        if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
            return tables
        self._wrong((name,), f"'{name}' is not a list of tables", f"Write '[[{name}]]' for each.")
        return []

    def _rule(self, table: Mapping[str, Any], at: Pointer) -> Rule | None:
        before = len(self.found)
        self._known(at, table, _KEYS)
        for key in _NEEDED:
            if key not in table:
                self._refuse("missing_key", at, f"The rule has no '{key}'", f"Write '{key} = …' in it.", key)
        if len(self.found) > before:
            return None
        rule = Rule(
            id=self._id(table, at, "id"),
            version=self._version(table, at),
            title=self._text(table, at, "title"),
            category=self._choice(table, at, "category", Category.PROCESS),
            severity=self._choice(table, at, "severity", Severity.CRITICAL),
            waivable=self._flag(table, at),
            condition=self._text(table, at, "condition"),
            message=self._text(table, at, "message"),
            remedy=self._text(table, at, "remedy"),
            source=self._text(table, at, "source"),
            applies=self._text(table, at, "applies", "true"),
            each=self._text(table, at, "each", "") if "each" in table else "",
            evidence=self._evidence(table, at),
            effective=self._day(table, at, "effective"),
            expires=self._day(table, at, "expires"),
            examples=self._examples(table, at),
            path=self.places.path,
            line=self.places.of(at).line if self.places.path else None,
        )
        return rule if len(self.found) == before else None

    def _examples(self, table: Mapping[str, Any], at: Pointer) -> tuple[RuleExample, ...]:
        examples = table.get("example", [])
        if not isinstance(examples, list) or not all(isinstance(one, dict) for one in examples):
            self._wrong((*at, "example"), "'example' is not a list of tables", "Write '[[rule.example]]' for each.")
            return ()
        return tuple(self._example(one, (*at, "example", index)) for index, one in enumerate(examples))

    def _example(self, table: Mapping[str, Any], at: Pointer) -> RuleExample:
        self._known(at, table, _EXAMPLE_KEYS)
        facts = table.get("facts", {})
        if not isinstance(facts, dict):
            self._wrong((*at, "facts"), "'facts' is not a table", "Write 'facts = { spec = { tier = 1 } }'.")
            facts = {}
        name = self._text(table, at, "name")
        return RuleExample(name, self._choice(table, at, "expect", RuleStatus.UNKNOWN), MappingProxyType(facts))

    def _id(self, table: Mapping[str, Any], at: Pointer, key: str) -> str:
        value = self._text(table, at, key)
        if value and (not _ID.fullmatch(value) or len(value) > _MAX_ID):
            remedy = "Write words of small letters, digits and '_' with dots between, such as 'scope.boundary'."
            self._refuse("bad_id", (*at, key), f"'{value[:_MAX_ID]}' is no id of a rule", remedy)
        return value

    def _version(self, table: Mapping[str, Any], at: Pointer) -> int:
        value = table.get("version")
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MAX_VERSION:
            return value
        self._wrong((*at, "version"), "'version' is no whole number from 1", "Write 'version = 1'.")
        return 1

    def _flag(self, table: Mapping[str, Any], at: Pointer) -> bool:
        value = table.get("waivable")
        if not isinstance(value, bool):
            self._wrong((*at, "waivable"), "'waivable' is not true or false", "Write 'waivable = false'.")
        return value is True

    def _text(self, table: Mapping[str, Any], at: Pointer, key: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self._wrong((*at, key), f"'{key}' is no text", f"Write '{key} = \"…\"'.")
            return ""
        if len(value) > MAX_TEXT:
            message = f"'{key}' has {len(value):,} characters; it may have {MAX_TEXT:,}"
            self._refuse("too_costly", (*at, key), message, "Shorten it, or write two rules.")
        return value

    def _choice(self, table: Mapping[str, Any], at: Pointer, key: str, otherwise: _Choice) -> _Choice:
        known = type(otherwise)
        value = table.get(key)
        if isinstance(value, str) and value in set(known):
            return known(value)
        message = f"'{key}' is none of: {', '.join(known)}"
        self._wrong((*at, key), message, f"Write '{key} = \"{otherwise}\"', or another of them.")
        return otherwise

    def _evidence(self, table: Mapping[str, Any], at: Pointer) -> tuple[str, ...]:
        value = table.get("evidence", [])
        if isinstance(value, list) and all(isinstance(kind, str) for kind in value):
            return tuple(dict.fromkeys(value))
        self._wrong((*at, "evidence"), "'evidence' is no list of kinds", "Write 'evidence = [\"tests\"]'.")
        return ()

    def _day(self, table: Mapping[str, Any], at: Pointer, key: str) -> date | None:
        value = table.get(key)
        if value is None or type(value) is date:
            return value
        self._wrong((*at, key), f"'{key}' is no day", f"Write '{key} = 2026-01-31', without quotes and hour.")
        return None

    def _known(self, at: Pointer, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                where = "a rule" if at[:1] == ("rule",) else "a file of rules"
                told = f"'{key}' is no key of {where}" if len(at) < 3 else f"'{key}' is no key of an example"  # noqa: PLR2004 - below a rule
                self._refuse("unknown_key", (*at, key), told, did_you_mean(key, known))

    def _wrong(self, at: Pointer, message: str, remedy: str) -> None:
        self._refuse("wrong_value", at, message, remedy)

    def _refuse(self, rule: str, at: Pointer, message: str, remedy: str, subject: str = "") -> None:
        named = "/".join(str(part) for part in (*at, subject) if part != "")
        place = self.places.of(at) if self.places.of(at).line else self.places.of((*at, 0))
        self.found.append(
            Finding(f"rules.{rule}", Severity.MAJOR, message, remedy, place, waivable=False, subject=named)
        )
