"""Gate ``declared_contracts``: every contract file that the spec declares exists, parses, and breaks nobody.

It blocks at tiers 1 and 2 and advises at tier 3, as the standard asks for contracts; a policy that names the gate with
mode ``block`` makes it block at tier 3 too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.contracts.model import (
    MISSING,
    MOVED,
    NOT_COMPARED,
    NOT_THERE,
    TOO_COMPLEX,
    ContractComparison,
    ContractProblem,
)
from agent_agency.gates.outcome import concluded, counted

NAME = "declared_contracts"
MAX_TOLD = 40
_FIRST_TIER_THAT_ADVISES = 3


@dataclass(slots=True)
class _Tally:
    findings: list[Finding] = field(default_factory=list)
    contracts: list[dict[str, Any]] = field(default_factory=list)


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Hold the contracts of the governing spec at the head against the base."""
    if context.spec is None:
        return _left_out(mode, "no spec governs the change")
    listed = context.spec.document.get("contracts")
    if not isinstance(listed, list) or not any(isinstance(entry, dict) and entry.get("path") for entry in listed):
        return _left_out(mode, "the spec declares no contract file")
    mode = _mode(context, context.spec.risk_tier, mode)
    tally = _Tally()
    _measure(context, tally)
    if not tally.contracts:
        reason = "no contract file that the spec declares is there, or of a form that is compared"
        return _left_out(mode, reason, tuple(tally.findings))
    breaking = sum(each["breaking"] for each in tally.contracts)
    reason = f"{counted(breaking, 'breaking change')} in {counted(len(tally.contracts), 'declared contract')}"
    unusable = sum(each["unusable"] for each in tally.contracts)
    if unusable:
        reason += f", {unusable} of which cannot be used"
    facts = {"contracts": tally.contracts, "breaking": breaking}
    return concluded(NAME, mode, tally.findings, reason=reason, facts=facts)


def _mode(context: GateContext, tier: int, mode: GateMode) -> GateMode:
    asked = context.policy.gates.get(NAME)
    if tier < _FIRST_TIER_THAT_ADVISES or (asked is not None and asked.enabled and asked.mode == GateMode.BLOCK):
        return mode
    return GateMode.WARN


def _left_out(mode: GateMode, reason: str, findings: tuple[Finding, ...] = ()) -> GateResult:
    return GateResult(NAME, GateStatus.NOT_RUN, mode, findings, reason, applicable=False)


def _measure(context: GateContext, tally: _Tally) -> None:
    from agent_agency.gates.contracts.declared import declared_contracts
    from agent_agency.gates.contracts.states import MAX_FILES_OF_FOLDER, Files

    files = Files(context)
    seen: set[str] = set()
    spec = context.spec
    for declared in declared_contracts(spec.document if spec else {}):
        if "://" in declared.path:
            told = f"the contract {display_path(declared.path)} lies elsewhere and was not compared"
            tally.findings.append(_finding(_problem(NOT_COMPARED, told, declared.path)))
            continue
        for states in files.states_of(declared):
            if states.head_path not in seen:
                seen.add(states.head_path)
                _measure_one(context, declared, states, tally)
        if files.is_beyond(declared):
            told = f"{display_path(declared.path)} holds more than {MAX_FILES_OF_FOLDER} contracts"
            tally.findings.append(_finding(_problem(TOO_COMPLEX, told, declared.path)))


def _measure_one(context: GateContext, declared: Any, states: Any, tally: _Tally) -> None:
    from agent_agency.gates.contracts.compare import compare_contract
    from agent_agency.gates.contracts.declared import form_of

    path = states.head_path
    if states.head is None and states.base is None:
        told = f"the contract {display_path(path)} is neither at the base nor at the head"
        tally.findings.append(_finding(_problem(NOT_THERE, told, path)))
        return
    form = form_of(declared.type, path, states.base, states.head)
    if form is None:
        kind = display_path(declared.type) or "without a type"
        told = f"the contract {display_path(path)} ({kind}) is of no form that is compared"
        tally.findings.append(_finding(_problem(NOT_COMPARED, told, path)))
        return
    if states.head is None:
        gone = ContractProblem(MISSING, f"the contract {display_path(path)} was removed", path, None, "", breaking=True)
        _add(tally, form, path, ContractComparison((gone,), compared=True))
        return
    if states.moved:
        told = f"the contract {display_path(states.base_path)} is now {path}"
        tally.findings.append(_finding(_problem(MOVED, told, path)))
    readers = {"read_base": context.read_base, "read_head": context.read_head}
    _add(tally, form, path, compare_contract(form, states.base, states.head, path, **readers))


def _add(tally: _Tally, form: str, path: str, compared: ContractComparison) -> None:
    tally.findings += _told(compared, path)
    tally.contracts.append(
        {
            "path": display_path(path),
            "form": str(form),
            "operations": compared.operations,
            "types": compared.types,
            "compared": compared.compared,
            "breaking": compared.breaking,
            "unusable": bool(compared.unusable),
        }
    )


def _told(compared: ContractComparison, path: str) -> Iterator[Finding]:
    ordered = sorted(compared.problems, key=lambda problem: -problem.severity.rank)
    yield from map(_finding, ordered[:MAX_TOLD])
    if len(ordered) > MAX_TOLD:
        more = counted(len(ordered) - MAX_TOLD, "further problem")
        yield Finding(
            rule="contracts.more",
            severity=ordered[MAX_TOLD].severity,
            message=f"{more} in {display_path(path)}",
            remedy="Mend the ones that are listed and review again",
            place=Place(path),
        )


def _problem(rule: str, message: str, path: str) -> ContractProblem:
    return ContractProblem(rule, message, path, None, "", breaking=False)


def _finding(problem: ContractProblem) -> Finding:
    return Finding(
        rule=f"contracts.{problem.rule}",
        severity=problem.severity,
        message=problem.message,
        remedy=_remedy(problem),
        place=Place(problem.path, problem.line),
        subject=f"{problem.pointer} {problem.message}",
    )


def _remedy(problem: ContractProblem) -> str:
    if problem.breaking:
        return "Keep what the base's contract promises and add the new beside it, or have a person waive this gate"
    if problem.severity is not Severity.ADVICE:
        return "Write a contract that its own tools accept"
    if problem.rule in {MOVED, NOT_THERE}:
        return "Let the spec name the file where it lies"
    return "Have a person look at what was not compared"
