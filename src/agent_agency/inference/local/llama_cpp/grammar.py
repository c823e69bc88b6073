"""JSON schemas as grammars that leave a model no room for white space.

A grammar that allows white space lets a weak model write nothing else until its tokens are used up. The form is that
of LLGuidance, which llama.cpp is built with here; it knows more of JSON schema than llama.cpp's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent_agency.errors import EngineError

_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}


def compact(schema: Mapping[str, Any]) -> str:
    """The grammar of a schema: its documents without white space, each valid under it."""
    return "%llguidance {}\nstart: %json " + json.dumps({**schema, "x-guidance": _COMPACT})


def unsupported() -> EngineError:
    """The error of a schema that cannot be kept to while decoding."""
    return EngineError(
        "llama.cpp cannot keep an answer to this JSON schema",
        fix="Use a plainer schema (types, enum, required, items, numeric and length bounds), or the other engine.",
        code="engine.schema_unsupported",
    )
