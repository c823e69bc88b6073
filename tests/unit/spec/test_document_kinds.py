from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from agent_agency.spec.document_kinds import DocumentKind, kind_by_content, kind_by_place


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".caws/policy.yaml", DocumentKind.POLICY),
        ("/x/.caws/policy.yml", DocumentKind.POLICY),
        ("policy.yaml", None),
        (".caws/working-spec.yaml", DocumentKind.SPEC),
        ("working-spec.yml", DocumentKind.SPEC),
        (".caws/specs/PAY-42.yaml", DocumentKind.SPEC),
        (".caws/specs/policy.yaml", DocumentKind.SPEC),
        (".caws/specs/old/x.yaml", None),
        (".caws/waivers/WV-1.yaml", DocumentKind.WAIVERS),
        (".caws/waivers.yml", DocumentKind.WAIVERS),
        ("agency.toml", DocumentKind.CONFIG),
        ("other.toml", DocumentKind.CONFIG),
        ("specs/x.yaml", None),
        ("x", None),
    ],
)
def test_the_place_tells_the_kind(path: str, kind: DocumentKind | None) -> None:
    assert kind_by_place(PurePosixPath(path).parts) is kind


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"version", "risk_tiers", "gates"}, DocumentKind.POLICY),
        ({"id", "gates", "expires_at"}, DocumentKind.WAIVERS),
        ({"waivers"}, DocumentKind.WAIVERS),
        ({"id", "scope", "risk_tiers"}, DocumentKind.SPEC),
        ({"id", "gates"}, DocumentKind.SPEC),
        (set(), DocumentKind.SPEC),
    ],
)
def test_the_keys_tell_the_kind_where_the_place_does_not(keys: set[str], kind: DocumentKind) -> None:
    assert kind_by_content(dict.fromkeys(keys)) is kind
