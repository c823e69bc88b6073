"""From admitted claims to the case that is decided anew: each form of claim changes one thing, mechanically.

Reviewers find facts and errors; nothing here looks at the verdict. The order of the claims does not matter: what
replaces measurements goes first, then what is found of facts and findings, then day and waivers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.appeals.budget_again import RaisedBudget, held_anew
from agent_agency.arbitration.appeals.model import Claim, Form
from agent_agency.arbitration.appeals.stated_facts import check_value, parse_path, with_fact
from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.verdict import WaiverInForce
from agent_agency.facts import Finding, GateResult, GateStatus, Severity


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Which law and which change a recorded ruling is about, by commits and digests; to tell whether two are alike."""

    tree: str
    merge_base: str
    law_commit: str
    law: str
    spec: str


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """A recorded ruling's case: where it stands in the ledger, what it is about, and the case itself."""

    ruling: str
    seq: int
    standpoint: Standpoint
    case: Case


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What claims may refer to, read from the record.

    ``own`` is the case of the ruling under appeal and ``day`` the day, in UTC, on which the ledger recorded the ruling
    of the review. ``later`` are other recorded cases by the id of their ruling. ``waivers`` are the waivers that were
    in force for the change when the ruling was made, by id, as the law read anew says; ``waiver_facts`` is what rules
    may ask of each. ``budget_with`` gives the budget that waivers of these ids make, ``None`` where none is known.
    """

    own: RecordedCase
    day: date
    later: Mapping[str, RecordedCase] = field(default_factory=lambda: MappingProxyType({}))
    waivers: Mapping[str, WaiverInForce] = field(default_factory=lambda: MappingProxyType({}))
    waiver_facts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    budget_with: Callable[[Collection[str]], RaisedBudget | None] = field(default=lambda _: None)


class ClaimError(ValueError):
    """A claim cannot be applied to the case; the message is a clause that says why."""


def check_claims(claims: Sequence[Claim], heard: OnRecord, rests_on: frozenset[str]) -> None:
    """Refuse claims that nobody needs to hear, as they name nothing that the case holds.

    Args:
        claims: what is alleged.
        heard: the record.
        rests_on: the digests of the evidence that the ruling rests on.

    Raises:
        ClaimError: the first that is wrong.
    """
    seen: set[tuple[Form, str]] = set()
    for claim in claims:
        if (claim.form, claim.target) in seen:
            raise ClaimError(f"two claims of the form {claim.form} are about one thing")
        seen.add((claim.form, claim.target))
        _check_evidence(claim, heard, rests_on)
        _APPLY[claim.form](heard.own.case, claim, heard)


@dataclass(frozen=True, slots=True)
class Corrected:
    """The case to decide anew; of each claim (from 0) that could not be applied, why it changes nothing."""

    case: Case
    moot: Mapping[int, str]


def corrected(heard: OnRecord, claims: Mapping[int, Claim]) -> Corrected:
    """The case with every claim applied that can be.

    Args:
        heard: the record.
        claims: the admitted claims by their numbers.
    """
    case, moot = heard.own.case, {}
    for number, claim in sorted(claims.items(), key=lambda item: (_ORDER.index(item[1].form), item[1].target)):
        try:
            case = _APPLY[claim.form](case, claim, heard)
        except ClaimError as error:
            moot[number] = str(error)
    return Corrected(case, moot)


def _check_evidence(claim: Claim, heard: OnRecord, rests_on: frozenset[str]) -> None:
    if claim.form is Form.FACT_CONTRADICTED and not rests_on & set(claim.evidence):
        raise ClaimError("it names none of the evidence that the ruling rests on")
    if claim.form in {Form.FALSE_POSITIVE, Form.FACT} and not set(claim.evidence) - rests_on:
        raise ClaimError("it names no evidence that the ruling did not rest on")
    if claim.form.ground == "legal_error" and not claim.rule:
        raise ClaimError("it does not name the rule whose outcome is wrong")
    if claim.rule and all(outcome.rule != claim.rule for outcome in heard.own.case.outcomes):
        raise ClaimError(f"the ruling has no outcome of the rule {claim.rule}")


def _measured(case: Case, claim: Claim, heard: OnRecord) -> Case:
    later = _later(claim, heard)
    if later.standpoint != heard.own.standpoint or later.case.constitution.digest != case.constitution.digest:
        raise ClaimError(f"{claim.target} is not about the same change under the same law")
    names = claim.value
    if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
        raise ClaimError("it does not name the gates that were measured anew")
    anew = {gate.name: gate for gate in later.case.gates}
    for name in names:
        if not case.kinds.get(name) or case.kinds.get(name) != later.case.kinds.get(name) or name not in anew:
            raise ClaimError(f"{name} is no gate whose tool measured in both reviews")
    return replace(case, gates=tuple(_as_measured(gate, anew) if gate.name in names else gate for gate in case.gates))


def _as_measured(gate: GateResult, anew: Mapping[str, GateResult]) -> GateResult:
    """The later result; whether the gate binds stays as the law of the case says."""
    return replace(anew[gate.name], mode=gate.mode, applicable=gate.applicable)


def _false_positive(case: Case, claim: Claim, heard: OnRecord) -> Case:  # noqa: ARG001 - one signature for all forms
    named = [gate for gate in case.gates if any(_is(finding, claim.target) for finding in gate.findings)]
    if not named:
        raise ClaimError(f"the case holds no finding {claim.target}")
    return replace(case, gates=tuple(_without(gate, claim.target) if gate in named else gate for gate in case.gates))


def _is(finding: Finding, fingerprint: str) -> bool:
    return finding.fingerprint == fingerprint and finding.severity is not Severity.ADVICE


def _without(gate: GateResult, fingerprint: str) -> GateResult:
    """The gate without the finding; one that failed for nothing else has passed."""
    left = tuple(finding for finding in gate.findings if not _is(finding, fingerprint))
    nothing = all(finding.severity is Severity.ADVICE for finding in left)
    if gate.status is GateStatus.FAIL and nothing:
        reason = "an appeal found every finding of it to be false"
        return replace(gate, findings=left, status=GateStatus.PASS, reason=reason)
    return replace(gate, findings=left)


def _fact(case: Case, claim: Claim, heard: OnRecord) -> Case:  # noqa: ARG001 - one signature for all forms
    try:
        path = parse_path(claim.target)
        check_value(path, claim.value)
        return replace(case, stated=with_fact(case.stated, path, claim.value))
    except ValueError as error:
        raise ClaimError(str(error)) from error


def _on_recorded_day(case: Case, claim: Claim, heard: OnRecord) -> Case:
    """Hold the rules against the day of the ledger's record: what was not in force then does not bind."""
    if all(rule.id != claim.rule for rule in case.constitution.rules):
        raise ClaimError(f"the constitution of the case has no rule {claim.rule}")
    if case.day == heard.day:
        raise ClaimError(f"the case was decided by the rules of {heard.day}, the day on which it was recorded")
    review = case.stated.get("review")
    told: Mapping[str, Any] = review if isinstance(review, Mapping) else {}
    stated = {**case.stated, "review": {**told, "day": heard.day.isoformat()}}
    return replace(case, day=heard.day, stated=stated)


