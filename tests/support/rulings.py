"""Real rulings of every verdict, and one whose every text is hostile, for tests of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.model import Category, CitedFinding, RuleOutcome, RuleStatus
from agent_agency.arbitration.ruling import AppliedWaiver, CawsVerdict, Condition, Decision, Ruling, Verdict
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from support.case_facts import ORDINARY, default_text, outcomes_of

HOSTILE = (
    "</script><script>alert(1)</script>\"'`| @root #1 [x](https://evil.example) ${{ x }} "
    "\x1b[2J\u202egpj.exe\udcff\n::error::forged"
)
HOSTILE_PATH = 'src/"><img src=x onerror=alert(1)>\n\x1b[31m\u202etxt\udcff, a:b%c.py'

_DIGEST = "sha256:" + "5e1d" * 16
_COMMIT = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def changed(path: str, added: int = 10, deleted: int = 2, **more: Any) -> dict[str, Any]:
    """One row of ``change.files_changed``."""
    row = {
        "path": path,
        "old_path": None,
        "status": "modified",
        "added": added,
        "deleted": deleted,
        "binary": False,
        "mode_from": "100644",
        "mode_to": "100644",
        "size": 812,
        "lfs": None,
        "generated": False,
        "whitespace_only": False,
        "no_op": False,
        "counted": True,
    }
    return {**row, **more}


def a_change(files: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """The ``change`` member for some files."""
    added, deleted = (sum(file[key] for file in files) for key in ("added", "deleted"))
    return {
        "digest": _DIGEST,
        "files": len(files),
        "added": added,
        "deleted": deleted,
        "lines": added + deleted,
        "excluded": [],
        "notes": [],
        "authors": ["author@example.org"],
        "files_changed": list(files),
        "minimality": {"files": []},
        "governance": [],
        **more,
    }


def a_gate(name: str, status: GateStatus = GateStatus.PASS, *findings: Finding, **more: Any) -> GateResult:
    """One blocking gate."""
    mode = more.pop("mode", GateMode.BLOCK)
    return GateResult(name, status, mode, tuple(findings), **more)


def a_ruling(verdict: Verdict, caws: CawsVerdict, exit_code: int, reasons: Sequence[str], **more: Any) -> Ruling:
    """A ruling around a decision; every member that is not given has an ordinary value."""
    members: dict[str, Any] = {
        "ruling_id": "RUL-5e1d5e1d5e1d5e1d",
        "decision": Decision(verdict, caws, tuple(reasons), more.pop("conditions", ()), exit_code),
        "gates": (),
        "waivers": (),
        "waived": MappingProxyType({}),
        **_subject(),
        "change": a_change([changed("src/auth/limit.py", 84, 12), changed("tests/test_limit.py", 40, 0)]),
        "budget": a_budget(2, 136),
        "reviewed_at": "2026-01-31T08:00:00.000Z",
        "tool_version": "0.1.0",
        "inputs_digest": _DIGEST,
        "ledger": {"path": ".git/agency/agency.db", "chain": "c-1", "seq": 12, "hash": _DIGEST},
        "outcomes": outcomes_of(more.get("gates", ())),
        "constitution_text": default_text(),
        "constitution": a_constitution(),
    }
    return Ruling(**{**members, **more})


def a_constitution(*weakened: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """The ``constitution`` member."""
    known = {"digest": _DIGEST, "rules": 51, "commit": _COMMIT, "frozen_by": None, "note": None}
    return {**known, "weakened": list(weakened), **more}


def a_budget(used_files: int, used_loc: int, **more: Any) -> dict[str, Any]:
    """The ``budget`` member of tier 2."""
    limits = {"tier": 2, "max_files": 10, "max_loc": 400, "used_files": used_files, "used_loc": used_loc}
    return {**limits, "baseline_files": 10, "baseline_loc": 400, "applied": [], "skipped": {}, **more}


def _subject() -> dict[str, Any]:
    branch = "feat/FEAT-001-rate-limit"
    return {
        "spec": {
            "id": "FEAT-001",
            "title": "Limit the rate of sign-in attempts",
            "risk_tier": 2,
            "mode": "feature",
            "profile": "caws-vnext",
            "path": ".caws/specs/FEAT-001.yaml",
            "digest": _DIGEST,
            "chosen_by": "branch",
        },
        "law": {
            "in_force": True,
            "source": "base",
            "commit": _COMMIT,
            "policy_path": ".caws/policy.yaml",
            "policy_digest": _DIGEST,
            "config_digest": _DIGEST,
            "waivers": [".caws/waivers/WV-0007.yaml"],
            "constitution": _DIGEST,
            "waivers_not_in_force": {},
        },
        "base": {"ref": "main", "commit": _COMMIT, "merge_base": _COMMIT[::-1]},
        "head": {"ref": branch, "commit": _COMMIT[::-1], "tree": _COMMIT, "kind": "commit", "branch": branch},
    }


def passing_gates(*without: str) -> tuple[GateResult, ...]:
    """The built-in gates, passed, less those named."""
    names = ("spec_completeness", "scope_boundary", "budget_limit", "governance_edit", "secrets")
    passed = tuple(a_gate(name, reason="nothing against it") for name in names if name not in without)
    skipped = a_gate(
        "god_object",
        GateStatus.NOT_RUN,
        mode=GateMode.SKIP,
        applicable=False,
        reason="the policy does not name this gate",
    )
    return (*passed, skipped)


def approved() -> Ruling:
    """A good change."""
    advice = Finding(
        "change.no_op", Severity.ADVICE, "The edit changes nothing", "Leave the file out", Place("docs/a.md")
    )
    gates = (*passing_gates("secrets"), a_gate("secrets", GateStatus.PASS, advice, reason="2 files scanned"))
    return a_ruling(Verdict.APPROVED, CawsVerdict.PASS, 0, ["every blocking gate passed"], gates=gates)


SCOPE = Finding(
    "scope.outside",
    Severity.MAJOR,
    "Renaming src/auth/keys.py to tools/keys.py leaves the scope of FEAT-001",
    "Move the file back with `git mv tools/keys.py src/auth/keys.py`, or widen `scope.in` in its own change",
    Place("tools/keys.py"),
)
BUDGET = Finding(
    "budget.loc",
    Severity.MAJOR,
    "The change touches 1,234 lines, 400 are allowed",
    "Split the change, or ask for a waiver with a delta of 834 lines",
    subject="loc",
)
MARKER = Finding(
    "todo.in_code",
    Severity.MINOR,
    "A comment defers work",
    "Do it now or open an issue",
    Place("src/auth/limit.py", 17, 5),
    subject="defer",
)


def rejected() -> Ruling:
    """A change that leaves the scope by a rename and is over its budget by deletions."""
    gates = (
        *passing_gates("scope_boundary", "budget_limit"),
        a_gate("scope_boundary", GateStatus.FAIL, SCOPE, reason="1 of 4 paths is outside"),
        a_gate("budget_limit", GateStatus.FAIL, BUDGET, reason="over by 834 lines"),
        a_gate("todo_detection", GateStatus.FAIL, MARKER, mode=GateMode.WARN, reason="1 comment defers work"),
    )
    skipped = {"WV-0002": "expired on 2026-01-01"}
    budget = a_budget(5, 1234, baseline_files=8, applied=["WV-0003"], skipped=skipped)
    reasons = [f"scope_boundary: {SCOPE.message}", f"budget_limit: {BUDGET.message}"]
    members = {"gates": gates, "change": _varied_change(), "budget": budget}
    return a_ruling(Verdict.REJECTED, CawsVerdict.WAIVER_REQUIRED, 1, reasons, **members)


def _varied_change() -> dict[str, Any]:
    files = [
        changed("tools/keys.py", 0, 0, old_path="src/auth/keys.py", status="renamed", no_op=True),
        changed("src/auth/limit.py", 30, 0, status="added", mode_from=None),
        changed("src/auth/legacy.py", 0, 1200, status="deleted", mode_to=None, size=None),
        changed("docs/logo.png", 0, 0, binary=True, size=48_211),
        changed("run.sh", 3, 1, mode_to="100755"),
        changed("uv.lock", 900, 855, counted=False, generated=True),
    ]
    tree = {"path": "src/auth/limit.py", "method": "tree", "edit_size": 31, "tree_size": 420, "ratio": 0.0738}
    line = {"path": "run.sh", "method": "line", "edit_size": 4, "tree_size": 20, "ratio": 0.2}
    return a_change(
        files,
        minimality={"files": [{**tree, "moved": 2, "note": None}, {**line, "moved": None, "note": "not Python"}]},
        excluded=[{"path": "uv.lock", "reason": "lock file, excluded by the policy"}],
        notes=["The clone is shallow; the merge base was found all the same"],
        governance=[{"path": ".github/workflows/ci.yml", "kind": "ci", "detail": "edited"}],
    )


def waived() -> Ruling:
    """The same scope violation, covered by a waiver."""
    gates = (
        *passing_gates("scope_boundary"),
        a_gate("scope_boundary", GateStatus.FAIL, SCOPE, reason="1 of 4 paths is outside"),
    )
    waiver = AppliedWaiver(
        id="WV-0007",
        title="Move the key tool before the release",
        approvers=("lead@example.org", "security@example.org"),
        expires_at="2026-03-01T00:00:00Z",
        gates=("scope_boundary",),
        covers=(SCOPE.fingerprint,),
        added_files=0,
        added_loc=0,
        digest=_DIGEST,
    )
    return a_ruling(
        Verdict.WAIVED,
        CawsVerdict.PASS,
        0,
        ["violated, and covered by waiver WV-0007"],
        gates=gates,
        waivers=(waiver,),
        waived=MappingProxyType({SCOPE.fingerprint: "WV-0007"}),
    )


def conditional() -> Ruling:
    """No law at the base, and a gate that did not run."""
    reason = "the policy asks for this gate and the arbiter has no evaluator for it"
    gates = (*passing_gates(), a_gate("mutation", GateStatus.NOT_RUN, reason=reason, mendable=False))
    conditions = (
        Condition(
            "law_not_in_force",
            "The base holds no law, so nothing there binds this change",
            "agency init\ngit add .caws agency.toml\ngit commit -m 'Adopt a working spec'",
            "author",
            "law.in_force",
        ),
        Condition(
            "gates.other:mutation",
            f"mutation: {reason}",
            "Ask a person to decide.",
            "person",
            "gates.other",
            "mutation",
        ),
    )
    stated = {name: value for name, value in ORDINARY["law"].items() if name != "digest"}
    law = {
        "in_force": False,
        "source": "built-in",
        "commit": _COMMIT,
        "policy_path": None,
        "policy_digest": _DIGEST,
        "config_digest": None,
        "waivers": [],
        "constitution": _DIGEST,
        "waivers_not_in_force": {"WV-0009": "it expired on 2026-01-01"},
    }
    return a_ruling(
        Verdict.CONDITIONAL,
        CawsVerdict.FAIL,
        1,
        [condition.message for condition in conditions],
        gates=gates,
        outcomes=outcomes_of(gates, law=stated, spec={"present": False}),
        conditions=conditions,
        law=law,
        spec=None,
        budget=None,
        ledger=None,
        head={"ref": None, "commit": None, "tree": _COMMIT, "kind": "worktree", "branch": None},
    )


def hostile() -> Ruling:
    """A rejection in which every text and every name that a stranger can choose tries to break out."""
    rule = HOSTILE.replace("\udcff", "")
    finding = Finding(rule, Severity.CRITICAL, HOSTILE, HOSTILE, Place(HOSTILE_PATH, 3, 2), subject=HOSTILE)
    covered = Finding("covered", Severity.MAJOR, HOSTILE, HOSTILE, Place(HOSTILE_PATH))
    gates = (
        a_gate(HOSTILE, GateStatus.FAIL, finding, reason=HOSTILE, facts={HOSTILE: HOSTILE}),
        a_gate("b", GateStatus.NOT_RUN, reason=HOSTILE),
        a_gate("c", GateStatus.FAIL, covered, reason=HOSTILE),
    )
    waiver = AppliedWaiver(HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, (HOSTILE,), (covered.fingerprint,), 1, 2, _DIGEST)
    plain = rejected()
    spec = {**(plain.spec or {}), "id": HOSTILE, "title": HOSTILE, "path": HOSTILE_PATH, "mode": HOSTILE}
    head = {**plain.head, "ref": HOSTILE, "branch": HOSTILE}
    return replace(
        a_ruling(
            Verdict.REJECTED,
            CawsVerdict.FAIL,
            1,
            [HOSTILE],
            **_hostile_law(rule),
            gates=gates,
            waivers=(waiver,),
            waived=MappingProxyType({covered.fingerprint: HOSTILE}),
            spec=spec,
            change=_hostile_change(),
            head=head,
            conditions=(Condition(HOSTILE, HOSTILE, HOSTILE, "author"),),
        ),
        base={**plain.base, "ref": HOSTILE},
        law={**plain.law, "policy_path": HOSTILE_PATH, "waivers": [HOSTILE_PATH]},
        ledger={"path": HOSTILE_PATH, "chain": HOSTILE, "seq": 1, "hash": _DIGEST},
    )


def appealed(state: str, *, ruling_id: str, reasons: Sequence[str] = (), why_not: str | None = None) -> dict[str, Any]:
    """The member ``on_appeal`` of a ruling: one appeal against a rejection."""
    decided = state in {"upheld", "overturned"}
    appeal = {
        "id": "A-5e1d",
        "level": 1,
        "state": state,
        "of": ruling_id,
        "due": "2026-02-14T00:00:00.000Z",
        "outcome": state if decided else None,
        "ruling": "RUL-0000000000000002" if decided else None,
        "verdict": {"upheld": "rejected", "overturned": "approved"}.get(state),
        "counts": decided and why_not is None,
        "why_not": why_not,
    }
    measured = {"ruling_id": ruling_id, "verdict": "rejected", "exit_code": 1, "reasons": list(reasons)}
    return {"measured": measured, "appeals": [appeal]}


def _hostile_change() -> dict[str, Any]:
    row = changed(HOSTILE_PATH, old_path=HOSTILE_PATH[::-1], status="renamed")
    minimality = {"path": HOSTILE_PATH, "method": HOSTILE, "edit_size": 1, "tree_size": 2, "ratio": 0.5}
    return a_change(
        [row],
        minimality={"files": [{**minimality, "moved": None, "note": HOSTILE}]},
        excluded=[{"path": HOSTILE_PATH, "reason": HOSTILE}],
        notes=[HOSTILE],
        governance=[{"path": HOSTILE_PATH, "kind": "ci", "detail": HOSTILE}],
    )


def _hostile_law(rule: str) -> dict[str, Any]:
    """What a ruling says of its law, each text hostile; ``rule`` is an id that UTF-8 can hold."""
    said = replace(_broken(rule, HOSTILE, Severity.CRITICAL), message=HOSTILE, remedy=HOSTILE, gate=HOSTILE)
    said = replace(said, facts={f"gates[{HOSTILE}].passed": HOSTILE, HOSTILE: [HOSTILE]}, evidence=(HOSTILE,))
    about = replace(said, gate="", findings=(CitedFinding(HOSTILE, HOSTILE, HOSTILE_PATH, waivable=False),))
    unknown = replace(said, gate="", subject=HOSTILE_PATH, status=RuleStatus.UNKNOWN, missing=HOSTILE)
    weakening = {"rule": HOSTILE, "how": HOSTILE, "allowed_by": HOSTILE}
    return {
        "outcomes": (said, about, unknown, replace(said, severity=Severity.ADVICE, status=RuleStatus.VIOLATED)),
        "constitution": a_constitution(weakening, frozen_by=HOSTILE, note=HOSTILE, commit=HOSTILE),
        "case": {"id": HOSTILE, "state": HOSTILE, "due": HOSTILE, "conditions": [_condition_of(HOSTILE)]},
        "precedents": (_citation(HOSTILE),),
        "signed_by": {"key_id": HOSTILE, "principal": HOSTILE},
        "appeal_of": HOSTILE,
        "on_appeal": appealed("upheld", ruling_id=HOSTILE, reasons=(HOSTILE,), why_not=HOSTILE),
    }


def argued() -> Ruling:
    """A rejection by rules that no gate stands for, on appeal, with every other thing that a ruling can show."""
    flaky = a_gate("tests", reason="40 of 40 tests passed", facts={"figures": {"flaky": 1}})
    gates = (*passing_gates(), flaky)
    change = {**ORDINARY["change"], "migrations": 1}
    spec = {**ORDINARY["spec"], "id": "FEAT-001"}
    waived = _broken("provenance.author_address", "", Severity.MAJOR)
    outcomes = outcomes_of(gates, change=change, spec=spec, provenance={})
    kept = [outcome for outcome in outcomes if outcome.rule != waived.rule]
    unknown = replace(
        waived, rule="claims.verdict", subject="RUL-7", status=RuleStatus.UNKNOWN, missing="claims[RUL-7].holds"
    )
    rollback = next(outcome for outcome in outcomes if outcome.rule == "migrations.rollback")
    waiver = AppliedWaiver(
        id="WV-0011",
        title="Import the history of the old repository",
        approvers=("lead@example.org",),
        expires_at="2026-03-01T00:00:00Z",
        gates=(),
        covers=(),
        added_files=0,
        added_loc=0,
        digest=_DIGEST,
        rules=(waived.rule,),
        signed=True,
    )
    return a_ruling(
        Verdict.REJECTED,
        CawsVerdict.WAIVER_REQUIRED,
        1,
        [f"migrations.rollback: {rollback.message}"],
        gates=gates,
        waivers=(waiver,),
        outcomes=(*kept, waived, unknown),
        constitution=a_constitution(
            {"rule": "quality.deferred_work", "how": "disabled", "allowed_by": "[law] weaken of agency.toml"},
            frozen_by="C-1f0c",
        ),
        confidence={"value": 0.8333, "measured": 5, "reused": 0, "flaky": 1, "claimed": 1},
        case={
            "id": "C-1f0c",
            "state": "under_appeal",
            "due": "2026-02-14",
            "conditions": [_condition_of("claims.verdict:RUL-7")],
        },
        precedents=(_citation("P-0a1b"),),
        signed_by={"key_id": "SHA256:abcdef", "principal": "arbiter"},
        appeal_of="RUL-0000000000000001",
    )


def _broken(rule: str, subject: str, severity: Severity) -> RuleOutcome:
    return RuleOutcome(
        rule=rule,
        version=1,
        status=RuleStatus.VIOLATED,
        category=Category.PROCESS,
        severity=severity,
        waivable=True,
        message="Commits without an author's address: 1 of 3",
        remedy="Set user.email and write the commits again.",
        subject=subject,
        facts={"provenance.without_author": 1},
        evidence=(_DIGEST,),
    )


def _condition_of(name: str) -> dict[str, Any]:
    return {"id": name, "state": "pending", "due": "2026-02-14"}


def _citation(word: str) -> dict[str, Any]:
    return {
        "precedent": word,
        "ruling": word,
        "holding": word if word == HOSTILE else "A migration of an empty table needs no way back",
        "verdict": "waived",
        "agree": [{"fact": "issue", "value": word}, {"fact": "tier", "value": "2"}],
        "differ": [{"fact": "touches", "here": "migration", "there": ""}, {"fact": word, "here": word, "there": word}],
        "relation": "departed",
        "score": 0.71,
        "contradicts": [word],
    }


def crowded(count: int = 1000) -> Ruling:
    """A rejection with very many findings at very long paths."""
    findings = [
        Finding(
            "scope.outside",
            Severity.MAJOR,
            f"Path number {number} is outside the scope " + "word " * 30,
            "Leave it out",
            Place("deep/" * 60 + f"file_{number:04}.py", number + 1),
        )
        for number in range(count)
    ]
    files = [changed("deep/" * 60 + f"file_{number:04}.py") for number in range(count)]
    gates = (*passing_gates("scope_boundary"), a_gate("scope_boundary", GateStatus.FAIL, *findings, reason="x" * 300))
    reasons = [f"scope_boundary: {finding.message}" for finding in findings]
    each = [_broken("migrations.history", f"file_{number:04}.sql", Severity.MAJOR) for number in range(count)]
    members = {"gates": gates, "change": a_change(files), "outcomes": (*outcomes_of(gates), *each)}
    return a_ruling(Verdict.REJECTED, CawsVerdict.WAIVER_REQUIRED, 1, reasons, **members)


@cache
def every_ruling() -> Mapping[str, Ruling]:
    """All of them, by name; made once, for the crowded one takes long."""
    makers = (approved, conditional, waived, rejected, argued, hostile, crowded)
    return MappingProxyType({maker.__name__: maker() for maker in makers})
