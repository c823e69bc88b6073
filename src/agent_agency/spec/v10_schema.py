"""What the JSON Schema of CLI 10.2.0 says of a spec: advice, as in the CLI itself."""

from __future__ import annotations

from typing import Any

from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.javascript_values import Moment
from agent_agency.spec.schema_check import Breach, breaches, name_of


def advise(found: FindingCollector, root: Any) -> None:
    """Add each breach of the packaged schema of the profile as ``advice``."""
    from agent_agency.spec.schema import load_schema

    for breach in breaches(load_schema("spec", "caws-10"), root):
        message, remedy = _told(breach, root)
        found.advise(f"schema.{breach.keyword}", breach.pointer, message, remedy, at_key=breach.at_key)


def _told(breach: Breach, root: Any) -> tuple[str, str]:
    """Message and remedy; a date without quotes looks like text, so it is told what it is."""
    if breach.keyword == "type" and isinstance(_at(root, breach), Moment):
        return f"{name_of(breach.pointer)} is a date, not text, because it has no quotes", "Put it in quotes."
    return breach.message, breach.hint or "Follow the schema: agency spec schema --profile caws-10."


def _at(root: Any, breach: Breach) -> Any:
    node = root
    for part in breach.pointer:
        node = node[part]
    return node
