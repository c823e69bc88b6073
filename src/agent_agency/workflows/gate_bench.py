"""What all gates of one review share: trees, isolation, the set-up step, earlier results, the evidence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.config import Config
from agent_agency.errors import AgencyError
from agent_agency.evidence import EvidenceStore
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.base_runs import BaseRuns
from agent_agency.gates.checkout import Part, fresh_checkout
from agent_agency.gates.gate_command import Surroundings, gate_command
from agent_agency.gates.kept_paths import put_kept_paths
from agent_agency.gates.own_programs import without_own_programs
from agent_agency.gates.readable_paths import readable_paths
from agent_agency.gates.result_cache import ResultCache, result_key
from agent_agency.gates.run_evidence import EvidenceKeeper
from agent_agency.gates.started_programs import says_what_to_start
from agent_agency.gates.tool_environment import ToolEnvironment, ToolExaminer, examine_tools
from agent_agency.gates.withheld_tests import withheld_of
from agent_agency.git.tree import TreeEntry
from agent_agency.sandbox.probe import IsolationReport
from agent_agency.workflows.gate_governing import Governing
from agent_agency.workflows.measure_gate import Measurement, TreesOfChange, measure_gate
from agent_agency.workflows.prepare_setup import STEP_NAME, PreparedSetup, SetupProblem, prepare_setup
from agent_agency.workflows.record import EVIDENCE_FOLDER, FOLDER
from agent_agency.workflows.run_gates import ToolServices

RESULTS_FOLDER = "results"
BASE_RUNS_FOLDER = "base_runs"
SETUP_FOLDER = "setup"
_BASE_TIER = 0
_EXECUTABLE = "100755"
_SETTINGS = (".toml", ".cfg", ".ini")

AskTools = Callable[[], ToolEnvironment]
"""Waits until it is known what a gate's tool consists of."""


@dataclass(frozen=True, slots=True)
class GateBench:
    """Where gates are measured, one or several at a time; ``setup`` is what the set-up step left."""

    config: Config
    trees: TreesOfChange
    governing: Governing
    surroundings: Surroundings
    services: ToolServices
    setup: PreparedSetup | SetupProblem | None
    setup_evidence: tuple[Mapping[str, Any], ...]

    def measure(self, gate: ConfiguredGate) -> GateResult:
        """Measure one gate, or take what an earlier review measured of all the same.

        Raises:
            AgencyError: when a tree cannot be read.
            OSError: when a checkout cannot be written.
        """
        tier = self.governing.tier or 1
        if isinstance(self.setup, SetupProblem):
            mode = GateMode.BLOCK if tier in gate.blocking else GateMode.WARN
            reason = f"the set-up step of agency.toml failed: {self.setup.reason}"
            failed = GateResult(gate.name, GateStatus.ERROR, mode, reason=reason, facts=self._setup_facts(()))
            return self._without_credentials(failed)
        cache = ResultCache(self._folder / RESULTS_FOLDER)
        with ThreadPoolExecutor(1) as pool:
            # what a tool consists of is found out while it runs, unless there may be a result to use again
            tools = pool.submit(self._tools_of, gate).result
            known = cache.get(self._key(gate, tools)) if self.services.reuse and cache.has_entries() else None
            if known is not None and self._is_evident(known):
                return replace(known, facts=MappingProxyType({**known.facts, "reused": True}))
            result = self._without_credentials(self._measured(gate, tier, tools))
            cache.put(self._key(gate, tools), result)
            return result

    def _is_evident(self, known: GateResult) -> bool:
        """Whether what an earlier review stored as evidence of a result is still there."""
        return self.surroundings.evidence is None or self.surroundings.evidence.holds(known)

    def _without_credentials(self, result: GateResult) -> GateResult:
        return result if self.surroundings.evidence is None else self.surroundings.evidence.clean(result)

    def _measured(self, gate: ConfiguredGate, tier: int, tools: AskTools) -> GateResult:
        folder = self._folder / BASE_RUNS_FOLDER if self.services.reuse else None
        measurement = Measurement(
            trees=self.trees,
            gate=gate,
            tier=tier,
            surroundings=replace(self.surroundings, tools=tools),
            begun=partial(self.services.progress.begun, gate.name),
            base_runs=BaseRuns(folder, partial(self._base_key, tools=tools)),
            withheld=withheld_of(self.config.withheld, gate, self.governing.spec_id),
        )
        result = measure_gate(measurement)
        evidence = result.facts.get("evidence", [])
        return replace(result, facts=MappingProxyType({**result.facts, **self._setup_facts(evidence)}))

    @property
    def _folder(self) -> Path:
        return self.trees.repo.common_dir / FOLDER

    def _setup_facts(self, evidence: Any) -> Mapping[str, Any]:
        facts: dict[str, Any] = {"evidence": [*evidence, *map(dict, self.setup_evidence)]}
        if isinstance(self.setup, PreparedSetup):
            facts["setup"] = dict(self.setup.facts)
        return MappingProxyType(facts)

    def _key(self, gate: ConfiguredGate, tools: AskTools) -> str | None:
        change = self.trees.change
        return self._key_of(gate, tools, self.governing.tier or 1, (change.head_tree, change.base_commit))

    def _base_key(self, gate: ConfiguredGate, tools: AskTools) -> str | None:
        return self._key_of(gate, tools, _BASE_TIER, (self.trees.change.base_commit, ""))

    def _key_of(self, gate: ConfiguredGate, tools: AskTools, tier: int, trees: tuple[str, str]) -> str | None:
        """The digest of what a result depends on; ``None`` where that cannot be told."""
        try:
            environment = None if gate.network else tools().key
        except (AgencyError, OSError):
            return None
        withheld = withheld_of(self.config.withheld, gate, self.governing.spec_id)
        setup = self.setup.digest if isinstance(self.setup, PreparedSetup) else None
        return result_key(
            gate=gate,
            tier=tier,
            head_tree=trees[0],
            base_tree=trees[1],
            environment_digest=environment,
            setup_digest=digest_json([setup, [[item.digest, item.tests] for item in withheld]]),
            isolation=self.surroundings.isolation,
            variables=self.surroundings.variables,
        )

    def _tools_of(self, gate: ConfiguredGate) -> ToolEnvironment:
        """What a gate's tool consists of, asked beside an outline of the head, which no tool can change meanwhile."""
        around, trees = self.surroundings, self.trees
        whole = trees.head()
        written = [entry for entry in whole.entries if _is_read(entry)]
        hollow = [entry for entry in whole.entries if entry.path.endswith(".py") and not _is_read(entry)]
        outline = [Part(whole.tree, tuple(written)), Part(whole.tree, tuple(hollow), hollow=True)]
        with fresh_checkout(trees.repo, outline, trees.reading) as checkout:
            put_kept_paths(checkout, around.keep)
            command = gate_command(gate, checkout, around)
            return examine_tools(command, around.isolation, around.cancel, examiner=around.examiner)


