"""A constitution as canonical JSON, and the digest that names it.

The digest is over what decides and what rulings show: of each rule all but its title, source, place and examples, with
white space and comments taken out of the conditions; and what the repository weakened. The order of files and rules
has no part in it. The bytes hold title, source and place besides, so that a frozen law can be shown; examples are
left out, as they decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType, NoneType
from typing import Any

from agent_agency.arbitration.constitution.model import Category, Constitution, Rule, Weakening
from agent_agency.canonical_json import canonical_json, digest_json, parse_canonical
from agent_agency.facts import Severity

_TOKEN = re.compile(
    r'''[rR]?("""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')'''
    r"|(?P<space>(?://[^\n]*|\s)+)",
    re.DOTALL,
)

_TEXTS = ("id", "title", "category", "severity", "condition", "message", "remedy", "source", "applies", "each", "path")
_TYPES: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        **dict.fromkeys(_TEXTS, (str,)),
        "version": (int,),
        "waivable": (bool,),
        "evidence": (list,),
        "line": (int, NoneType),
        "effective": (str, NoneType),
        "expires": (str, NoneType),
    }
)


def make_constitution(rules: Iterable[Rule], weakened: Iterable[Weakening] = ()) -> Constitution:
    """Put rules into a constitution: ordered by id, named by its digest."""
    ordered = tuple(sorted(rules, key=lambda rule: rule.id))
    loosened = tuple(sorted(weakened, key=lambda one: (one.rule, one.how)))
    return Constitution(ordered, _digest(ordered, loosened), loosened)


def constitution_bytes(constitution: Constitution) -> bytes:
    """Serialise a constitution; ``constitution_from`` reads it."""
    rules = [
        {**_decides(rule), "applies": rule.applies, "condition": rule.condition, **_shows(rule)}
        for rule in constitution.rules
    ]
    weakened = [_weakening(one) for one in constitution.weakened]
    return canonical_json({"schema_version": 1, "digest": constitution.digest, "rules": rules, "weakened": weakened})


def constitution_from(data: bytes) -> Constitution:
    """Read what ``constitution_bytes`` wrote.

    Raises:
        ValueError: the bytes are no constitution, or not the one that their digest names.
    """
    value = parse_canonical(data)
    try:
        rules = [_rule(one) for one in value["rules"]]
        weakened = [Weakening(one["rule"], one["how"], one["allowed_by"]) for one in value["weakened"]]
        named = value["digest"]
        constitution = make_constitution(rules, weakened)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"no constitution: {error}") from error
    if constitution.digest != named or constitution_bytes(constitution) != data:
        raise ValueError("the rules are not those that the digest names")
    return constitution


def without_space(condition: str) -> str:
    """A condition without comments and with one blank for each run of white space outside of its strings."""
    return _TOKEN.sub(lambda found: " " if found["space"] else found[0], condition).strip()


def _digest(rules: Iterable[Rule], weakened: Iterable[Weakening]) -> str:
    return digest_json({"rules": [_decides(rule) for rule in rules], "weakened": [_weakening(one) for one in weakened]})


def _decides(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "version": rule.version,
        "category": rule.category.value,
        "severity": rule.severity.value,
        "waivable": rule.waivable,
        "each": rule.each,
        "applies": without_space(rule.applies),
        "condition": without_space(rule.condition),
        "evidence": sorted(rule.evidence),
        "message": rule.message,
        "remedy": rule.remedy,
        "effective": _day(rule.effective),
        "expires": _day(rule.expires),
    }


def _shows(rule: Rule) -> dict[str, Any]:
    return {"title": rule.title, "source": rule.source, "path": rule.path, "line": rule.line}


def _weakening(one: Weakening) -> dict[str, str]:
    return {"rule": one.rule, "how": one.how, "allowed_by": one.allowed_by}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _rule(value: Mapping[str, Any]) -> Rule:
    for key, kinds in _TYPES.items():
        if type(value[key]) not in kinds:
            raise TypeError(f"'{key}' is of a wrong type")
    if not all(isinstance(kind, str) for kind in value["evidence"]):
        raise TypeError("'evidence' is of a wrong type")
    return Rule(
        id=value["id"],
        version=value["version"],
        title=value["title"],
        category=Category(value["category"]),
        severity=Severity(value["severity"]),
        waivable=value["waivable"],
        condition=value["condition"],
        message=value["message"],
        remedy=value["remedy"],
        source=value["source"],
        applies=value["applies"],
        each=value["each"],
        evidence=tuple(value["evidence"]),
        effective=_read_day(value["effective"]),
        expires=_read_day(value["expires"]),
        path=value["path"],
        line=value["line"],
    )


def _read_day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
