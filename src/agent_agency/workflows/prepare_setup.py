"""Run the set-up step of ``agency.toml`` once for each content of its lock files, and keep what it made.

The step sees the files of the commit that match ``lock_files`` and no other, so that nothing else of a change has a
say in what is kept under the digest of these files. Whatever goes wrong leaves nothing that would be used.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.errors import AgencyError
from agent_agency.gate_settings import SETUP_VARIABLE, SetupStep
from agent_agency.gates.checkout import Checkout, Part, fresh_checkout, whole_tree
from agent_agency.gates.gate_command import Surroundings, command_in
from agent_agency.gates.kept_paths import take_kept_paths
from agent_agency.gates.tool_environment import ToolEnvironment, ToolExaminer, examine_tools
from agent_agency.git import Repository
from agent_agency.sandbox.model import Command, Ended, Limits, Outcome
from agent_agency.sandbox.run import run
from agent_agency.spec.glob import Globs
from agent_agency.workflows.setup_store import CancelledError, SetupEntry, SetupStore

FORMAT = 1
STEP_NAME = "setup"
KEPT = ".agency-keep"
_STOPPED = "it was cancelled"
_LINK = "120000"


@dataclass(frozen=True, slots=True)
class PreparedSetup:
    """What a set-up step left, read-only.

    ``folder`` is what ``AGENCY_SETUP`` names; ``keep`` maps each kept path of the checkout to where it lies now, below
    ``folder``. ``digest`` names all that the result depends on. ``outcome`` is the run, ``None`` when an earlier one is
    used again; ``facts`` describe it in both cases, JSON-ready.
    """

    folder: Path
    digest: str
    reused: bool
    keep: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    outcome: Outcome | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class SetupProblem:
    """Why there is no set-up, so that no gate can be believed; ``outcome`` is the run where there was one.

    ``cancelled`` is whether it was ended from outside, which says nothing about the change.
    """

    reason: str
    outcome: Outcome | None = None
    cancelled: bool = False


def prepare_setup(
    repo: Repository,
    step: SetupStep,
    head_tree: str,
    cache: Path,
    surroundings: Surroundings,
    *,
    reading: threading.Lock | None = None,
    examiner: ToolExaminer | None = None,
) -> PreparedSetup | SetupProblem:
    """Run the set-up step for a tree, or find what it left for the same lock files before.

    Args:
        repo: where the tree is read.
        step: the law's definition.
        head_tree: the tree whose lock files count.
        cache: the folder of the results; its grandparent must exist.
        surroundings: how tools are run; its ``output`` gets what the step prints under the name ``setup``.
        reading: lets one thread at a time read the repository.
        examiner: what remembers the answers about tools of one review.
    """
    reading = reading or threading.Lock()
    try:
        locks = _lock_files(step, whole_tree(repo, head_tree, reading))
        if step.lock_files and not locks.entries:
            return SetupProblem(f"no file of the commit matches lock_files: {', '.join(step.lock_files)}")
        with fresh_checkout(repo, [locks], reading) as checkout:
            command = command_in(checkout, surroundings, step, limits=Limits(wall_s=step.timeout_s))
            tools = examine_tools(command, surroundings.isolation, surroundings.cancel, examiner=examiner)
            return _prepare(_Preparation(step, locks, checkout, command, tools, surroundings), SetupStore(cache))
    except AgencyError as error:
        return SetupProblem(f"{error.message}; {error.fix}")
    except OSError as error:
        return SetupProblem(f"the set-up's folder cannot be used: {error.strerror or error}")
    except CancelledError:
        return SetupProblem(_STOPPED, cancelled=True)


@dataclass(frozen=True, slots=True)
class _Preparation:
    """A set-up step about to be run."""

    step: SetupStep
    locks: Part
    checkout: Checkout
    command: Command
    tools: ToolEnvironment
    surroundings: Surroundings

    @property
    def digest(self) -> str:
        """All that the step's result depends on."""
        step, variables = self.step, self.surroundings.variables
        passed_on = {name: os.fsencode(variables[name]).hex() for name in step.environment if name in variables}
        return digest_json(
            {
                "format": FORMAT,
                "argv": list(step.command),
                "keep": list(step.keep),
                "network": step.network,
                "files": [[os.fsencode(entry.path).hex(), entry.mode, entry.blob] for entry in self.locks.entries],
                "tools": self.tools.digest,
                "isolation": str(self.surroundings.isolation),
                "variables": passed_on,
            }
        )

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """What is noted of the run."""
        return {
            "argv": list(self.step.command),
            "duration_s": round(outcome.duration_s, 3),
            "isolation": str(outcome.isolation),
            "output_digest": outcome.output_digest,
            "output_bytes": outcome.output_bytes,
            "tool_environment": self.tools.as_facts(),
            "keep": list(self.step.keep),
        }


def _prepare(asked: _Preparation, store: SetupStore) -> PreparedSetup | SetupProblem:
    digest = asked.digest
    with store.entry(digest, asked.surroundings.cancel) as entry:
        told = entry.read()
        if told is not None:
            return _prepared(entry, asked.step, digest, told)
        try:
            made = _make(asked, entry)
            if isinstance(made, SetupProblem):
                entry.clear()
                return made
            entry.seal(asked.facts(made))
        except OSError:
            with contextlib.suppress(OSError):
                entry.clear()
            raise
        store.trim()
        return _prepared(entry, asked.step, digest, asked.facts(made), made)


def _prepared(
    entry: SetupEntry, step: SetupStep, digest: str, told: Mapping[str, Any], outcome: Outcome | None = None
) -> PreparedSetup:
    reused = outcome is None
    keep = {name: entry.folder / KEPT / name for name in step.keep}
    facts = MappingProxyType({**told, "digest": digest, "reused": reused})
    return PreparedSetup(entry.folder, digest, reused, MappingProxyType(keep), outcome, facts)


def _make(asked: _Preparation, entry: SetupEntry) -> Outcome | SetupProblem:
    """Run the step into an empty entry and move what it is to leave there."""
    entry.begin()
    step, surroundings, command = asked.step, asked.surroundings, asked.command
    command = replace(
        command,
        environment={**command.environment, SETUP_VARIABLE: str(entry.folder)},
        writable=(*command.writable, entry.folder),
    )
    told = None if surroundings.output is None else partial(surroundings.output, STEP_NAME)
    outcome = run(command, surroundings.isolation, on_output=told, cancel=surroundings.cancel)
    problem = _why_failed(outcome)
    if problem is not None:
        return SetupProblem(problem, outcome, outcome.ended is Ended.CANCELLED)
    kept = take_kept_paths(step.keep, asked.checkout.root, entry.folder / KEPT) if step.keep else {}
    return SetupProblem(kept, outcome) if isinstance(kept, str) else outcome


def _why_failed(outcome: Outcome) -> str | None:
    if outcome.detail:
        return outcome.detail
    if outcome.ended is Ended.EXITED and outcome.exit_code == 0:
        return None
    if outcome.exit_code is not None:
        lines = (outcome.output_head + outcome.output_tail).decode("utf-8", "replace").strip().splitlines()
        said = f": {lines[-1].strip()[:200]}" if lines else ""
        return f"it exited with {outcome.exit_code}{said}"
    return f"it ended by signal {outcome.signal}"


def _lock_files(step: SetupStep, whole: Part) -> Part:
    """The files that the step may see; a link is left out, since what it leads to is no part of the digest."""
    globs = Globs()
    seen = [one for one in whole.entries if one.mode != _LINK and globs.first_match(one.path, step.lock_files)]
    return Part(whole.tree, tuple(seen))
