"""Schemas as grammars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.errors import EngineError


def grammar_of(schema: Mapping[str, Any]) -> str:
    """The grammar of a schema's documents.

    Raises:
        EngineError: ``engine.schema_unsupported``.
    """
    raise EngineError(
        f"The schema cannot be kept to: {sorted(schema)}", fix="Ask without one.", code="engine.schema_unsupported"
    )
