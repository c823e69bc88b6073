"""Sound acts about one waiver, made without keys, for tests of what follows from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent_agency.arbitration.constitution.model import Category, Rule
from agent_agency.arbitration.waivers.fold import fold
from agent_agency.arbitration.waivers.lawful import Bounds
from agent_agency.arbitration.waivers.model import Act, ActKind, Terms, WaiverRecord
from agent_agency.attestation.principals import Principal
from agent_agency.config import LawLimits
from agent_agency.facts import Severity

BEGAN = datetime(2026, 1, 31, 8, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
BASE = "c" * 40
CHAIN = "d" * 32


def person(name: str, *roles: str, address: str | None = None) -> Principal:
    return Principal(name, address or f"{name}@example.org", frozenset(roles), ())


ANN, BOB, CEM = (person(name, "approver") for name in ("ann", "bob", "cem"))
REX = person("rex", "requester")
BOT = person("bot", "agent")

TERMS = Terms(
    id="WV-1",
    gates=("scope_boundary",),
    rules=(),
    spec_id="FEAT-1",
    paths=(),
    reason="the note belongs beside the readme",
    requester="rex",
    created_at=BEGAN,
    expires_at=BEGAN + timedelta(days=14),
    base=BASE,
)


def request(signer: Principal = REX, terms: Terms = TERMS, digest: str = DIGEST) -> Act:
    terms = replace(terms, requester=signer.name)
    return Act(
        ActKind.REQUEST,
        terms.id,
        digest,
        terms.created_at,
        signer,
        f"key of {signer.name}",
        BASE,
        CHAIN,
        "entry",
        "",
        terms,
    )


def act(kind: ActKind, signer: Principal, *, digest: str = DIGEST, after_s: float = 60, key: str | None = None) -> Act:
    at = BEGAN + timedelta(seconds=after_s)
    return Act(kind, "WV-1", digest, at, signer, key or f"key of {signer.name}", BASE, CHAIN, "entry")


def approval(signer: Principal, *, digest: str = DIGEST, after_s: float = 60, key: str | None = None) -> Act:
    return act(ActKind.APPROVAL, signer, digest=digest, after_s=after_s, key=key)


def record_of(*acts: Act) -> WaiverRecord:
    (record,) = fold((), acts)
    return record


def rule(rule_id: str, *, waivable: bool = True, category: Category = Category.PROCESS) -> Rule:
    return Rule(rule_id, 1, "A rule", category, Severity.MAJOR, waivable, "true", "message", "remedy", "source")


def bounds(limits: LawLimits | None = None, *rules: Rule) -> Bounds:
    return Bounds.of(limits or LawLimits(), None, ["unit-tests"], rules)
