"""No sequence of acts by one principal overturns a ruling, whatever roles and keys they have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import APPEAL_DECIDED, APPEAL_LAPSED, Ground, Parties, State, Vote
from agent_agency.arbitration.appeals.statements import appeal_subject
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.signer import Ed25519Signer
from support.appeal_entries import BASE, Docket, a_claim
from support.principals import make_principal

HONEST = [make_principal(f"judge{number}", ["reviewer"]) for number in range(1, 4)]
KEYS = [make_principal(f"mallory-key-{number}", ["reviewer"]) for number in range(4)]
ROLES = st.sampled_from([("reviewer",), ("requester",), ("approver", "requester", "reviewer"), ("agent",)])


def mallory(roles: tuple[str, ...]) -> Principal:
    """One principal with two listed keys; two further keys are listed for nobody."""
    keys = tuple(key.signer.public_key for key in KEYS[:2])
    return Principal("mallory", "mallory@example.org", frozenset(roles), keys)


class OnePrincipal(RuleBasedStateMachine):
    """Mallory files, reviews, thinks again, files anew, copies entries and forges what the arbiter writes."""

    @initialize(roles=ROLES, writes=st.booleans())
    def start(self, roles: tuple[str, ...], writes: bool) -> None:
        listed = Principals((mallory(roles), *(judge.principal for judge in HONEST)))
        authors = ("mallory@example.org",) if writes else ("writer@example.org",)
        self.docket = Docket(listed, Parties(authors=authors))
        self.rulings = [self.docket.rule("R-1"), self.docket.rule("R-2", "approved")]
        self.filed: list[str] = []
        self.nonce = 0

    def _key(self, number: int) -> Ed25519Signer:
        return KEYS[number].signer

    @rule(which=st.integers(0, 1), key=st.integers(0, 3), ground=st.sampled_from(Ground))
    def file(self, which: int, key: int, ground: Ground) -> None:
        self.nonce += 1
        claim = a_claim(target=f"{self.nonce:032x}")
        nonce = str(self.nonce)
        self.filed.append(
            self.docket.file(self.rulings[which], self._key(key), claim, ground=Ground.NEW_EVIDENCE, nonce=nonce)
            if ground is Ground.NEW_EVIDENCE
            else self.docket.file(self.rulings[which], self._key(key), nonce=nonce)
        )

    @rule(key=st.integers(0, 3), level=st.integers(1, 3), vote=st.sampled_from(Vote), which=st.integers(0, 30))
    def review(self, key: int, level: int, vote: Vote, which: int) -> None:
        if self.filed:
            self.docket.review(self.filed[which % len(self.filed)], self._key(key), vote, level=level)

    @rule(which=st.integers(0, 30), panel=st.sampled_from([["mallory"], ["judge1"], ["mallory", "mallory"]]))
    def forge_a_decision(self, which: int, panel: list[str]) -> None:
        if not self.filed:
            return
        body: dict[str, Any] = {
            "subject": appeal_subject(self.filed[which % len(self.filed)]),
            "level": 1,
            "ruling": "R-9",
            RULED_ON: dict(ruled_on("R-9")),
            "outcome": "overturned",
            "was": "rejected",
            "verdict": "approved",
            "panel": panel,
            "admitted": [0],
            "principals": BASE,
        }
        self.docket.add(APPEAL_DECIDED, body)

    @rule(which=st.integers(0, 30), subject=st.integers(0, 30))
    def copy_an_entry(self, which: int, subject: int) -> None:
        if self.docket.entries and self.filed:
            entry = self.docket.entries[which % len(self.docket.entries)]
            named = appeal_subject(self.filed[subject % len(self.filed)])
            self.docket.add(entry.kind, {**entry.body, "subject": named})

    @rule(which=st.integers(0, 30))
    def forge_a_lapse(self, which: int) -> None:
        if self.filed:
            self.docket.add(APPEAL_LAPSED, {"subject": appeal_subject(self.filed[which % len(self.filed)])})

    @rule(days=st.sampled_from([-40, -1, 1, 13, 31]))
    def wait(self, days: int) -> None:
        self.docket.wait(days)

    @invariant()
    def no_ruling_is_overturned(self) -> None:
        if not hasattr(self, "docket"):
            return
        for appeal in self.docket.appeals.appeals:
            assert appeal.result is None
            assert appeal.state in {State.FILED, State.IN_REVIEW, State.LAPSED}
            assert not (appeal.appellant == "mallory" and appeal.heard)


OnePrincipal.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestOnePrincipal = OnePrincipal.TestCase


@pytest.mark.parametrize("helpers", [0, 1])
def test_the_attacks_fail_for_want_of_a_second_person_and_of_nothing_else(helpers: int) -> None:
    """The same acts with one honest reviewer beside them do overturn: so the invariant above can fail."""
    listed = Principals((mallory(("requester",)), *(judge.principal for judge in HONEST)))
    docket = Docket(listed, Parties(authors=("mallory@example.org",)))
    appeal_id = docket.file(docket.rule("R-1"), KEYS[0].signer)
    docket.review(appeal_id, KEYS[1].signer)
    if helpers:
        docket.review(appeal_id, HONEST[0].signer)
    docket.decide(appeal_id, "approved", "R-9")
    assert (docket.appeal(appeal_id).state is State.OVERTURNED) == bool(helpers)
