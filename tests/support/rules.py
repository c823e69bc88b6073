"""Rules and files of rules for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import strategies as st

from agent_agency.arbitration.constitution.closed_values import closed_values
from agent_agency.arbitration.constitution.evaluate import evaluate
from agent_agency.arbitration.constitution.facts_schema import Fact, FactType, lists, records
from agent_agency.arbitration.constitution.model import Category, Rule, RuleOutcome
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.facts import Severity

DAY = date(2026, 6, 1)


def make_rule(condition: str, **changed: Any) -> Rule:
    """A rule with that condition; anything else is ordinary."""
    ordinary: dict[str, Any] = {
        "id": "our.rule",
        "version": 1,
        "title": "A rule",
        "category": Category.PROCESS,
        "severity": Severity.MAJOR,
        "waivable": True,
        "message": "It does not hold",
        "remedy": "Mend it.",
        "source": "a test",
    }
    return Rule(condition=condition, **{**ordinary, **changed})


def outcomes_of(rule: Rule, facts: Mapping[str, Any], day: date = DAY) -> tuple[RuleOutcome, ...]:
    """What one rule says of facts."""
    return evaluate(make_constitution([rule]), facts, day)


def outcome_of(rule: Rule, facts: Mapping[str, Any], day: date = DAY) -> RuleOutcome:
    """What one rule says of facts, where it says one thing."""
    (outcome,) = outcomes_of(rule, facts, day)
    return outcome


def rule_toml(condition: str = "spec.tier == 1", **changed: str) -> str:
    """The text of a rule in a file; values are given as TOML, ``None`` is written by leaving a key out."""
    ordinary = {
        "id": '"our.rule"',
        "version": "1",
        "title": '"A rule"',
        "category": '"process"',
        "severity": '"major"',
        "waivable": "false",
        "condition": f"'''{condition}'''" if condition else "",
        "message": '"It does not hold"',
        "remedy": '"Mend it."',
        "source": '"a test"',
    }
    return "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in {**ordinary, **changed}.items() if value)


def fact_values(path: tuple[str, str], kind: FactType) -> st.SearchStrategy[Any]:
    """Values of a fact; of the closed ones those that it can have."""
    known = closed_values(path)
    if known:
        return st.sampled_from(known)
    texts = st.sampled_from(["", "a", "tests", "src/a.py", "builtin", "law", "scope_boundary", "2026-01-31"])
    return {
        FactType.BOOL: st.booleans(),
        FactType.INT: st.integers(min_value=0, max_value=4),
        FactType.DOUBLE: st.floats(min_value=0, max_value=1),
        FactType.TEXT: texts,
        FactType.TEXTS: st.lists(texts, max_size=2),
    }[kind]


def _members(name: str, facts: tuple[Fact, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({fact.name: fact_values((name, fact.name), fact.type) for fact in facts})


def whole_cases(most: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Facts of a case in which nothing is missing."""
    once = {name: _members(name, facts) for name, facts in records().items()}
    many = {name: st.lists(_members(name, facts), max_size=most) for name, facts in lists().items()}
    return st.fixed_dictionaries({**once, **many})
