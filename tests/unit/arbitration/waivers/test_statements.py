from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.waivers.model import ActKind, Terms
from agent_agency.arbitration.waivers.statements import (
    Decided,
    decision_statement,
    read_decided,
    read_terms,
    request_statement,
)
from agent_agency.attestation.statement import Statement, read_statement
from agent_agency.spec.model import Budget
from support.waiver_acts import BASE, BEGAN, CHAIN, DIGEST, OTHER_DIGEST, TERMS

_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)
_NAMES = st.lists(_TEXT, max_size=4, unique=True).map(tuple)
_TERMS = st.builds(
    Terms,
    id=st.from_regex(r"[A-Z][A-Z0-9]{0,4}-[0-9]{1,5}", fullmatch=True),
    gates=_NAMES,
    rules=_NAMES,
    spec_id=st.none() | _TEXT,
    paths=_NAMES,
    reason=_TEXT,
    requester=_TEXT,
    created_at=st.integers(0, 10**9).map(lambda ms: BEGAN + timedelta(milliseconds=ms)),
    expires_at=st.integers(0, 10**9).map(lambda ms: BEGAN + timedelta(milliseconds=ms)),
    base=st.just(BASE),
    max_uses=st.none() | st.integers(1, 10**6),
    delta=st.none() | st.builds(Budget, st.integers(0, 10**6), st.integers(0, 10**6)),
)
DECIDED = Decided("WV-1", DIGEST, BEGAN, BASE, CHAIN, "a note")


@given(_TERMS)
def test_what_was_asked_for_is_read_back(terms: Terms) -> None:
    assert read_terms(read_statement(request_statement(terms, CHAIN))) == (terms, CHAIN)


@pytest.mark.parametrize("kind", [ActKind.APPROVAL, ActKind.DENIAL, ActKind.REVOCATION])
def test_a_decision_is_read_back(kind: ActKind) -> None:
    assert read_decided(read_statement(decision_statement(kind, DECIDED))) == DECIDED


def test_requests_that_differ_in_anything_are_signed_under_different_bytes() -> None:
    others = (
        replace(TERMS, gates=("secrets",)),
        replace(TERMS, spec_id="FEAT-2"),
        replace(TERMS, paths=("src",)),
        replace(TERMS, reason="another reason altogether"),
        replace(TERMS, expires_at=TERMS.expires_at + timedelta(milliseconds=1)),
        replace(TERMS, max_uses=1),
        replace(TERMS, delta=Budget(0, 1)),
        replace(TERMS, requester="ann"),
    )
    assert len({request_statement(terms, CHAIN) for terms in (TERMS, *others)}) == len(others) + 1
    assert request_statement(TERMS, CHAIN) != request_statement(TERMS, "e" * 32)


def changed(statement: Statement, **members: Any) -> Statement:
    predicate = {**statement.predicate, **members}
    return replace(statement, predicate={key: value for key, value in predicate.items() if value != "removed"})


@pytest.mark.parametrize(
    "members",
    [
        *({"subject": "waiver:WV-2"}, {"subject": "case:WV-1"}, {"subject": "waiver:../x-1"}, {"subject": 1}),
        *({"base": "main"}, {"base": None}, {"base": "C" * 40}, {"chain": None}, {"chain": "x"}, {"gates": "scope"}),
        *({"gates": [1]}, {"gates": ["a", "a"]}, {"gates": [""]}, {"gates": ["x"] * 51}, {"rules": None}),
        *({"spec": ""}, {"spec": 7}, {"paths": {}}, {"reason": " "}, {"reason": None}, {"reason": "x" * 10_001}),
        *({"requester": ""}, {"created_at": "yesterday"}, {"created_at": "2026-02-30T00:00:00.000Z"}),
        *({"expires_at": "2026-01-31T08:00:00Z"}, {"expires_at": "2026-01-31T08:00:00.000+01:00"}, {"max_uses": 0}),
        *(
            {"max_uses": True},
            {"max_uses": 1.0},
            {"delta": {}},
            {"delta": {"files": 1}},
            {"delta": {"files": -1, "lines": 0}},
        ),
        *({"delta": {"files": 1, "lines": 1, "more": 1}}, {"approved": True}, {"reason": "removed"}),
    ],
)
def test_a_request_of_which_one_member_was_bent_is_none(members: dict[str, Any]) -> None:
    good = read_statement(request_statement(TERMS, CHAIN))
    with pytest.raises(ValueError, match="it"):
        read_terms(changed(good, **members))


@pytest.mark.parametrize(
    "members",
    [
        *({"subject": "waiver:WV-2"}, {"digest": OTHER_DIGEST}, {"digest": "a" * 64}, {"digest": None}),
        *({"decision": "deny"}, {"decision": ""}, {"note": None}, {"note": "x" * 10_001}, {"at": ""}, {"at": 5}),
        *({"chain": None}, {"base": "HEAD"}, {"quorum": 1}, {"note": "removed"}),
    ],
)
def test_an_approval_of_which_one_member_was_bent_is_none(members: dict[str, Any]) -> None:
    good = read_statement(decision_statement(ActKind.APPROVAL, DECIDED))
    with pytest.raises(ValueError, match="it"):
        read_decided(changed(good, **members))


def test_one_kind_of_act_is_no_other() -> None:
    approval = read_statement(decision_statement(ActKind.APPROVAL, DECIDED))
    with pytest.raises(ValueError, match="decision"):
        read_decided(replace(approval, kind="waiver_denial"))
    with pytest.raises(ValueError, match="another kind"):
        read_decided(replace(approval, kind="ruling"))
    with pytest.raises(ValueError, match="another kind"):
        read_terms(approval)
