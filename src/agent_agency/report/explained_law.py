"""The law of a recorded ruling, told from its stored document: constitution, rules clause by clause, precedents.

The document was written earlier, perhaps by another version, so nothing in it is taken for granted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from agent_agency.report import rules_told
from agent_agency.report.text import clean, clean_lines

MOST_RULES = 40
MOST_VALUES = 3

_SAID = ("violated", "unknown", "satisfied")


def law_lines(said: Mapping[str, Any]) -> Iterator[str]:
    """Constitution, case, signature and confidence, one line each, where the ruling has them."""
    law = _members(said.get("constitution"))
    if law.get("digest"):
        frozen = f", frozen by case {law['frozen_by']}" if law.get("frozen_by") else ""
        yield clean(f"constitution {law['digest']}, {law.get('rules')} rules of commit {law.get('commit')}{frozen}")
    if law.get("note"):
        yield clean(f"note on the constitution: {law['note']}")
    if said.get("appeal_of"):
        yield clean(f"a new hearing of {said['appeal_of']}")
    case, signed = _members(said.get("case")), _members(said.get("signed_by"))
    if case:
        yield clean(f"case {case.get('id')}, {case.get('state')}")
    if signed:
        yield clean(f"signed by {signed.get('principal') or 'a key listed nowhere'}, {signed.get('key_id')}")
    found = _members(said.get("confidence"))
    if found:
        counts = ", ".join(f"{found.get(name)} {name}" for name in ("measured", "reused", "flaky", "claimed"))
        yield clean(f"confidence {found.get('value')}: {counts}")


def rule_lines(said: Mapping[str, Any]) -> Iterator[str]:
    """What each rule says that applies, with the facts that it looked at; the others are counted."""
    rules = [_members(rule) for rule in _list(said.get("rules"))]
    told = [rule for rule in rules if rule.get("status") in _SAID]
    told.sort(key=lambda rule: _SAID.index(str(rule.get("status"))))
    for rule in told[:MOST_RULES]:
        yield from _rule(rule)
    counts = Counter(str(rule.get("status")) for rule in told[MOST_RULES:])
    if counts:
        yield (
            "and "
            + ", ".join(f"{number:,} {status}" for status, number in sorted(counts.items()))
            + "; --json lists all"
        )
    left = len(rules) - len(told)
    if left:
        yield f"{left:,} do not apply"


def weakened_lines(said: Mapping[str, Any]) -> Iterator[str]:
    """Default rules that the repository loosened."""
    for row in map(_members, _list(_members(said.get("constitution")).get("weakened"))):
        yield clean(f"{row.get('rule')}: {row.get('how')}; allowed by {row.get('allowed_by')}")


def precedent_lines(said: Mapping[str, Any]) -> Iterator[str]:
    """The precedents that were cited."""
    for citation in map(_members, _list(said.get("precedents"))):
        yield rules_told.precedent_head(citation)
        yield from (f"    {line}" for line in rules_told.precedent_facts(citation))


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    word = str(rule.get("status"))
    waived = ", ".join(map(str, _list(rule.get("waived_by"))))
    notes = [str(rule.get("severity")), *([f"covered by {waived}"] if waived else [])]
    about = f" ({rule['subject']})" if rule.get("subject") else ""
    standing = word if word == "satisfied" else word.upper()
    yield clean(f"{standing} {rule.get('id')}{about}, version {rule.get('version')} ({', '.join(notes)})")
    if word != "satisfied":
        missing = f" (missing: {rule['missing']})" if rule.get("missing") else ""
        yield f"    {clean(str(rule.get('message')))}{missing and clean(missing)}"
        yield from (f"    {line}" for line in clean_lines(str(rule.get("remedy") or "")) if line)
    looked = _facts(_members(rule.get("facts")))
    if looked:
        yield clean(f"    facts: {looked}")


def _facts(facts: Mapping[str, Any]) -> str:
    """The facts that a rule looked at, by record: ``gates[tests]: passed true, violations 0; spec: tier 3``."""
    by_record: dict[str, list[str]] = {}
    for path, value in facts.items():
        record, _, name = path.rpartition(".")
        by_record.setdefault(record, []).append(f"{name} {_value(value)}")
    return "; ".join(
        f"{record}: {', '.join(told)}" if record else ", ".join(told) for record, told in by_record.items()
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        listed = ", ".join(map(str, value[:MOST_VALUES]))
        return f"[{listed}{', ...' if len(value) > MOST_VALUES else ''}]"
    return str(value)


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
