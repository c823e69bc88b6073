"""The acceptance criteria and contracts of a vNext spec out of an older one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from agent_agency.spec.migrate_lists import text_of, texts
from agent_agency.spec.migration_notes import NoteTaker
from agent_agency.spec.yaml_writer import Gap

_CRITERION = re.compile(r"A[0-9]+\Z")
_NUMBERED = re.compile(r"[A-Za-z]*[-_ ]?0*([0-9]+)\Z")
_KEPT_TEXTS = ("test_command", "evidence", "narrative")
_CONTRACT_KINDS: Mapping[str, str] = {
    "openapi": "api",
    "graphql": "api",
    "proto": "api",
    "pact": "contract-test",
    "api": "api",
    "schema": "schema",
    "contract-test": "contract-test",
    "behavior": "behavior",
}
_CONTRACT_GUESSES: Mapping[str, str] = {
    "schema": "schema",
    "api": "api",
    "grpc": "api",
    "rest": "api",
    "cli": "behavior",
    "behaviour": "behavior",
    "interface": "api",
}


def convert_acceptance(notes: NoteTaker, old: Mapping[str, Any]) -> list[Any]:
    """Criteria with id, given, when and then; what an old criterion did not say stays open."""
    name, other = "acceptance", "acceptance_criteria"
    if not _has_items(old.get(name)) and _has_items(old.get(other)):
        name, other = other, name
        notes.changed((name,), "it is called 'acceptance'")
    if other in old:
        notes.dropped((other,), f"'{name}' stands beside it and was read")
    criteria = old.get(name)
    if not _has_items(criteria):
        return [notes.gap(("acceptance",), "at least one criterion with id, given, when and then")]
    ids = _criterion_ids(notes, name, criteria)
    return [_criterion(notes, (name, index), item, ids[index]) for index, item in enumerate(criteria)]


def _has_items(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and bool(value)


def _criterion_ids(notes: NoteTaker, name: str, criteria: list[Any]) -> list[str]:
    """An id per criterion: its own, its own number behind an A, or the next free number."""
    given = [text_of(item.get("id")) if isinstance(item, dict) else None for item in criteria]
    taken = {own for own in given if own and _CRITERION.match(own)}
    used: set[str] = set()
    ids: list[str] = []
    for index, own in enumerate(given):
        match = _NUMBERED.match(own) if own else None
        wished = own if own in taken else f"A{match[1]}" if match else ""
        if not wished or wished in used or (wished != own and wished in taken):
            wished = next(free for n in range(1, 2 * len(criteria) + 2) if (free := f"A{n}") not in used | taken)
        if wished != own:
            at = (name, index, "id") if own else (name, index)
            notes.changed(at, f"the criterion '{own}' is now {wished}" if own else f"the criterion is now {wished}")
        used.add(wished)
        ids.append(wished)
    return ids


def _criterion(notes: NoteTaker, at: tuple[str | int, ...], item: Any, name: str) -> Any:
    if not isinstance(item, dict):
        text = text_of(item)
        notes.changed(at, "its text became 'narrative'" if text else "it said nothing")
        item = {"narrative": text}
    new: dict[str, Any] = {"id": name}
    for part in ("given", "when", "then"):
        new[part] = text_of(item.get(part)) or notes.gap((*at, part), f"the '{part}' of this criterion")
    extra = {key: item[key] for key in item if key not in {"id", "given", "when", "then"}}
    for key in _KEPT_TEXTS:
        if (kept := text_of(extra.pop(key, None))) is not None:
            new[key] = kept
    if tests := texts(notes, (*at, "test_nodeids"), extra.pop("test_nodeids", None)):
        new["test_nodeids"] = tests
    for key in ("description", "text"):
        if key in extra and "narrative" not in new and (kept := text_of(extra.pop(key))) is not None:
            notes.changed((*at, key), "it is called 'narrative'")
            new["narrative"] = kept
    for key in extra:
        notes.dropped((*at, key), "a criterion has no such field")
    return new


def convert_contracts(notes: NoteTaker, old: Mapping[str, Any]) -> list[Any]:
    """Contracts with a name and one of the four kinds; entries that say nothing are dropped."""
    contracts = old.get("contracts")
    if not isinstance(contracts, list):
        if contracts is not None:
            notes.dropped(("contracts",), "it is no list")
        else:
            notes.guessed(("contracts",), "none")
        return []
    converted = [_contract(notes, ("contracts", index), item) for index, item in enumerate(contracts)]
    return [item for item in converted if item is not None]


def _contract(notes: NoteTaker, at: tuple[str | int, ...], item: Any) -> dict[str, Any] | None:
    fields = item if isinstance(item, dict) else {"path": text_of(item)}
    kind, path, name = (text_of(fields.get(key)) for key in ("type", "path", "name"))
    if kind == "project_setup":
        notes.dropped(at, "the kind 'project_setup' was no contract but a note that there is none yet")
        return None
    if kind is None and path is None and name is None:
        notes.dropped(at, "it names neither kind nor file")
        return None
    new: dict[str, Any] = {"name": _contract_name(notes, at, name, path), "type": _contract_kind(notes, at, kind)}
    if path is not None:
        new["path"] = path
    if (about := text_of(fields.get("description"))) is not None:
        new["description"] = about
    for key in fields:
        if key not in {"name", "type", "path", "description"}:
            notes.dropped((*at, key), f"a contract has no such field; it was '{text_of(fields[key])}'")
    return new


def _contract_name(notes: NoteTaker, at: tuple[str | int, ...], name: str | None, path: str | None) -> str | Gap:
    if name is not None:
        return name
    stem = PurePosixPath(path).name.split(".")[0] if path else ""
    if not stem:
        return notes.gap((*at, "name"), "the name of this contract")
    notes.guessed((*at, "name"), f"'{stem}', from its file")
    return stem


def _contract_kind(notes: NoteTaker, at: tuple[str | int, ...], kind: str | None) -> str | Gap:
    if kind is not None and kind in _CONTRACT_KINDS:
        if kind != _CONTRACT_KINDS[kind]:
            notes.changed((*at, "type"), f"'{kind}' became '{_CONTRACT_KINDS[kind]}'")
        return _CONTRACT_KINDS[kind]
    words = re.split(r"[-_ ]", (kind or "").lower().replace("jsonschema", "schema"))
    for word, guess in _CONTRACT_GUESSES.items():
        if word in words:
            notes.guessed((*at, "type"), f"'{guess}', from '{kind}'")
            return guess
    return notes.gap((*at, "type"), f"api, schema, contract-test or behavior; the type was '{kind or ''}'")
