"""``.agency/principals.toml``: who may act, in which role, and with which keys.

Only the table at the base of a change counts; a key that it does not list is worthless, whoever made it. The reader
refuses whatever could let one person pass for two, or a machine for a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.attestation.keys import BadKeyError, PublicKey, parse_public_line
from agent_agency.attestation.person import principal as person
from agent_agency.facts import Finding, Place, Severity, display_path

if TYPE_CHECKING:
    from agent_agency.toml_places import Pointer

PRINCIPALS_PATH = ".agency/principals.toml"
ROLES = ("agent", "approver", "arbiter", "requester", "reviewer")
DECIDING_ROLES = frozenset({"approver", "reviewer"})
"""Whose acts decide for others: a key for them needs a pass phrase, or a keeper outside the file system."""

MAX_BYTES = 256 * 1024
_KEYS = ("name", "address", "roles", "keys")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Principal:
    """One person or machine. ``address`` is the e-mail address in their commits; an arbiter may have none (empty)."""

    name: str
    address: str
    roles: frozenset[str]
    keys: tuple[PublicKey, ...]


@dataclass(frozen=True)
class Principals:
    """All principals that one commit lists, in the order of the file; none where it has no such file."""

    listed: tuple[Principal, ...] = ()

    @cached_property
    def _by_key(self) -> Mapping[str, Principal]:
        return MappingProxyType({key.key_id: principal for principal in self.listed for key in principal.keys})

    def by_key(self, key_id: str) -> Principal | None:
        """Whose key this fingerprint names."""
        return self._by_key.get(key_id)

    def with_role(self, role: str) -> tuple[Principal, ...]:
        """Those who have the role, in the order of the file."""
        return tuple(principal for principal in self.listed if role in principal.roles)

    def named(self, name: str) -> Principal | None:
        """The principal of exactly this name."""
        return next((principal for principal in self.listed if principal.name == name), None)

    @property
    def lists_approvers(self) -> bool:
        """Whether a waiver needs signed approvals."""
        return bool(self.with_role("approver"))


def read_principals(data: bytes, path: str) -> Principals | tuple[Finding, ...]:
    """Read the file; what is wrong with it comes back as findings, never as an exception.

    Args:
        data: the file's bytes, UTF-8.
        path: the path that findings name.
    """
    import tomllib

    from agent_agency.toml_places import key_places

    if len(data) > MAX_BYTES:
        message = f"The file has {len(data):,} bytes; a list of principals may have {MAX_BYTES:,}"
        return (_finding("too_large", message, "Keep only principals in it.", Place(path)),)
    try:
        text = data.decode("utf-8")
        value = tomllib.loads(text)
    except UnicodeDecodeError:
        return (_finding("not_utf8", "The file is not UTF-8", "Save it as UTF-8.", Place(path)),)
    except tomllib.TOMLDecodeError as error:
        return (_syntax_error(str(error), text, path),)
    except RecursionError:
        return (_finding("parse_failed", "Values are nested too deeply", "Flatten them.", Place(path)),)
    reader = _Reader(path, key_places(text))
    listed = reader.principals(value)
    if reader.found:
        return tuple(sorted(reader.found, key=lambda finding: (finding.place.line or 0, finding.place.column or 0)))
    return Principals(listed)


def _finding(rule: str, message: str, remedy: str, place: Place, subject: str = "") -> Finding:
    return Finding(f"principals.{rule}", Severity.CRITICAL, message, remedy, place, waivable=False, subject=subject)


def _syntax_error(message: str, text: str, path: str) -> Finding:
    where = re.search(r"line (\d+), column (\d+)", message)
    line, column = (int(where[1]), int(where[2])) if where else (max(1, len(text.splitlines())), 1)
    told = re.sub(r"\s*\(at .*\)$", "", message).rstrip(".")
    remedy = "Mend the syntax; toml.io describes it."
    return _finding("parse_failed", f"No valid TOML: {told}", remedy, Place(path, line, column))


class _Reader:
    """Reads the parsed file and gathers what is wrong with it."""

    def __init__(self, path: str, places: Mapping[Pointer, tuple[int, int]]) -> None:
        self._path = path
        self._places = places
        self.found: list[Finding] = []

    def principals(self, value: Mapping[str, Any]) -> tuple[Principal, ...]:
        self._known_keys(value, (), ("principal",))
        tables = value.get("principal", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._wrong(("principal",), "'principal' is not a list of tables", "Write '[[principal]]' for each.")
            return ()
        listed: list[Principal] = []
        known = _Known()
        for index, table in enumerate(tables):
            principal = self._principal(table, ("principal", index))
            if principal is not None:
                self._refuse_twins(principal, known, ("principal", index))
                known.add(principal)
                listed.append(principal)
        return tuple(listed)

    def _principal(self, table: Mapping[str, Any], at: Pointer) -> Principal | None:
        before = len(self.found)
        self._known_keys(table, at, _KEYS)
        name = self._name(table.get("name"), (*at, "name"))
        roles = self._roles(table.get("roles"), (*at, "roles"))
        address = self._address(table.get("address", ""), (*at, "address"), roles)
        keys = self._public_keys(table.get("keys"), (*at, "keys"))
        return Principal(name, address, roles, keys) if len(self.found) == before else None

    def _name(self, name: Any, at: Pointer) -> str:
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
        remedy = "Write 'name = \"ada\"': letters, digits, '.', '_' and '-' of ASCII, 64 at most."
        self._wrong(at, "The principal has no usable name", remedy)
        return ""

    def _roles(self, roles: Any, at: Pointer) -> frozenset[str]:
        if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
            self._wrong(at, "The principal has no list of roles", "Write 'roles = [\"approver\"]'.")
            return frozenset()
        if unknown := sorted(set(roles) - set(ROLES)):
            remedy = f"Write some of: {', '.join(ROLES)}."
            self._wrong(at, f"{display_path(unknown[0])!r} is no role", remedy)
        if len(roles) != len(set(roles)):
            self._wrong(at, "A role is given twice", "Name each role once.")
        self._refuse_mixed(frozenset(roles), at)
        return frozenset(roles)

    def _refuse_mixed(self, roles: frozenset[str], at: Pointer) -> None:
        """A machine's key lies open on a disk, so it must not be able to act as a person who decides."""
        if "arbiter" in roles and len(roles) > 1:
            message = "An arbiter has another role as well, so it could rule on its own acts"
            self._tell("mixed_roles", at, message, "List the arbiter's key as a principal of its own.")
        elif "agent" in roles and roles & DECIDING_ROLES:
            message = "An agent may approve or review as well, so it could decide on its own work"
            self._tell("mixed_roles", at, message, "List the person with a key of their own, and the agent with its.")

    def _address(self, address: Any, at: Pointer, roles: frozenset[str]) -> str:
        if isinstance(address, str) and (_ADDRESS.fullmatch(address) or (not address and roles == {"arbiter"})):
            return address
        message = "The principal has no e-mail address by which commits can be told to be theirs"
        self._wrong(at, message, "Write 'address = \"ada@example.org\"', as in their commits.")
        return ""

    def _public_keys(self, lines: Any, at: Pointer) -> tuple[PublicKey, ...]:
        if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
            self._wrong(at, "The principal has no list of public keys", "Write 'keys = [\"ssh-ed25519 AAAA…\"]'.")
            return ()
        keys: list[PublicKey] = []
        for line in lines:
            try:
                keys.append(parse_public_line(line))
            except BadKeyError as error:
                remedy = "Copy the line of the .pub file of an Ed25519 key; 'agency identity new' makes one."
                self._tell("bad_key", at, f"A key cannot count: {error}", remedy)
        if len(keys) != len(set(keys)):
            self._tell("key_twice", at, "A key is listed twice", "List each key once.")
        return tuple(keys)

    def _refuse_twins(self, principal: Principal, known: _Known, at: Pointer) -> None:
        for key in principal.keys:
            if other := known.by_key.get(key):
                message = f"{principal.name} has a key of {other}: {key.key_id}"
                self._tell("key_twice", (*at, "keys"), message, "Give each principal keys of their own.")
        if other := known.same_person(principal):
            message = f"{principal.name} and {other} may be the same person, who would count twice"
            self._tell("same_person", at, message, "List a person once, with all of their keys.")

    def _known_keys(self, table: Mapping[str, Any], at: Pointer, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                message = f"'{display_path(key)}' is no setting of a principal"
                self._tell("unknown_key", (*at, key), message, f"Write only: {', '.join(known)}.")

    def _wrong(self, at: Pointer, message: str, remedy: str) -> None:
        self._tell("wrong_value", at, message, remedy)

    def _tell(self, rule: str, at: Pointer, message: str, remedy: str) -> None:
        from agent_agency.toml_places import nearest_place

        line, column = nearest_place(self._places, at)
        subject = "/".join(str(part) for part in at)
        self.found.append(_finding(rule, message, remedy, Place(self._path, line, column), subject))


class _Known:
    """Those who were read already, so that each further one is compared with all of them at once.

    Says what ``same_principal`` says of any two names or addresses: equal ones are one person, and so are a bare handle
    and an address that begins with it.
    """

    def __init__(self) -> None:
        self.by_key: dict[PublicKey, str] = {}
        self._whole: dict[str, str] = {}
        self._beginnings: dict[str, str] = {}

    def add(self, one: Principal) -> None:
        """Remember a principal."""
        self.by_key.update(dict.fromkeys(one.keys, one.name))
        for text in _names(one):
            self._whole.setdefault(text, one.name)
            if "@" in text:
                self._beginnings.setdefault(text.partition("@")[0], one.name)

    def same_person(self, one: Principal) -> str | None:
        """Who of them may be this principal."""
        for text in _names(one):
            handle, at, _ = text.partition("@")
            found = self._whole.get(text) or (self._whole.get(handle) if at else self._beginnings.get(handle))
            if found is not None:
                return found
        return None


def _names(one: Principal) -> tuple[str, ...]:
    return tuple(person(text) for text in (one.name, one.address) if text)
