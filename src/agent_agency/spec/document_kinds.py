"""Where the documents of a repository lie, and what kind of document a file is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

CAWS_FOLDER: Final = ".caws"
CONFIG_NAME: Final = "agency.toml"
AGENCY_FOLDER: Final = ".agency"
PRINCIPALS_NAME: Final = "principals.toml"
POLICY_NAMES: Final = ("policy.yaml", "policy.yml")
SINGLE_SPEC_NAMES: Final = ("working-spec.yaml", "working-spec.yml")
WAIVER_MAP_NAMES: Final = ("waivers.yml", "waivers.yaml")
SPEC_FOLDER: Final = "specs"
WAIVER_FOLDER: Final = "waivers"
YAML_ENDINGS: Final = (".yaml", ".yml")

_SPEC_ONLY: Final = ("scope", "acceptance", "acceptance_criteria", "blast_radius", "lifecycle_state")
_WAIVER_SIGNS: Final = ("expires_at", "gates")


class DocumentKind(StrEnum):
    """What a file is read as."""

    SPEC = "spec"
    POLICY = "policy"
    WAIVERS = "waivers"
    CONFIG = "config"
    PRINCIPALS = "principals"


def kind_by_place(parts: tuple[str, ...]) -> DocumentKind | None:
    """Tell by the parts of a path; ``None`` where the place says nothing."""
    name = parts[-1] if parts else ""
    folder = parts[-2] if len(parts) > 1 else ""
    above = parts[-3] if len(parts) > 2 else ""  # noqa: PLR2004 - two folders and a name
    if name == CONFIG_NAME or name.endswith(".toml"):
        listed = folder == AGENCY_FOLDER and name == PRINCIPALS_NAME
        return DocumentKind.PRINCIPALS if listed else DocumentKind.CONFIG
    if folder == CAWS_FOLDER and name in POLICY_NAMES:
        return DocumentKind.POLICY
    if folder == CAWS_FOLDER and name in WAIVER_MAP_NAMES:
        return DocumentKind.WAIVERS
    if above == CAWS_FOLDER and folder == WAIVER_FOLDER:
        return DocumentKind.WAIVERS
    if name in SINGLE_SPEC_NAMES or (above == CAWS_FOLDER and folder == SPEC_FOLDER):
        return DocumentKind.SPEC
    return None


def kind_by_content(value: Mapping[str, Any]) -> DocumentKind:
    """Tell by the keys; what has the keys of neither a policy nor a waiver is judged as a spec."""
    if any(key in value for key in _SPEC_ONLY):
        return DocumentKind.SPEC
    if "risk_tiers" in value:
        return DocumentKind.POLICY
    if "waivers" in value or all(key in value for key in _WAIVER_SIGNS):
        return DocumentKind.WAIVERS
    return DocumentKind.SPEC
