"""The page of the default rules, from the shipped files and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from agent_agency.arbitration.constitution.default_rules import default_files
from agent_agency.arbitration.constitution.facts_schema import Fact, lists, records
from agent_agency.arbitration.constitution.model import Rule
from agent_agency.arbitration.constitution.read_rules import read_rules

_INTRO = """\
# The default constitution

The {number} rules that bind every change where a repository's own law does not say otherwise. How they are applied,
added to and weakened: [the constitution](../explanation/constitution.md). `agency rules test` runs the {examples}
examples below.

A rule is asked once for the case, or once for each element of a list of facts, which is `it` in its conditions. Where
*applies* is false, the rule says nothing; where *demands* is false, it is violated; where a fact is missing on which
the answer hangs, it is unknown. A rule of severity advice never changes a verdict.
"""


def constitution_page(note: str) -> str:
    """Every default rule by subject with its conditions and examples, then the facts that rules may ask about."""
    read = {name.removesuffix(".toml"): (_first_comment(data), _rules(data)) for name, data in default_files().items()}
    rules = [rule for _, listed in read.values() for rule in listed]
    examples = sum(len(rule.examples) for rule in rules)
    parts = [note, _INTRO.format(number=len(rules), examples=examples), *_overview(rules)]
    for subject, (about, listed) in read.items():
        parts += [f"\n## {subject}\n", about]
        parts += [line for rule in listed for line in _rule(rule)]
    parts += ["\n## Facts\n", "What a rule may ask about. A fact that could not be measured is missing.\n", *_facts()]
    return "\n".join(parts) + "\n"


def _rules(data: bytes) -> tuple[Rule, ...]:
    return read_rules(data, "").rules


def _first_comment(data: bytes) -> str:
    return data.decode().partition("\n")[0].removeprefix("#").strip()


def _overview(rules: list[Rule]) -> Iterator[str]:
    yield "| rule | what it says | severity | waivable |\n| --- | --- | --- | --- |"
    for rule in sorted(rules, key=lambda rule: rule.id):
        waivable = "yes" if rule.waivable else "no"
        yield f"| [`{rule.id}`](#{_anchor(rule)}) | {_cell(rule.title)} | {rule.severity} | {waivable} |"


def _rule(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.id}\n"
    asked = f"asked for each of `{rule.each}`" if rule.each else "asked once"
    yield f"{_cell(rule.title)}. Category {rule.category}, version {rule.version}, {asked}.\n"
    yield "```text"
    if rule.applies != "true":
        yield f"applies  {_indented(rule.applies)}"
    yield f"demands  {_indented(rule.condition)}"
    yield "```\n"
    yield f"*Says:* {_cell(rule.message)}. *Remedy:* {_cell(rule.remedy)} *From:* {_cell(rule.source)}.\n"
    for example in rule.examples:
        yield f"- {str(example.expect).replace('_', ' ')}: {_cell(example.name)}"


def _indented(condition: str) -> str:
    return condition.strip().replace("\n", "\n         ")


def _facts() -> Iterator[str]:
    for name, facts in records().items():
        yield from _listed(name, f"`{name}`, once in a case", facts)
    for name, facts in lists().items():
        yield from _listed(name, f"`{name}`, a list", facts)


def _listed(name: str, title: str, facts: tuple[Fact, ...]) -> Iterator[str]:
    yield f"\n### facts: {name}\n\n{title}.\n\n| fact | type | what it says |\n| --- | --- | --- |"
    yield from (f"| `{fact.name}` | {fact.type.replace('<', '&lt;')} | {_cell(fact.about)} |" for fact in facts)


def _anchor(rule: Rule) -> str:
    """The anchor that the site makes of the heading: letters, digits, underscores."""
    return rule.id.replace(".", "")


def _cell(text: str) -> str:
    """Text as it stands inside a paragraph or a cell of a table."""
    special = {"|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "_": "\\_", "[": "\\[", "`": "\\`"}
    return "".join(special.get(character, character) for character in text.replace("\n", " "))
