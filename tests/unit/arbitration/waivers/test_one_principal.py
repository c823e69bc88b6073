"""No sequence of acts by one principal, with any number of keys, ever reaches a waiver in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent_agency.arbitration.waivers.fold import fold
from agent_agency.arbitration.waivers.force import ChangeBefore, judge_record
from agent_agency.arbitration.waivers.model import Act, ActKind
from agent_agency.attestation.principals import Principal
from support.waiver_acts import ANN, BASE, BEGAN, CHAIN, TERMS, bounds, person

_IDS = st.sampled_from(["WV-1", "WV-2"])
_MOMENTS = st.integers(-100, 100).map(lambda hours: BEGAN + timedelta(hours=hours))
_KEYS = st.sampled_from(["one", "two", "three"])


class OnePrincipal(RuleBasedStateMachine):
    """Somebody with every role that a person may have, who may write whatever they sign into the record."""

    def __init__(self) -> None:
        super().__init__()
        self.who: Principal = person("mal", "requester", "approver", "reviewer")
        self.acts: list[Act] = []

    def _add(self, kind: ActKind, waiver_id: str, digest: str, at: datetime, key: str) -> None:
        terms = replace(TERMS, id=waiver_id, requester="mal", created_at=at, expires_at=at + timedelta(days=14))
        asked = terms if kind is ActKind.REQUEST else None
        self.acts.append(Act(kind, waiver_id, digest, at, self.who, key, BASE, CHAIN, "entry", "", asked))

    @rule(waiver_id=_IDS, at=_MOMENTS, key=_KEYS, content=st.integers(0, 1))
    def ask(self, waiver_id: str, at: datetime, key: str, content: int) -> None:
        self._add(ActKind.REQUEST, waiver_id, f"sha256:{content}", at, key)

    @rule(
        waiver_id=_IDS,
        at=_MOMENTS,
        key=_KEYS,
        content=st.integers(0, 1),
        kind=st.sampled_from([ActKind.APPROVAL, ActKind.DENIAL, ActKind.REVOCATION]),
    )
    def decide(self, waiver_id: str, at: datetime, key: str, content: int, kind: ActKind) -> None:
        self._add(kind, waiver_id, f"sha256:{content}", at, key)

    @rule()
    def repeat_everything(self) -> None:
        self.acts += self.acts[:5]

    @rule(at=st.integers(0, 4))
    def delete_from_the_record(self, at: int) -> None:
        del self.acts[at : at + 1]

    def in_force(self, acts: list[Act]) -> bool:
        change = ChangeBefore("FEAT-1", 3, ("author@example.org",), BEGAN + timedelta(hours=101))
        return any(judge_record(record, change, bounds(), uses=0).why is None for record in fold((), acts))

    @invariant()
    def nothing_is_in_force(self) -> None:
        assert not self.in_force(self.acts)

    @invariant()
    def somebody_else_would_have_been_enough(self) -> None:
        """The machine can fail: with one approval by another person, what was asked for comes into force."""
        asked = [act for act in self.acts if act.kind is ActKind.REQUEST and act.at >= BEGAN]
        ended = any(act.kind in {ActKind.DENIAL, ActKind.REVOCATION} for act in self.acts)
        if asked and not ended and len({act.digest for act in asked if act.waiver_id == asked[0].waiver_id}) == 1:
            first = asked[0]
            at = BEGAN + timedelta(hours=100, minutes=30)
            approved = Act(ActKind.APPROVAL, first.waiver_id, first.digest, at, ANN, "ann", BASE, CHAIN, "entry")
            assert self.in_force([*self.acts, approved])


TestOnePrincipal = OnePrincipal.TestCase
TestOnePrincipal.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
