"""A working spec as it stands in the law, valid or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent_agency.canonical_json import digest_bytes
from agent_agency.spec.document import Document, load_document
from agent_agency.spec.model import ValidationResult
from agent_agency.spec.validate import RepositoryFiles, ValidationOptions, validate_spec


@dataclass(frozen=True, slots=True)
class SpecOnFile:
    """A spec as it stands at the base, valid or not; ``id`` and ``lifecycle`` are what the file says."""

    path: str
    id: str | None
    lifecycle: str
    digest: str
    result: ValidationResult


def read_spec(data: bytes, path: str, *, files: RepositoryFiles | None, now: datetime, has_policy: bool) -> SpecOnFile:
    """Judge the bytes of a spec; the arguments are those of ``validate_spec``."""
    result = validate_spec(data, path, ValidationOptions(), files=files, now=now, has_policy=has_policy)
    digest = digest_bytes(data)
    if result.spec is not None:
        return SpecOnFile(path, result.spec.id, result.spec.lifecycle, digest, result)
    document = load_document(data, path)
    stated = document.value if isinstance(document, Document) else {}
    spec_id = stated.get("id")
    lifecycle = str(stated.get("lifecycle_state", "active"))
    return SpecOnFile(path, spec_id if isinstance(spec_id, str) else None, lifecycle, digest, result)
