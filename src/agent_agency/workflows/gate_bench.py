"""What all gates of one review share: the trees, the isolation, the kept runs of the base, and where evidence goes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

from agent_agency.change.model import Change
from agent_agency.config import Config
from agent_agency.evidence import EvidenceStore
from agent_agency.facts import GateResult
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.base_runs import BaseRuns
from agent_agency.gates.gate_command import Surroundings
from agent_agency.gates.run_evidence import EvidenceKeeper
from agent_agency.git import Repository
from agent_agency.sandbox.probe import IsolationReport
from agent_agency.workflows.measure_gate import Measurement, TreesOfChange, measure_gate
from agent_agency.workflows.record import EVIDENCE_FOLDER, FOLDER
from agent_agency.workflows.run_gates import ToolServices


@dataclass(frozen=True, slots=True)
class GateBench:
    """Where gates are measured, one or several at a time."""

    trees: TreesOfChange
    tier: int
    surroundings: Surroundings
    base_runs: BaseRuns
    services: ToolServices

    @classmethod
    def prepared(
        cls,
        repo: Repository,
        config: Config,
        change: Change,
        tier: int,
        services: ToolServices,
        isolation: IsolationReport,
        cancel: threading.Event,
    ) -> GateBench:
        """Make everything ready that gates need.

        Raises:
            AgencyError: when the repository's record cannot be used.
        """
        folder = repo.common_dir / FOLDER
        surroundings = Surroundings(
            isolation=isolation.isolation,
            variables=services.variables,
            cancel=cancel,
            evidence=EvidenceKeeper.of(EvidenceStore(folder / EVIDENCE_FOLDER), services.variables),
            output=services.progress.output,
        )
        trees = TreesOfChange(repo, change, threading.Lock())
        return cls(trees, tier, surroundings, BaseRuns(None, lambda _: None), services)

    def measure(self, gate: ConfiguredGate) -> GateResult:
        """Measure one gate.

        Raises:
            AgencyError: when a tree cannot be read.
            OSError: when a checkout cannot be written.
        """
        begun = partial(self.services.progress.begun, gate.name)
        return measure_gate(Measurement(self.trees, gate, self.tier, self.surroundings, begun, self.base_runs))
