"""The reference's canonical JSON and event hashes, computed by our serialiser.

The vectors are read by our own strict reader. An integer beyond 2**53 - 1 is there what it is in the reference, a
double; handed over as a Python ``int`` it is refused, so that no digest rests on a number that others would round.
"""

from __future__ import annotations

from typing import Any

import pytest

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_json
from support.conformance import CAWS, needs_caws


def _cases(name: str) -> list[Any]:
    path = CAWS / "vectors" / name
    return parse_json(path.read_bytes())["cases"] if path.is_file() else []


@needs_caws
@pytest.mark.parametrize("case", _cases("canonical_json.json"))
def test_canonical_text_is_the_references(case: dict[str, Any]) -> None:
    assert canonical_json(case["value"]).decode() == case["expected"]["text"]


@needs_caws
@pytest.mark.parametrize("case", _cases("event_hash.json"))
def test_an_event_of_the_standards_ledger_hashes_as_the_reference_hashes_it(case: dict[str, Any]) -> None:
    unsigned = {key: value for key, value in case["event"].items() if key != "event_hash"}
    assert digest_bytes(b"caws.events.v1\0" + canonical_json(unsigned)) == case["expected"]["hash"]


@needs_caws
def test_the_vectors_were_really_there() -> None:
    assert len(_cases("canonical_json.json")) >= 60
    assert len(_cases("event_hash.json")) >= 30
