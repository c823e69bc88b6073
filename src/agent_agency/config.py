"""``agency.toml``: the law that the standard's policy has no place for, and the names of a project's own gates.

Only settings that something reads are known here; any other key is refused, so that no rule is believed in force that
nobody enforces.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.facts import Finding, Place, Severity
from agent_agency.gate_reader import (
    GATE_KEYS,
    SETUP_KEYS,
    did_you_mean,
    problems_of_needs,
    read_gate,
    read_readable,
    read_setup,
)
from agent_agency.gate_settings import ConfiguredGate, GateKind, SetupStep
from agent_agency.judge_settings import JUDGE_GATES, JUDGES_KEYS, JudgesAsked, read_judges
from agent_agency.withheld_settings import WITHHELD_KEYS, WithheldTests, read_withheld

if TYPE_CHECKING:
    from agent_agency.toml_places import Pointer

MAX_BYTES = 256 * 1024

_LAW_KEYS = (
    "waiver_max_days",
    "max_delta_files",
    "max_delta_loc",
    "quorum",
    "budget_exclude",
    "exclude_generated",
    "governance_paths",
    "required_kinds",
    "weaken",
    "condition_days",
    "case_days",
    "appeal_days",
    "appeal_reviewers",
)
_LEAST = {
    "waiver_max_days": 1,
    "max_delta_files": 0,
    "max_delta_loc": 0,
    "condition_days": 1,
    "case_days": 1,
    "appeal_days": 1,
}
_MOST = 1_000_000
_APPEAL_LEVELS = 3
_RULE_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_TIERS = ("1", "2", "3")
_GATE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
WAIVABLE_GATES = (
    "budget_limit",
    "spec_completeness",
    "scope_boundary",
    "god_object",
    "todo_detection",
    "governance_edit",
    "secrets",
    "tampering",
    "declared_contracts",
    "required_kinds",
    *JUDGE_GATES,
)
"""The built-in gates of a review that a waiver may name."""
_BUILTIN_GATES = frozenset({"law", "proposed_law", *WAIVABLE_GATES})


def _one_each() -> Mapping[int, int]:
    return MappingProxyType({1: 1, 2: 1, 3: 1})


@dataclass(frozen=True, slots=True)
class LawLimits:
    """The table ``[law]``.

    ``waiver_max_days``: the longest that a waiver may last. ``max_delta_files`` and ``max_delta_loc``: the most that
    all waivers together may add to a budget; ``None`` sets no cap, as in the standard. ``quorum``: distinct approvers
    that a waiver needs, by risk tier. ``budget_exclude``: globs of files that do not count in the budget.
    ``exclude_generated``: whether files that gitattributes call generated are left out of it too.
    ``governance_paths``: further globs whose edit is an edit of the law. ``required_kinds``: by risk tier the kinds of
    gate without which nothing is approved. ``weaken``: ids of default rules that ``.agency/rules`` may disable or
    loosen. ``condition_days``: until a condition is due. ``case_days``: until an open case lapses. ``appeal_days``: how
    long a ruling may be appealed. ``appeal_reviewers``: how many reviewers hear an appeal, by level.
    """

    waiver_max_days: int = 90
    max_delta_files: int | None = None
    max_delta_loc: int | None = None
    quorum: Mapping[int, int] = field(default_factory=_one_each)
    budget_exclude: tuple[str, ...] = ()
    exclude_generated: bool = False
    governance_paths: tuple[str, ...] = ()
    required_kinds: Mapping[int, tuple[GateKind, ...]] = field(default_factory=lambda: MappingProxyType({}))
    weaken: tuple[str, ...] = ()
    condition_days: int = 14
    case_days: int = 30
    appeal_days: int = 14
    appeal_reviewers: tuple[int, ...] = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Config:
    """A valid ``agency.toml``.

    ``setup`` is the step that makes what the tools need. ``readable`` are the absolute paths (``~`` is the home of
    whoever reviews) of tools that every gate may read beside the system's. ``withheld`` are the
    tests that the owner keeps outside the repository's tree. ``judges`` are the judges that a review asks.
    """

    law: LawLimits = field(default_factory=LawLimits)
    gates: tuple[ConfiguredGate, ...] = ()
    setup: SetupStep | None = None
    readable: tuple[str, ...] = ()
    withheld: tuple[WithheldTests, ...] = ()
    judges: JudgesAsked = field(default_factory=JudgesAsked)


def read_config(data: bytes, path: str) -> Config | tuple[Finding, ...]:
    """Read ``agency.toml``; what is wrong with it comes back as findings, never as an exception.

    Args:
        data: the file's bytes, UTF-8.
        path: the path that findings name.
    """
    import tomllib

    from agent_agency.toml_places import has_deep_keys, key_places

    if len(data) > MAX_BYTES:
        message = f"The file has {len(data):,} bytes; settings may have {MAX_BYTES:,}"
        return (Finding("config.too_large", Severity.MAJOR, message, "Keep only settings in it.", Place(path)),)
    try:
        text = data.decode("utf-8")
        value = None if has_deep_keys(text) else tomllib.loads(text)
    except UnicodeDecodeError:
        message = "The file is not UTF-8"
        return (Finding("config.toml.not_utf8", Severity.MAJOR, message, "Save it as UTF-8.", Place(path)),)
    except tomllib.TOMLDecodeError as error:
        return (_syntax_error(str(error), text, path),)
    except RecursionError:
        value = None
    if value is None:
        message = "Values are nested too deeply"
        return (Finding("config.toml.parse_failed", Severity.MAJOR, message, "Flatten them.", Place(path)),)
    reader = _Reader(path, key_places(text))
    config = reader.config(value)
    if reader.found:
        return tuple(sorted(reader.found, key=lambda finding: (finding.place.line or 0, finding.place.column or 0)))
    return config


def _syntax_error(message: str, text: str, path: str) -> Finding:
    where = re.search(r"line (\d+), column (\d+)", message)
    line, column = (int(where[1]), int(where[2])) if where else (max(1, len(text.splitlines())), 1)
    told = re.sub(r"\s*\(at .*\)$", "", message).rstrip(".")
    remedy = "Mend the syntax; toml.io describes it."
    return Finding(
        "config.toml.parse_failed", Severity.MAJOR, f"No valid TOML: {told}", remedy, Place(path, line, column)
    )


class _Reader:
    """Reads a parsed file and gathers what is wrong with it."""

    def __init__(self, path: str, places: Mapping[Pointer, tuple[int, int]]) -> None:
        self._path = path
        self._places = places
        self.found: list[Finding] = []

    def config(self, value: Mapping[str, Any]) -> Config:
        self._known_keys(value, (), ("law", "gate", "setup", "tools", "withheld", "judges"))
        law, setup, tools, judges = (self._table(value, name) for name in ("law", "setup", "tools", "judges"))
        gates = self._gates(value.get("gate", []))
        withheld = self._withheld(value.get("withheld", []), gates)
        readable = self._readable(tools or {})
        return Config(self._law(law or {}), gates, self._setup(setup), readable, withheld, self._judges(judges or {}))

    def _judges(self, judges: Mapping[str, Any]) -> JudgesAsked:
        self._known_keys(judges, ("judges",), JUDGES_KEYS)
        return read_judges(judges, partial(self._wrong_in, ("judges",)))

    def _withheld(self, tables: Any, gates: tuple[ConfiguredGate, ...]) -> tuple[WithheldTests, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._wrong(("withheld",), "'withheld' is not a list of tables", "Write '[[withheld]]' for each.")
            return ()
        names = [gate.name for gate in gates if gate.kind is GateKind.TESTS]
        read = []
        for index, table in enumerate(tables):
            at = ("withheld", index)
            self._known_keys(table, at, WITHHELD_KEYS)
            read.append(read_withheld(table, names, self._place(at)[0], partial(self._wrong_in, at)))
        return tuple(item for item in read if item is not None)

    def _table(self, value: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
        table = value.get(name)
        if table is None or isinstance(table, dict):
            return table
        self._wrong((name,), f"'{name}' is not a table", f"Write '[{name}]' and its settings below.")
        return None

    def _setup(self, setup: Mapping[str, Any] | None) -> SetupStep | None:
        if setup is None:
            return None
        self._known_keys(setup, ("setup",), SETUP_KEYS)
        return read_setup(setup, self._place(("setup",))[0], partial(self._wrong_in, ("setup",)))

    def _readable(self, tools: Mapping[str, Any]) -> tuple[str, ...]:
        self._known_keys(tools, ("tools",), ("readable",))
        return read_readable(tools.get("readable", []), partial(self._wrong_in, ("tools",)))

    def _law(self, law: Mapping[str, Any]) -> LawLimits:
        self._known_keys(law, ("law",), _LAW_KEYS)
        settings: dict[str, Any] = {}
        for key, least in _LEAST.items():
            if key in law and self._is_count(law[key], ("law", key), least):
                settings[key] = law[key]
        for key in ("budget_exclude", "governance_paths"):
            if key in law:
                settings[key] = self._globs(law[key], ("law", key))
        if "exclude_generated" in law:
            if isinstance(law["exclude_generated"], bool):
                settings["exclude_generated"] = law["exclude_generated"]
            else:
                self._wrong(("law", "exclude_generated"), "'exclude_generated' is not true or false", "Write false.")
        if "quorum" in law:
            settings["quorum"] = self._quorum(law["quorum"])
        if "required_kinds" in law:
            settings["required_kinds"] = self._required_kinds(law["required_kinds"])
        if "weaken" in law:
            settings["weaken"] = self._rule_ids(law["weaken"])
        if "appeal_reviewers" in law:
            settings["appeal_reviewers"] = self._appeal_reviewers(law["appeal_reviewers"])
        return LawLimits(**settings)

    def _rule_ids(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(one, str) and _RULE_ID.fullmatch(one) for one in value):
            return tuple(value)
        remedy = "Write 'weaken = [\"scope.boundary\"]'; 'agency rules list' names the rules."
        self._wrong(("law", "weaken"), "'weaken' is not a list of ids of rules", remedy)
        return ()

    def _appeal_reviewers(self, value: Any) -> tuple[int, ...]:
        at: Pointer = ("law", "appeal_reviewers")
        counts = value if isinstance(value, list) else []
        whole = all(isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= _MOST for count in counts)
        if len(counts) == _APPEAL_LEVELS and whole and counts[0] < counts[1] < counts[2]:
            return tuple(counts)
        message = "'appeal_reviewers' is no list of three whole numbers, each larger than the one before"
        self._wrong(at, message, "Write 'appeal_reviewers = [1, 3, 5]'.")
        return LawLimits().appeal_reviewers

    def _quorum(self, quorum: Any) -> Mapping[int, int]:
        at: Pointer = ("law", "quorum")
        approvers = dict(_one_each())
        if not isinstance(quorum, dict):
            self._wrong(at, "'quorum' is not a table", "Write 'quorum = { 1 = 2, 2 = 1, 3 = 1 }'.")
            return approvers
        self._known_keys(quorum, at, _TIERS)
        for tier in _TIERS:
            if tier in quorum and self._is_count(quorum[tier], (*at, tier), 1):
                approvers[int(tier)] = quorum[tier]
        return MappingProxyType(approvers)

    def _required_kinds(self, required: Any) -> Mapping[int, tuple[GateKind, ...]]:
        at: Pointer = ("law", "required_kinds")
        kinds: dict[int, tuple[GateKind, ...]] = {}
        if not isinstance(required, dict):
            remedy = 'Write \'required_kinds = { 1 = ["tests", "coverage"] }\'.'
            self._wrong(at, "'required_kinds' is not a table", remedy)
            return kinds
        self._known_keys(required, at, _TIERS)
        for tier in _TIERS:
            named = required.get(tier, [])
            if isinstance(named, list) and all(isinstance(kind, str) and kind in set(GateKind) for kind in named):
                kinds[int(tier)] = tuple(dict.fromkeys(GateKind(kind) for kind in named))
            else:
                message = f"'required_kinds' of tier {tier} is no list of kinds of gate"
                self._wrong((*at, tier), message, f"Write some of: {', '.join(GateKind)}.")
        return MappingProxyType({tier: kinds[tier] for tier in kinds if kinds[tier]})

    def _globs(self, value: Any, at: Pointer) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(entry, str) and entry.strip() for entry in value):
            return tuple(value)
        self._wrong(at, f"'{at[-1]}' is not a list of globs", f"Write '{at[-1]} = [\"**/*.lock\"]'.")
        return ()

    def _gates(self, gates: Any) -> tuple[ConfiguredGate, ...]:
        if not isinstance(gates, list) or not all(isinstance(gate, dict) for gate in gates):
            self._wrong(("gate",), "'gate' is not a list of tables", "Write '[[gate]]' and its settings below.")
            return ()
        kept: dict[str, ConfiguredGate] = {}
        named: dict[str, int] = {}
        for index, gate in enumerate(gates):
            self._known_keys(gate, ("gate", index), GATE_KEYS)
            name = self._gate_name(gate.get("name"), index, named)
            if name is None:
                continue
            named[name] = index
            line = self._place(("gate", index))[0]
            read = read_gate(name, gate, line, partial(self._wrong_in, ("gate", index)))
            if read is not None:
                kept[name] = read
        needs = {name: _texts(gates[index].get("needs")) for name, index in named.items()}
        for name, problem, remedy in problems_of_needs(needs):
            self._wrong(("gate", named[name], "needs"), problem, remedy)
        return tuple(kept.values())

    def _wrong_in(self, table: Pointer, key: str, problem: str, remedy: str) -> None:
        """Tell of a key, or of a key inside the table that the key holds: ``limits.idle_s``."""
        self._wrong((*table, *key.split(".", 1)), problem, remedy)

    def _gate_name(self, name: Any, index: int, taken: Collection[str]) -> str | None:
        at: Pointer = ("gate", index, "name")
        if not isinstance(name, str) or not _GATE_NAME.fullmatch(name):
            remedy = "Write a name of small letters, digits, '-' and '_', such as 'unit-tests'."
            self._refuse("gate_name", at, "The gate has no usable name", remedy)
        elif name in _BUILTIN_GATES:
            self._refuse("gate_name", at, f"'{name}' is a built-in gate", "Give your gate another name.")
        elif name in taken:
            self._refuse("gate_name", at, f"Two gates are named '{name}'", "Give each gate a name of its own.")
        else:
            return name
        return None

    def _known_keys(self, table: Mapping[str, Any], at: Pointer, known: tuple[str, ...]) -> None:
        for key in table:
            named = key if at[:1] == ("gate",) else ".".join(str(part) for part in (*at, key))
            if key not in known:
                where = " of a gate" if at[:1] == ("gate",) else ""
                self._refuse("unknown_key", (*at, key), f"'{named}' is no setting{where}", did_you_mean(key, known))

    def _is_count(self, value: Any, at: Pointer, least: int) -> bool:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST:
            return True
        message = f"'{'.'.join(str(part) for part in at)}' is no whole number from {least} to {_MOST:,}"
        self._wrong(at, message, f"Write a whole number of at least {least}.")
        return False

    def _wrong(self, at: Pointer, message: str, remedy: str) -> None:
        self._refuse("wrong_value", at, message, remedy)

    def _place(self, at: Pointer) -> tuple[int | None, int | None]:
        from agent_agency.toml_places import nearest_place

        return nearest_place(self._places, at)

    def _refuse(self, rule: str, at: Pointer, message: str, remedy: str) -> None:
        line, column = self._place(at)
        subject = "/".join(str(part) for part in at)
        place = Place(self._path, line, column)
        self.found.append(Finding(f"config.{rule}", Severity.MAJOR, message, remedy, place, subject=subject))


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; a gate that is refused for another setting has its place in the order all the same."""
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()
