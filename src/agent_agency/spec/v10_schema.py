"""What the JSON Schema of CLI 10.2.0 says of a spec: advice, as in the CLI itself."""

from __future__ import annotations

from typing import Any

from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.schema_check import Breach, breaches


def advise(found: FindingCollector, root: Any) -> None:
    """Add each breach of the packaged schema of the profile as ``advice``."""
    from agent_agency.spec.schema import load_schema

    for breach in breaches(load_schema("spec", "caws-10"), root):
        found.advise(f"schema.{breach.keyword}", breach.pointer, breach.message, _remedy(breach), at_key=breach.at_key)


def _remedy(breach: Breach) -> str:
    return breach.hint or "Follow the schema: agency spec schema --profile caws-10."