def _is_read(entry: TreeEntry) -> bool:
    """Whether what a file says, and not only that it is there, tells what a command line starts or imports."""
    settings = entry.path.endswith(_SETTINGS) or entry.path.rpartition("/")[2] == "setup.py"
    return settings or says_what_to_start(entry.path, executable=entry.mode == _EXECUTABLE)


def prepare_bench(
    trees: TreesOfChange,
    config: Config,
    governing: Governing,
    services: ToolServices,
    isolation: IsolationReport,
    cancel: threading.Event,
) -> GateBench:
    """Make everything ready that gates need: the set-up step is run, or found done."""
    repo, change = trees.repo, trees.change
    folder = repo.common_dir / FOLDER
    keeper = EvidenceKeeper.of(EvidenceStore(folder / EVIDENCE_FOLDER), services.variables)
    surroundings = Surroundings(
        isolation=isolation.isolation,
        variables=without_own_programs(services.variables, repo.root, trees.head_paths),
        cancel=cancel,
        examiner=ToolExaminer(),
        evidence=keeper,
        readable=readable_paths(config.readable, services.variables.get("HOME", "")),
        output=services.progress.output,
        gaps=isolation.gaps,
    )
    setup: PreparedSetup | SetupProblem | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    if config.setup is not None:
        services.progress.begun(STEP_NAME, "runs the set-up step")
        setup = prepare_setup(
            repo,
            config.setup,
            change.head_tree,
            folder / SETUP_FOLDER,
            surroundings,
            reading=trees.reading,
            examiner=surroundings.examiner,
        )
        evidence = () if setup.outcome is None else (keeper.keep_output(setup.outcome, STEP_NAME),)
        if isinstance(setup, PreparedSetup):
            surroundings = replace(surroundings, setup=setup.folder, keep=setup.keep)
    return GateBench(config, trees, governing, surroundings, services, setup, evidence)
