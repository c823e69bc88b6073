"""A ruling's entry counts where the arbiter signed it and it says what was signed."""

from __future__ import annotations

from typing import Any

import pytest

from agent_agency.ledger.entry import Entry
from agent_agency.workflows.vouched_rulings import is_vouched
from support.principals import listed, make_principal
from support.signed_rulings import signed_body

JUDGE = make_principal("judge", ["arbiter"])
BODY = signed_body(
    {"ruling_id": "R-1", "verdict": "rejected", "law": {"commit": "c" * 40, "constitution": "sha256:1"}}, JUDGE
)


def entry(kind: str = "ruling", **members: Any) -> Entry:
    digest = "sha256:" + "0" * 64
    return Entry(2, kind, "2026-01-31T08:00:00.000Z", "a" * 32, {**BODY, **members}, digest, digest)


def test_a_signed_ruling_counts_and_only_as_a_ruling() -> None:
    assert is_vouched(entry(), listed(JUDGE))
    assert not is_vouched(entry("note"), listed(JUDGE))
    assert not is_vouched(entry(), listed(make_principal("other", ["arbiter"])))
    assert is_vouched(entry(), listed(make_principal("other", ["arbiter"])), [JUDGE.signer.public_key])


@pytest.mark.parametrize("name", sorted({*BODY, "document", "case_file", "constitution", "decision"} - {"note"}))
@pytest.mark.parametrize("value", [None, "x", 7, [], {}, [{}], {"commit": 7}, {"tree": []}])
def test_another_value_of_any_member_that_was_signed_never_counts_and_is_never_an_error(name: str, value: Any) -> None:
    assert value == BODY.get(name) or not is_vouched(entry(**{name: value}), listed(JUDGE))
