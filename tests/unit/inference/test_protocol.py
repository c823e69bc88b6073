from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.canonical_json import digest_json
from agent_agency.inference.protocol import Message, Request

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_SCHEMA = st.none() | st.dictionaries(_TEXT, st.floats(allow_nan=False, allow_infinity=False) | _TEXT, max_size=3)


@given(st.lists(_TEXT, max_size=4), _SCHEMA)
def test_a_prompts_digest_is_that_of_its_canonical_json(texts: list[str], schema: dict[str, Any] | None) -> None:
    request = Request(tuple(Message("user", text) for text in texts), schema=schema)
    expected = {"messages": [["user", text] for text in texts], "schema": schema}
    assert request.prompt_digest == digest_json(expected)
