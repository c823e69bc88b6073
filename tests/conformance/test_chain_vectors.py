"""The reference's verdicts on chains of the standard's events."""

from __future__ import annotations

from typing import Any

import pytest

from agent_agency.canonical_json import canonical_json, parse_json
from agent_agency.ledger.caws_events import EventLog, event_hash, read_events, verify_chain
from support.conformance import CAWS, needs_caws


def _cases(name: str) -> list[Any]:
    path = CAWS / "vectors" / name
    return parse_json(path.read_bytes())["cases"] if path.is_file() else []


@needs_caws
@pytest.mark.parametrize("case", _cases("verify_chain.json"))
def test_a_chain_is_judged_as_the_reference_judges_it(case: dict[str, Any]) -> None:
    assert [fault.rule for fault in verify_chain(case["events"])] == case["expected"].get("rules", [])


@needs_caws
@pytest.mark.parametrize("case", _cases("event_hash.json"))
def test_an_event_has_the_references_hash(case: dict[str, Any]) -> None:
    assert event_hash(case["event"]) == case["expected"]["hash"]


@needs_caws
@pytest.mark.parametrize("case", [case for case in _cases("verify_chain.json") if case["events"]])
def test_a_file_is_taken_exactly_when_its_chain_verifies(case: dict[str, Any]) -> None:
    read = read_events(b"".join(canonical_json(event) + b"\n" for event in case["events"]))
    assert isinstance(read, EventLog) is case["expected"]["ok"]


@needs_caws
def test_the_vectors_were_really_there() -> None:
    assert (len(_cases("verify_chain.json")), len(_cases("event_hash.json"))) == (29, 39)
