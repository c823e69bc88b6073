"""Whole cases under the default constitution, generated: gates, findings, waivers and every fact of a review.

Most of what is drawn is as it is for a good change, so that about a third of the cases pass: what never passes could
not show that something bad makes it pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.facts_schema import lists, records
from agent_agency.arbitration.gate_facts import kept_facts
from agent_agency.arbitration.ruling import Decision, Verdict
from agent_agency.arbitration.verdict import Hearing, LawState, WaiverInForce, decide
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from support.case_facts import DAY, ORDINARY, a_file, default_law
from support.rules import fact_values

PASSING = (Verdict.APPROVED, Verdict.WAIVED)
KINDS = ("tests", "coverage", "lint", "security", "custom", "licences")
BUILT_IN = ("scope_boundary", "budget_limit", "secrets", "governance_edit", "law", "manual_review")
PATHS = ("src/a.py", "src/b.py", "a\udcff.py", None)
RULE_IDS = tuple(rule.id for rule in default_constitution().rules)


def findings() -> st.SearchStrategy[Finding]:
    return st.builds(
        Finding,
        rule=st.sampled_from(["scope.reject.out", "secrets.found", "tests.failed"]),
        severity=st.sampled_from(list(Severity)),
        message=st.sampled_from(["one", "two"]),
        remedy=st.just("mend it"),
        place=st.builds(Place, path=st.sampled_from(PATHS)),
        waivable=st.booleans(),
    )


@st.composite
def gates(draw: st.DrawFn, name: str) -> GateResult:
    """A gate as one can come out: what passed found nothing above advice."""
    found = tuple(draw(st.lists(findings(), max_size=2)))
    status = draw(st.sampled_from([GateStatus.PASS] * 12 + list(GateStatus)))
    if status is GateStatus.PASS:
        found = tuple(finding for finding in found if finding.severity is Severity.ADVICE)
    return GateResult(
        name=name,
        status=status,
        mode=draw(st.sampled_from([GateMode.BLOCK] * 4 + [GateMode.WARN])),
        findings=found,
        reason="as measured",
        applicable=draw(st.sampled_from([True] * 5 + [False])),
        mendable=draw(st.booleans()),
        facts=kept_facts(
            reused=draw(st.booleans()), flaky=draw(st.sampled_from([False, False, True])), evidence=["sha256:aa"]
        ),
    )


def waivers() -> st.SearchStrategy[WaiverInForce]:
    return st.builds(
        WaiverInForce,
        id=st.sampled_from(["WV-1", "WV-2"]),
        covers_gates=st.frozensets(st.sampled_from(KINDS + BUILT_IN), max_size=2),
        budget_needed=st.booleans(),
        covers_rules=st.frozensets(st.sampled_from(RULE_IDS), max_size=2),
        paths=st.sampled_from([(), ("src/**",)]),
    )


@st.composite
def stated(draw: st.DrawFn) -> Mapping[str, Any]:
    """Ordinary facts, some of them others and some of them missing."""
    facts: dict[str, Any] = {name: dict(ORDINARY[name]) for name in records()}
    for name, fact in draw(st.lists(st.sampled_from(_FACTS), max_size=2)):
        facts[name][fact.name] = draw(fact_values((name, fact.name), fact.type))
    for name, fact in draw(st.lists(st.sampled_from(_FACTS), max_size=1)):
        facts[name].pop(fact.name, None)
    listed = {name: list(ORDINARY.get(name, ())) for name in lists() if name not in {"gates", "findings"}}
    listed["files"] += draw(st.lists(st.builds(a_file, st.sampled_from(["src/b.py", "db/c.sql"])), max_size=1))
    listed["claims"] = draw(st.lists(_claims(), max_size=1))
    return {**facts, **listed}


def _claims() -> st.SearchStrategy[dict[str, Any]]:
    kinds = st.sampled_from(["verdict", "verdict_elsewhere", "spec"])
    return st.fixed_dictionaries({"kind": kinds, "text": st.just("R-1"), "holds": st.booleans()})


_FACTS = tuple((name, fact) for name, facts in sorted(records().items()) for fact in facts)


@st.composite
def whole_cases(draw: st.DrawFn) -> Case:
    """A case with up to five gates."""
    names = draw(st.lists(st.sampled_from(KINDS + BUILT_IN), unique=True, min_size=1, max_size=4))
    return Case(
        gates=tuple(draw(gates(name)) for name in names),
        waivers=tuple(draw(st.lists(waivers(), max_size=2, unique_by=lambda waiver: waiver.id))),
        law=LawState(in_force=draw(st.sampled_from([True] * 9 + [False]))),
        constitution=default_constitution(),
        day=DAY,
        stated=draw(stated()),
        kinds={name: name for name in names if name in KINDS},
    )


def good_case() -> Case:
    """A case that is approved: every gate passed."""
    passed = [GateResult(name, GateStatus.PASS, GateMode.BLOCK, (), "passed") for name in ("tests", "scope_boundary")]
    return Case(tuple(passed), (), LawState(in_force=True), default_constitution(), DAY, ORDINARY, {"tests": "tests"})


def ruled(case: Case) -> Decision:
    """The decision, by rules that are compiled once for all tests."""
    return decide(hearing_of(case))


def hearing_of(case: Case) -> Hearing:
    """What is before the arbiter, by rules that are compiled once for all tests."""
    outcomes = default_law().outcomes(case.facts, case.day)
    rules = {rule.id: rule for rule in case.constitution.rules}
    return Hearing(case.gates, outcomes, rules, case.waivers, case.law, case.released)


def passes(case: Case) -> bool:
    return ruled(case).verdict in PASSING


def with_gate(case: Case, at: int, **changed: Any) -> Case:
    """The case with one of its gates changed."""
    listed = list(case.gates)
    listed[at] = replace(listed[at], **changed)
    return replace(case, gates=tuple(listed))
