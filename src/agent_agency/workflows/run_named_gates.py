"""Run gates of ``agency.toml`` at the base over a change, without a ruling and without an entry in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from agent_agency.change.measure import measure
from agent_agency.config import Config
from agent_agency.errors import SpecSelectionError, UsageError
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gate_settings import TIERS, ConfiguredGate
from agent_agency.git import Repository
from agent_agency.spec.model import Spec
from agent_agency.workflows.gate_definitions import GateDefinitions, read_definitions
from agent_agency.workflows.gate_governing import Governing
from agent_agency.workflows.law import read_law
from agent_agency.workflows.run_gates import ToolServices, run_configured_gates
from agent_agency.workflows.spec_choice import TRAILER, choose_spec
from agent_agency.workflows.subject import ReviewRequest, Subject, resolve_subject

RISKIEST = TIERS[0]
_UNMEASURED = frozenset({GateStatus.NOT_RUN, GateStatus.ERROR})


@dataclass(frozen=True, slots=True)
class GatesRequest:
    """What to run over what: ``names`` empty means every gate; the rest is as in a review.

    ``tier`` chooses thresholds and what blocks; ``None`` takes the governing spec's.
    """

    start: Path
    names: tuple[str, ...] = ()
    base: str | None = None
    head: str | None = None
    staged: bool = False
    tier: int | None = None


@dataclass(frozen=True, slots=True)
class GatesRun:
    """What was run: the results in the gates' order, and at which tier because of what."""

    definitions: GateDefinitions
    tier: int
    tier_because: str
    results: tuple[GateResult, ...]

    @property
    def exit_code(self) -> int:
        """0 when every gate that blocks at the tier passed, 1 when one failed, 2 when one could not be measured."""
        held = [result for result in self.results if result.applicable and result.mode is GateMode.BLOCK]
        if any(result.status is GateStatus.FAIL for result in held):
            return 1
        return 2 if any(result.status in _UNMEASURED for result in held) else 0


def run_named_gates(request: GatesRequest, services: ToolServices, now: datetime) -> GatesRun:
    """Run the named gates, and those that they need, over the change.

    A gate that is named runs even where its ``when`` would leave it out.

    Raises:
        UsageError: when no gate has one of the names.
        LawError: when agency.toml at the base cannot be read as settings.
        GitError: for an unknown revision.
        GatesStoppedError: on Ctrl-C, once every tool has ended.
    """
    with Repository.discover(request.start) as repo:
        review = ReviewRequest(request.start, request.base, request.head, request.staged)
        subject = resolve_subject(repo, review)
        definitions = replace(read_definitions(repo, subject.law_commit), ref=subject.base_ref)
        config = _chosen(definitions, request.names)
        spec = _governing_spec(repo, subject, now)
        tier, because = _tier(request.tier, spec)
        change = measure(repo, subject.merge_base, subject.head, law_commit=subject.law_commit)
        governing = Governing(tier, spec.id if spec else None)
        return GatesRun(definitions, tier, because, run_configured_gates(repo, config, change, governing, services))


def _chosen(definitions: GateDefinitions, names: Sequence[str]) -> Config:
    """The settings with the gates to run: all, or the named ones with all that they need."""
    if not names:
        return definitions.config
    named = [definitions.named(name) for name in names]
    wanted: dict[str, ConfiguredGate] = {gate.name: replace(gate, when=()) for gate in named}
    pending = [need for gate in named for need in gate.needs]
    while pending:
        gate = definitions.named(pending.pop())
        if gate.name not in wanted:
            wanted[gate.name] = replace(gate, when=())
            pending += gate.needs
    gates = tuple(wanted[gate.name] for gate in definitions.gates if gate.name in wanted)
    withheld = tuple(item for item in definitions.config.withheld if item.gate in wanted)
    return replace(definitions.config, gates=gates, withheld=withheld)


def _governing_spec(repo: Repository, subject: Subject, now: datetime) -> Spec | None:
    law = read_law(repo, subject.law_commit, now)
    trailers = repo.range_trailers(subject.merge_base, subject.tip, TRAILER)
    try:
        return choose_spec(law.specs, option=None, trailers=trailers, branch=subject.branch).spec.result.spec
    except SpecSelectionError:
        return None


def _tier(asked: int | None, spec: Spec | None) -> tuple[int, str]:
    if asked is not None:
        if asked not in TIERS:
            raise UsageError(f"There is no risk tier {asked}", fix="Give 1, 2 or 3.")
        return asked, "asked for"
    if spec is None:
        return RISKIEST, "no valid working spec governs this change, so the strictest one"
    return spec.risk_tier, f"of the working spec {spec.id}"
