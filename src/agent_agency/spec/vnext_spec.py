"""A valid ``caws-vnext`` document as a ``Spec``."""

from __future__ import annotations

from agent_agency.spec.document import Document
from agent_agency.spec.model import Profile, Scope, Spec


def to_spec(document: Document) -> Spec:
    """Reduce a document whose shape and meaning were found right."""
    value = document.value
    scope = value["scope"]
    return Spec(
        id=value["id"],
        title=value["title"],
        risk_tier=int(value["risk_tier"]),
        mode=value["mode"],
        lifecycle=value["lifecycle_state"],
        scope=Scope(tuple(scope["in"]), tuple(scope.get("out", ())), tuple(scope.get("support", ()))),
        profile=Profile.VNEXT,
        path=document.path,
        digest=document.digest,
        document=value,
    )
