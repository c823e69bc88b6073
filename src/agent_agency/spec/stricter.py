"""The declared stricter layer over the standard: rules of this project's own, each with an id under ``strict.``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.facts import Finding
from agent_agency.spec.document import Document
from agent_agency.spec.model import Profile

if TYPE_CHECKING:
    from agent_agency.spec.validate import RepositoryFiles


def check_stricter(
    document: Document, profile: Profile, *, files: RepositoryFiles | None = None, now: datetime | None = None
) -> tuple[Finding, ...]:
    """Judge what the standard lets pass."""
    del document, profile, files, now
    return ()
