"""Review a change against its working spec: measure, run the gates, rule, record.

The law is read from the tip of the base; the change is measured from the merge base of that tip and the head.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.change.governance import GovernanceEdit, governance_edits
from agent_agency.change.measure import measure
from agent_agency.change.minimality import measure_minimality
from agent_agency.change.model import Change
from agent_agency.change.patch import added_lines
from agent_agency.clock import Clock
from agent_agency.config import Config
from agent_agency.errors import LedgerError, SpecSelectionError
from agent_agency.facts import GateResult, GateStatus
from agent_agency.gate_settings import GateKind
from agent_agency.gates import required_kinds
from agent_agency.gates.budget_limit import measure_budget
from agent_agency.gates.builtin import run_builtin_gates
from agent_agency.gates.context import GateContext
from agent_agency.gates.contracts.gate import NAME as DECLARED_CONTRACTS
from agent_agency.gates.governance_edit import only_law_edited
from agent_agency.gates.secrets import NAME as SECRETS
from agent_agency.git import Repository
from agent_agency.spec.budget import effective_budget
from agent_agency.spec.glob import Globs
from agent_agency.spec.model import Budget, BudgetDecision, Spec
from agent_agency.workflows.binding_rules import binding_rules
from agent_agency.workflows.build_case import build_case
from agent_agency.workflows.case_facts import Measurements
from agent_agency.workflows.gate_governing import Governing
from agent_agency.workflows.gates_stopped import GatesStoppedError
from agent_agency.workflows.gates_under_policy import gates_under_policy, in_order
from agent_agency.workflows.head_law import head_law_gate
from agent_agency.workflows.join_case import matter_of
from agent_agency.workflows.judge_gates import AskJudge, Sitting, judge_gates, left_out
from agent_agency.workflows.law import Law, read_law
from agent_agency.workflows.record import Record, RulingDocument
from agent_agency.workflows.record_ruling import Examined, record_ruling
from agent_agency.workflows.ruling_members import RulesFrom, RulingInputs, build_ruling
from agent_agency.workflows.run_gates import ToolServices, left_out_gate, run_configured_gates
from agent_agency.workflows.spec_choice import TRAILER, ChosenSpec, choose_spec
from agent_agency.workflows.subject import ReviewRequest, Subject, resolve_subject
from agent_agency.workflows.vouched_rulings import vouched_by
from agent_agency.workflows.waiver_evidence import read_evidence
from agent_agency.workflows.waivers import WaiversOfChange, mark_budget_use, waivers_of_change

if TYPE_CHECKING:
    from agent_agency.judging.subject import Subject as Judged
    from agent_agency.workflows.answer_on_appeal import AppealAnswer

ADOPT = """On the base branch, run
`agency init`
`git add :/.caws :/agency.toml`
`git commit -m "Adopt working specs"`
and review again."""
Results = tuple[GateResult, ...]
RunGates = Callable[[], Results]
OpenJudges = Callable[[Sitting], AskJudge]
VERDICT_TRAILER = "CAWS-VERDICT-ID"
LAW_GATES = frozenset({"spec_completeness", "scope_boundary", "budget_limit"})


@dataclass(frozen=True, slots=True)
class Services:
    """What a review needs from outside: time, fresh ids, how a ruling is written, how tools are run, and who signs.

    ``judges`` opens what asks judges, for a repository whose law names some; without it they are listed as not asked.
    """

    clock: Clock
    new_id: Callable[[], str]
    document_of: RulingDocument
    tools: ToolServices
    arbiter: Callable[[], Ed25519Signer]
    judges: OpenJudges | None = None


def review(request: ReviewRequest, services: Services) -> Ruling:
    """Review one change and append the ruling to the ledger.

    Raises:
        AgencyError: when something could not be read or run; nothing was recorded then.
        UnrecordedRulingError: when the ruling stands but the ledger could not take it; it carries the ruling.
    """
    with Repository.discover(request.start) as repo:
        record = Record.of(repo, services.clock, services.new_id, services.document_of)
        with record.in_use():
            examined = examine(repo, request, services, record)
            appealed = _on_appeal(repo, record, examined, services)
            settled = appealed is not None and appealed.settles
            ruling = record_ruling(repo, examined, record, services.arbiter, services.clock, settled=settled)
            return ruling if appealed is None else appealed.told_with(ruling)


def _on_appeal(repo: Repository, record: Record, examined: Examined, services: Services) -> AppealAnswer | None:
    """What became of this very ruling on appeal; what hears appeals is not imported where nothing was appealed.

    Of a record that cannot be read nothing is believed: the ruling stands as measured, and cannot be recorded.
    """
    from agent_agency.arbitration.appeals.model import APPEAL_KINDS

    try:
        if record.ledger.mark_of_kinds(APPEAL_KINDS) is None:
            return None
        from agent_agency.workflows.answer_on_appeal import answer_on_appeal

        return answer_on_appeal(repo, record, examined, services.clock, services.new_id, services.arbiter)
    except LedgerError:
        return None


def examine(repo: Repository, request: ReviewRequest, services: Services, record: Record) -> Examined:
    """Measure, run the gates and rule; the ledger gets an entry only when the gates are stopped.

    Raises:
        GatesStoppedError: on Ctrl-C while gates run.
    """
    now = services.clock.now()
    subject = resolve_subject(repo, request)
    law = read_law(repo, subject.law_commit, now)
    change = measure(repo, subject.merge_base, subject.head, law_commit=subject.law_commit)
    governance = (*governance_edits(repo, change), *_own_governance(law, change))
    only_law = only_law_edited(change, governance)
    chosen = _chosen(repo, request, subject, law, may_lack=only_law or not law.in_force)
    waivers = _waivers(repo, subject, law, chosen, change, now, record)
    budget = _effective_budget(law, chosen, waivers, now)
    reading = threading.Lock()
    context = _context(repo, law, chosen, change, governance, budget, now, reading)
    try:
        gates = _all_gates(repo, law, context, services.tools, reading, only_law=only_law)
        if only_law:
            gates = (*gates, *_unjudged(law))
        else:
            gates = (*gates, *_judges(repo, law, context, gates, subject, services, record))
    except GatesStoppedError as stopped:
        record.append_stopped(_stopped(subject, change, context.spec, stopped))
        raise
    measured = measure_budget(context)
    measurements = Measurements(
        law=law,
        chosen=chosen,
        change=change,
        governance=governance,
        budget=budget,
        measured=measured,
        waivers=mark_budget_use(waivers, budget, Budget(measured.files, measured.lines)),
        provenance=repo.provenance(subject.merge_base, subject.tip),
        claimed_verdicts=repo.range_trailers(subject.merge_base, subject.tip, VERDICT_TRAILER),
        claimed_specs=repo.range_trailers(subject.merge_base, subject.tip, TRAILER),
        only_law=only_law,
        gates=gates,
        now=now,
    )
    rules = binding_rules(repo, record.ledger, matter_of(subject, chosen), law, subject.base_ref, now)
    approved = partial(record.approves, vouched=vouched_by(services.arbiter, law.principals))
    return _rule(repo, subject, measurements, build_case(measurements, rules, approved, ADOPT), rules.read_from)


def _rule(
    repo: Repository, subject: Subject, measurements: Measurements, case: Case, rules_from: RulesFrom
) -> Examined:
    ruling = build_ruling(
        RulingInputs(
            subject=subject,
            law=measurements.law,
            chosen=measurements.chosen,
            change=measurements.change,
            governance=tuple(measurements.governance),
            minimality=measure_minimality(repo, measurements.change),
            budget=measurements.budget,
            measured=measurements.measured,
            case=case,
            waivers=measurements.waivers,
            decision=case.decide(),
            rules_from=rules_from,
            now=measurements.now,
        )
    )
    return Examined(ruling, case, subject, measurements)


def _stopped(subject: Subject, change: Change, spec: Spec | None, stopped: GatesStoppedError) -> dict[str, Any]:
    return {
        "base": {"ref": subject.base_ref, "commit": subject.law_commit, "merge_base": subject.merge_base},
        "head": {"ref": subject.head_ref, "commit": change.head_commit, "kind": str(change.head_kind)},
        "tree": change.head_tree,
        "spec": spec.id if spec else None,
        "gates": stopped.states,
    }


def _own_governance(law: Law, change: Change) -> tuple[GovernanceEdit, ...]:
    globs, patterns = Globs(), law.limits.governance_paths
    paths = sorted({path for file in change.files for path in file.paths})
    return tuple(
        GovernanceEdit(path, "law", "named by governance_paths in agency.toml at the base")
        for path in paths
        if globs.first_match(path, patterns)
    )


def _chosen(
    repo: Repository, request: ReviewRequest, subject: Subject, law: Law, *, may_lack: bool
) -> ChosenSpec | None:
    trailers = repo.range_trailers(subject.merge_base, subject.tip, TRAILER)
    try:
        return choose_spec(law.specs, option=request.spec_id, trailers=trailers, branch=subject.branch)
    except SpecSelectionError:
        if may_lack and request.spec_id is None:
            return None
        raise


def _names(repo: Repository, subject: Subject) -> tuple[str, ...]:
    """What the authors are called: an approver may be named without an address."""
    here = repo.configured_name() if subject.head.commit_id is None else None
    return (*repo.author_names(subject.merge_base, subject.tip), *filter(None, [here]))


def _waivers(
    repo: Repository,
    subject: Subject,
    law: Law,
    chosen: ChosenSpec | None,
    change: Change,
    now: datetime,
    record: Record,
) -> WaiversOfChange:
    spec = chosen.spec.result.spec if chosen else None
    evidence = read_evidence(repo, law.commit, law.principals, record.ledger, living_at=now)
    names = _names(repo, subject) if law.waivers or evidence.acts else ()
    return waivers_of_change(
        law,
        evidence,
        spec_id=spec.id if spec else None,
        tier=spec.risk_tier if spec else None,
        authors=(*change.authors, *names),
        now=now,
        uses_of=lambda waiver_id: record.uses_of_waiver(waiver_id, except_change=change.digest),
    )


def _effective_budget(
    law: Law, chosen: ChosenSpec | None, waivers: WaiversOfChange, now: datetime
) -> BudgetDecision | None:
    spec = chosen.spec.result.spec if chosen else None
    if spec is None:
        return None
    in_force = [use.waiver for use in waivers.in_force]
    return effective_budget(law.policy, spec.risk_tier, in_force, now=now, spec_id=spec.id, limits=law.limits)


def _context(  # noqa: PLR0913, PLR0917 - each is one thing that a built-in gate may look at
    repo: Repository,
    law: Law,
    chosen: ChosenSpec | None,
    change: Change,
    governance: tuple[GovernanceEdit, ...],
    budget: BudgetDecision | None,
    now: datetime,
    reading: threading.Lock,
) -> GateContext:
    result = chosen.spec.result if chosen else None

    def read(treeish: str, path: str) -> bytes | None:
        with reading:
            return repo.read_blob(treeish, path)

    return GateContext(
        change=change,
        added_lines=added_lines(repo, change),
        read_head=partial(read, change.head_tree),
        read_base=partial(read, change.base_commit),
        spec=result.spec if result else None,
        spec_result=result,
        policy=law.policy,
        limits=law.limits,
        budget=budget,
        governance=governance,
        now=now,
        head_modes={entry.path: entry.mode for entry in repo.list_files(change.head_tree)},
    )


def _all_gates(
    repo: Repository, law: Law, context: GateContext, tools: ToolServices, reading: threading.Lock, *, only_law: bool
) -> tuple[GateResult, ...]:
    own = {gate.name for gate in law.config.gates}
    if only_law:
        built_in = (law.gate(), *_not_of_tools(run_builtin_gates(context), own))
        left = [left_out_gate(gate, "the change does nothing but edit law") for gate in law.config.gates]
        return (head_law_gate(repo, context.change, context.now), *map(_left_out_for_law, built_in), *left)
    governing = Governing(context.spec.risk_tier, context.spec.id) if context.spec else Governing(None)
    config, left_out = gates_under_policy(law.config, law.policy)
    built_in, configured = _side_by_side(
        partial(run_builtin_gates, context),
        partial(run_configured_gates, repo, config, context.change, governing, tools, reading),
        at_once=bool(config.gates),
    )
    built_in = _not_of_tools(built_in, own)
    required = _required_kinds(config, law, built_in, governing.tier)
    return (law.gate(), *built_in, *required, *in_order(law.config, configured, left_out))


def _unjudged(law: Law) -> Results:
    return tuple(left_out(name, "the change does nothing but edit law") for name in law.config.judges.gates)


def _judges(
    repo: Repository,
    law: Law,
    context: GateContext,
    gates: Results,
    subject: Subject,
    services: Services,
    record: Record,
) -> Results:
    """What the judges say that the law names; what asks them is loaded only where it names some."""
    asked = law.config.judges
    if not asked.names:
        return ()
    judged = partial(_judged, repo, context, subject, gates)
    if services.judges is None:
        return judge_gates(asked, law.policy, judged, None)
    sitting = Sitting(repo, record, law.principals, _names(repo, subject), asked.names)
    return judge_gates(asked, law.policy, judged, services.judges(sitting), withheld=_withheld(gates))


def _withheld(gates: Results) -> str:
    """Why the change must be shown to no engine: its answers may come from another machine."""
    secrets = next((gate for gate in gates if gate.name == SECRETS), None)
    if secrets is not None and secrets.status is GateStatus.PASS:
        return ""
    return "a credential may stand in the change"


def _judged(repo: Repository, context: GateContext, subject: Subject, gates: Results) -> Judged:
    from agent_agency.workflows.judge_subject import judge_subject

    return judge_subject(repo, context.change, context.spec, subject, gates)


def _not_of_tools(results: Results, own: set[str]) -> Results:
    """The results of built-in gates; one that the policy names and ``agency.toml`` defines is measured by its tool."""
    return tuple(result for result in results if result.name not in own)


def _side_by_side(built_in: RunGates, configured: RunGates, *, at_once: bool) -> tuple[Results, Results]:
    """Run the built-in gates while tools run; Ctrl-C reaches the tools, in the main thread."""
    if not at_once:
        return built_in(), configured()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(built_in)
        ran = configured()
        return beside.result(), ran


def _required_kinds(config: Config, law: Law, built_in: Results, tier: int | None) -> Results:
    """What of the law's and the standard's kinds no gate measures; nothing where there is no law to ask."""
    if not law.in_force:
        return ()
    contracts = any(gate.name == DECLARED_CONTRACTS and gate.applicable for gate in built_in)
    measured = [GateKind.CONTRACTS] if contracts else []
    return (required_kinds.evaluate(config.gates, tier, law.limits.required_kinds, measured=measured),)


def _left_out_for_law(gate: GateResult) -> GateResult:
    """A change of the law alone has no working spec to keep to; a person decides on it."""
    if gate.name not in LAW_GATES:
        return gate
    return replace(
        gate, status=GateStatus.NOT_RUN, applicable=False, findings=(), reason="the change does nothing but edit law"
    )