def _without_waiver(case: Case, claim: Claim, heard: OnRecord) -> Case:  # noqa: ARG001 - one signature for all forms
    left = tuple(waiver for waiver in case.waivers if waiver.id != claim.target)
    if left == case.waivers:
        raise ClaimError(f"the ruling applied no waiver {claim.target}")
    return replace(case, waivers=left)


def _with_waiver(case: Case, claim: Claim, heard: OnRecord) -> Case:
    waiver = heard.waivers.get(claim.target)
    if waiver is None:
        raise ClaimError(f"no waiver {claim.target} was in force for the change when the ruling was made")
    if any(replace(one, budget_needed=waiver.budget_needed) == waiver for one in case.waivers):
        raise ClaimError(f"the ruling applied the waiver {claim.target}")
    others = tuple(one for one in case.waivers if one.id != waiver.id)
    case = replace(case, waivers=(*others, waiver), stated=_with_facts(case.stated, waiver.id, heard))
    raised = heard.budget_with({one.id for one in case.waivers})
    return case if raised is None or waiver.id not in raised.raised_by else held_anew(case, raised)


def _with_facts(stated: Mapping[str, Any], waiver_id: str, heard: OnRecord) -> Mapping[str, Any]:
    """The facts with those of the waiver, so that the rules over waivers bind it as they bind every other."""
    facts = heard.waiver_facts.get(waiver_id)
    if facts is None:
        return stated
    others = [one for one in stated.get("waivers") or () if one.get("id") != waiver_id]
    return {**stated, "waivers": [*others, facts]}


def _under_other_law(case: Case, claim: Claim, heard: OnRecord) -> Case:
    later = _later(claim, heard)
    here, there = heard.own.standpoint, later.standpoint
    if there.tree != here.tree:
        raise ClaimError(f"{claim.target} is not about the same tree")
    same = (there.law_commit, there.law, there.spec) == (here.law_commit, here.law, here.spec)
    if same and later.case.constitution.digest == case.constitution.digest:
        raise ClaimError(f"{claim.target} was decided under the same law and spec")
    return later.case


def _later(claim: Claim, heard: OnRecord) -> RecordedCase:
    later = heard.later.get(claim.target)
    if later is None or later.seq <= heard.own.seq:
        raise ClaimError(f"{claim.target} is no ruling that was recorded later")
    return later


_Apply = Callable[[Case, Claim, OnRecord], Case]
_APPLY: Mapping[Form, _Apply] = MappingProxyType(
    {
        Form.WRONG_LAW: _under_other_law,
        Form.MEASUREMENT: _measured,
        Form.FACT: _fact,
        Form.FACT_CONTRADICTED: _fact,
        Form.FALSE_POSITIVE: _false_positive,
        Form.RULE_NOT_IN_FORCE: _on_recorded_day,
        Form.WAIVER_WRONGLY_APPLIED: _without_waiver,
        Form.WAIVER_NOT_APPLIED: _with_waiver,
    }
)
_ORDER = tuple(_APPLY)
