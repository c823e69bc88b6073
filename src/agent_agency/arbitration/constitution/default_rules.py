"""The rules that every repository is under unless its own law says otherwise; they stand in ``rules/*.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent_agency.arbitration.constitution.model import Constitution, Rule
from agent_agency.arbitration.constitution.read_rules import read_rules
from agent_agency.arbitration.constitution.serialise import make_constitution


def default_files() -> Mapping[str, bytes]:
    """The bytes of the shipped files of rules, by name, in the order of names."""
    folder = Path(__file__).with_name("rules")
    return {entry.name: entry.read_bytes() for entry in sorted(folder.glob("*.toml"))}


def default_rules() -> tuple[Rule, ...]:
    """The shipped rules with their examples, in the order of ids.

    Conditions are not checked here: a test checks every shipped rule, which saves each review the typed environment.

    Raises:
        ValueError: a shipped file is broken, which only a damaged installation can be.
    """
    rules: list[Rule] = []
    for name, data in default_files().items():
        read = read_rules(data, "")
        if read.findings:
            raise ValueError(f"the shipped rules {name} are broken: {read.findings[0].message}")
        rules.extend(read.rules)
    return tuple(sorted(rules, key=lambda rule: rule.id))


def default_constitution() -> Constitution:
    """The law of a repository that has no rules of its own."""
    return make_constitution(default_rules())
