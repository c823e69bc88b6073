"""Which waivers are in force for one change, and what each of them did.

Where the base lists an approver, a waiver counts only with signed approvals. Where it lists none, a waiver that stands
as a file at the base counts by what the file says: whoever merged it granted it, and every ruling says that its
approvals are statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent_agency.arbitration.verdict import WaiverInForce
from agent_agency.arbitration.waivers.fold import fold
from agent_agency.arbitration.waivers.force import ChangeBefore, days_of, judge_record
from agent_agency.arbitration.waivers.lawful import BUDGET_GATE, Bounds
from agent_agency.arbitration.waivers.model import Discarded
from agent_agency.arbitration.waivers.statements import is_waiver_id
from agent_agency.attestation.person import distinct, without
from agent_agency.spec.model import Budget, BudgetDecision, Waiver
from agent_agency.spec.waiver_force import why_not_in_force
from agent_agency.workflows.law import Law
from agent_agency.workflows.waiver_evidence import WaiverEvidence

MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """A waiver in force; ``added`` is what it added to the budget, ``budget_needed`` whether the change needed that.

    ``approvals`` people approved it of the ``quorum`` that the tier needs; ``signed`` tells whether by signature.
    ``days`` is how long it lasts in all. ``budget_capped`` tells that the law caps what waivers may add to a budget.
    """

    waiver: Waiver
    approvals: int
    quorum: int
    days: int
    signed: bool = False
    added: Budget = field(default_factory=lambda: Budget(0, 0))
    budget_needed: bool = False
    budget_capped: bool = False

    @property
    def bounded(self) -> bool:
        """Whether it is for one spec or stated paths."""
        return self.waiver.spec_id is not None or bool(self.waiver.paths)

    def for_verdict(self) -> WaiverInForce:
        """What the verdict may know of it.

        A waiver with a delta raises the budget and covers no budget violation; nor does one without where the law caps
        what may be added, because taking the budget away adds more than any cap.
        """
        gates = frozenset(self.waiver.gates)
        covers = gates - {BUDGET_GATE} if self.waiver.delta is not None or self.budget_capped else gates
        return WaiverInForce(
            self.waiver.id,
            covers,
            self.budget_needed,
            covers_rules=frozenset(self.waiver.rules),
            paths=self.waiver.paths,
        )


@dataclass(frozen=True, slots=True)
class WaiversOfChange:
    """The waivers in force for one change, and why each other one is not.

    ``signatures_needed`` tells whether the base lists an approver, so that only signed approvals count.
    """

    in_force: tuple[WaiverUse, ...]
    not_in_force: Mapping[str, str]
    signatures_needed: bool = False


def waivers_of_change(
    law: Law,
    evidence: WaiverEvidence,
    *,
    spec_id: str | None,
    tier: int | None,
    authors: Sequence[str],
    now: datetime,
    uses_of: Callable[[str], int],
) -> WaiversOfChange:
    """Tell the waivers in force from the others.

    Args:
        law: the law at the base; only its valid waivers are looked at, and only its rules that let a waiver cover them.
        evidence: the signed acts about waivers, as far as they are sound (``read_evidence``).
        spec_id: the governing spec; without one no waiver is in force.
        tier: its risk tier.
        authors: e-mail addresses and names of the change's authors, none of whom may have approved.
        now: the moment of the review.
        uses_of: how many other changes a waiver (by id) was needed for.
    """
    files = [result.waiver for result in law.waivers if result.waiver is not None]
    if spec_id is None or tier is None or law.problems or evidence.problem:
        ids = {waiver.id for waiver in files} | {act.waiver_id for act in evidence.acts if act.terms}
        reason = _why_none(law, evidence)
        return WaiversOfChange((), dict.fromkeys(sorted(ids), reason), evidence.signatures_needed)
    change = ChangeBefore(spec_id, tier, tuple(authors), now)
    if evidence.signatures_needed:
        bounds = Bounds.of(law.limits, law.policy, [gate.name for gate in law.config.gates], law.constitution.rules)
        judged = _signed(bounds, files, evidence, change, uses_of)
    else:
        judged = _stated(law, files, change, uses_of)
    capped = law.limits.max_delta_files is not None or law.limits.max_delta_loc is not None
    if capped:
        judged = [(replace(use, budget_capped=True), why) for use, why in judged]
    told = _without_doubles(judged, signatures_needed=evidence.signatures_needed)
    return replace(told, not_in_force=_with_discarded(told, evidence.discarded))


def _with_discarded(waivers: WaiversOfChange, discarded: Sequence[Discarded]) -> Mapping[str, str]:
    """Also say what was recorded about a waiver and counts for nothing; a few are enough to see what is wrong."""
    in_force = {use.waiver.id for use in waivers.in_force}
    found: dict[str, list[str]] = {}
    for one in discarded:
        if one.waiver_id not in in_force and is_waiver_id(one.waiver_id):
            found.setdefault(one.waiver_id, []).append(f"{one.where}: {one.why}")
    known = waivers.not_in_force
    told = {name: "; ".join((*filter(None, [known.get(name)]), *whys[:MOST_TOLD])) for name, whys in found.items()}
    return dict(sorted({**known, **told}.items()))


def _why_none(law: Law, evidence: WaiverEvidence) -> str:
    if law.problems:
        return "the law at the base cannot be read whole"
    if evidence.problem is not None:
        return f"the record cannot be believed, so a revocation may be missing: {evidence.problem.message}"
    return "no valid working spec governs the change"


Judged = list[tuple[WaiverUse, str | None]]


def _signed(
    bounds: Bounds,
    files: Sequence[Waiver],
    evidence: WaiverEvidence,
    change: ChangeBefore,
    uses_of: Callable[[str], int],
) -> Judged:
    judged: Judged = []
    for record in fold(files, evidence.acts):
        if record.request is not None and record.waiver.spec_id not in {None, change.spec_id}:
            continue  # a request for another spec is nobody's concern here; a file at the base is told of
        uses = uses_of(record.waiver.id) if record.waiver.max_uses is not None else 0
        found = judge_record(record, change, bounds, uses=uses)
        days, how = days_of(found.waiver, change.now), found.standing
        judged.append((WaiverUse(found.waiver, len(how.approvers), how.quorum, days, signed=True), found.why))
    return judged


def _stated(law: Law, files: Sequence[Waiver], change: ChangeBefore, uses_of: Callable[[str], int]) -> Judged:
    judged: Judged = []
    quorum = law.limits.quorum.get(change.tier, 1)
    for waiver in files:
        why = why_not_in_force(
            waiver,
            now=change.now,
            spec_id=change.spec_id,
            authors=change.authors,
            limits=law.limits,
            tier=change.tier,
        )
        if why is None and waiver.max_uses is not None and uses_of(waiver.id) >= waiver.max_uses:
            why = f"its {waiver.max_uses} use(s) are used up"
        approvers = without(distinct(waiver.approvers), (*change.authors, *filter(None, [waiver.requester])))
        judged.append((WaiverUse(waiver, len(approvers), quorum, days_of(waiver, change.now)), why))
    return judged


def _without_doubles(judged: Judged, *, signatures_needed: bool) -> WaiversOfChange:
    standing = Counter(use.waiver.id for use, why in judged if why is None)
    in_force = []
    refused: dict[str, str] = {}
    for use, why in sorted(judged, key=lambda pair: pair[0].waiver.id):
        waiver_id = use.waiver.id
        if why is None and standing[waiver_id] == 1:
            in_force.append(use)
        elif standing[waiver_id] > 1:
            refused[waiver_id] = "several waivers hold this id"
        elif standing[waiver_id] == 0:
            refused[waiver_id] = why or ""
    return WaiversOfChange(tuple(in_force), refused, signatures_needed)


def mark_budget_use(waivers: WaiversOfChange, budget: BudgetDecision | None, used: Budget | None) -> WaiversOfChange:
    """Mark the waivers whose delta the change needed: it is over the baseline, and they were applied."""
    if budget is None or used is None:
        return waivers
    over = used.max_files > budget.baseline.max_files or used.max_loc > budget.baseline.max_loc
    marked = tuple(
        replace(use, added=use.waiver.delta, budget_needed=over)
        if use.waiver.id in budget.applied and use.waiver.delta is not None
        else use
        for use in waivers.in_force
    )
    return replace(waivers, in_force=marked)
