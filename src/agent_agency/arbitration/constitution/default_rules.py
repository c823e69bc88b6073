"""The rules that every repository is under unless its own law says otherwise; they stand in ``rules/*.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from agent_agency.arbitration.constitution.model import Constitution, Rule
from agent_agency.arbitration.constitution.read_rules import read_rules
from agent_agency.arbitration.constitution.serialise import make_constitution

_EXAMPLES = re.compile(rb"^\[\[rule\.example\]\]\n.*?(?=^\[\[rule\]\]|\Z)", re.MULTILINE | re.DOTALL)
"""Most of the bytes of the shipped files, and a review has no use for them: reading takes 4 ms instead of 12."""


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
    return _read(tuple(default_files().items()))


def default_constitution() -> Constitution:
    """The law of a repository that has no rules of its own; its rules come without their examples.

    Raises:
        ValueError: a shipped file is broken, which only a damaged installation can be.
    """
    return _made(tuple((name, _EXAMPLES.sub(b"", data)) for name, data in default_files().items()))


@lru_cache(maxsize=1)
def _made(shipped: tuple[tuple[str, bytes], ...]) -> Constitution:
    return make_constitution(_read(shipped))


@lru_cache(maxsize=2)
def _read(shipped: tuple[tuple[str, bytes], ...]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for name, data in shipped:
        read = read_rules(data, "")
        if read.findings:
            raise ValueError(f"the shipped rules {name} are broken: {read.findings[0].message}")
        rules.extend(read.rules)
    return tuple(sorted(rules, key=lambda rule: rule.id))
