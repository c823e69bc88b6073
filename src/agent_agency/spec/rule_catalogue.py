"""What every rule id means: read from the packaged tables under ``rules/``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ANY = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, explained. ``id`` may end in ``*`` for rules that differ in their last part only.

    ``breaks`` and ``mends`` are a part of a document, or a comment that describes a situation.
    """

    id: str
    means: str
    why: str
    breaks: str
    mends: str
    source: str

    def as_dict(self) -> dict[str, str]:
        """The rule as JSON-ready data."""
        return {
            "rule": self.id,
            "means": self.means,
            "why": self.why,
            "breaks": self.breaks,
            "mends": self.mends,
            "source": self.source,
        }


def load_catalogue() -> Mapping[str, Rule]:
    """All rules by id, in the order of their ids."""
    rules = {rule.id: rule for _, rule in read_tables()}
    return {name: rules[name] for name in sorted(rules)}


def read_tables() -> Iterator[tuple[Mapping[str, Any], Rule]]:
    """Each entry of the tables with its rule, one per id; the entry also says how its example is meant."""
    import tomllib
    from importlib.resources import files

    folder = files("agent_agency.spec").joinpath("rules")
    for table in sorted(folder.iterdir(), key=lambda item: item.name):
        if not table.name.endswith(".toml"):
            continue
        content = tomllib.loads(table.read_text("utf-8"))
        source = content.pop("source")
        for name, entry in content.items():
            for rule_id in (name, *entry.get("also", ())):
                yield entry, _rule(rule_id, entry, source)


def _rule(rule_id: str, entry: Mapping[str, Any], source: str) -> Rule:
    means, why = entry.get("means"), entry.get("why")
    if means is None or why is None:
        from agent_agency.spec.strict_rules import STRICT_RULES

        declared = STRICT_RULES[rule_id]
        means, why = declared.refuses, declared.why
    breaks, mends = entry["breaks"].strip("\n"), entry["mends"].strip("\n")
    for field in entry.get("without", ()):
        breaks = f"# without '{field}'\n{breaks}" if not breaks.startswith("#") else breaks
    return Rule(rule_id, means, why, breaks, mends, entry.get("source", source))
