"""The packaged JSON Schemas (draft 2020-12) of the documents, for editors and for the shape checks of old profiles.

An editor with the YAML language server takes one by a first line such as
``# yaml-language-server: $schema=./spec.schema.json``, after ``agency spec schema > spec.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent_agency.errors import UsageError

_FILES: Mapping[tuple[str, str], str] = {
    ("spec", "caws-vnext"): "spec.caws-vnext.v1.json",
    ("spec", "caws-2025.10"): "spec.caws-2025.10.v1.json",
    ("spec", "caws-10"): "spec.caws-10.v1.json",
    ("policy", "caws-vnext"): "policy.caws-vnext.v1.json",
    ("policy", "caws-2025.10"): "policy.caws-2025.10.v1.json",
    ("waiver", "caws-vnext"): "waiver.caws-vnext.v1.json",
    ("config", "caws-vnext"): "config.v1.json",
}


def schema_text(kind: str, profile: str) -> str:
    """The text of a packaged schema.

    Args:
        kind: ``spec``, ``policy``, ``waiver`` or ``config``.
        profile: the name of a profile, e.g. ``caws-vnext``.

    Raises:
        UsageError: no schema is packaged for the two.
    """
    from importlib.resources import files

    name = _FILES.get((kind, str(profile)))
    if name is None:
        profiles = [known for of_kind, known in _FILES if of_kind == kind]
        raise UsageError(
            f"There is no schema of a {kind} in the profile {profile}", fix=f"Use one of: {', '.join(profiles)}."
        )
    return files("agent_agency.spec").joinpath("schemas", name).read_text("utf-8")


def load_schema(kind: str, profile: str) -> Mapping[str, Any]:
    """The parsed form of ``schema_text``."""
    parsed: Mapping[str, Any] = json.loads(schema_text(kind, profile))
    return parsed
