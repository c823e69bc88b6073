"""The gates that ``agency.toml`` at the base defines, as a review would read them, and whether they can run here."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from agent_agency.config import Config, read_config
from agent_agency.errors import LawError, UsageError
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.git import Repository
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import IsolationReport
from agent_agency.sandbox.tool_paths import find_program
from agent_agency.workflows.law import CONFIG_PATH

PROBE_SECONDS = 20
_HAS_MODULE = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1].split('.')[0]) is None)"
_NEEDS_REPORT = frozenset({GateKind.TESTS, GateKind.COVERAGE, GateKind.MUTATION})
_FILE_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class GateDefinitions:
    """The gates of one commit: ``ref`` is how the base was named, ``commit`` its id."""

    ref: str
    commit: str
    gates: tuple[ConfiguredGate, ...]

    def named(self, name: str) -> ConfiguredGate:
        """Find a gate.

        Raises:
            UsageError: when there is none of that name.
        """
        for gate in self.gates:
            if gate.name == name:
                return gate
        from difflib import get_close_matches

        names = [gate.name for gate in self.gates]
        close = get_close_matches(name, names, n=1)
        known = f"It defines: {', '.join(names)}." if names else "It defines none."
        raise UsageError(
            f"agency.toml at {self.ref} defines no gate {name!r}",
            fix=f"Did you mean '{close[0]}'?" if close else known,
        )


class Standing(StrEnum):
    """How a gate's prospects are: ``limited`` runs, with something that its owner should know."""

    FINE = "fine"
    LIMITED = "limited"
    PROBLEM = "problem"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Prospect:
    """Whether something can run here: what was found, and the next step where there is one."""

    name: str
    standing: Standing
    found: str
    remedy: str = ""


def read_definitions(repo: Repository, base: str | None) -> GateDefinitions:
    """Read the gates from the tip of the base, never from the working tree.

    Raises:
        LawError: when agency.toml at the base cannot be read as settings.
        GitError: for an unknown revision.
    """
    ref = repo.default_base() if base is None else base
    commit = repo.resolve(ref)
    entries = [entry for entry in repo.list_files(commit, CONFIG_PATH) if entry.path == CONFIG_PATH]
    if not entries:
        return GateDefinitions(ref, commit, ())
    if entries[0].mode not in _FILE_MODES:
        fix = "Replace it by the file itself on the base branch."
        raise LawError("agency.toml at the base is a link or a submodule, so it is no law", fix=fix, path=CONFIG_PATH)
    config = read_config(repo.read_blob(commit, CONFIG_PATH) or b"", CONFIG_PATH)
    if isinstance(config, Config):
        return GateDefinitions(ref, commit, config.gates)
    first = config[0]
    more = f" (and {len(config) - 1} more)" if len(config) > 1 else ""
    raise LawError(f"{first.message}{more}", fix=first.remedy, path=CONFIG_PATH, line=first.place.line)


def prospects(
    repo: Repository,
    definitions: GateDefinitions,
    variables: Mapping[str, str],
    probe: Callable[[], IsolationReport],
) -> tuple[Prospect, ...]:
    """Say of the machine, and then of each gate, whether it can run here."""
    if not definitions.gates:
        return ()
    found = [_gate_prospect(repo, definitions.commit, gate, variables) for gate in definitions.gates]
    return (_isolation(probe()), *found)


def exit_code(found: Sequence[Prospect]) -> int:
    """2 when something needed is missing, 1 when something needs mending, else 0."""
    standings = {prospect.standing for prospect in found}
    if Standing.MISSING in standings:
        return 2
    return 1 if Standing.PROBLEM in standings else 0


def _isolation(report: IsolationReport) -> Prospect:
    name, reason = "isolation", f" ({report.reason})" if report.reason else ""
    if report.isolation is Isolation.NAMESPACES:
        return Prospect(name, Standing.FINE, f"{report.isolation}{reason}")
    remedy = "Install bubblewrap, and let unprivileged users make user namespaces."
    if report.isolation is Isolation.LANDLOCK:
        return Prospect(name, Standing.LIMITED, f"{report.isolation}{reason}", remedy)
    return Prospect(name, Standing.PROBLEM, f"none{reason}: at risk tier 1 no tool is run", remedy)


def _gate_prospect(repo: Repository, commit: str, gate: ConfiguredGate, variables: Mapping[str, str]) -> Prospect:
    program = gate.argv[0]
    if gate.report is None and gate.kind in _NEEDS_REPORT:
        found = "it names no report, so it can never tell that anything was tested"
        return Prospect(gate.name, Standing.PROBLEM, found, "Give it 'report' and 'format' in agency.toml.")
    if "/" in program and not program.startswith("/"):
        return _of_the_checkout(repo, commit, gate)
    place = find_program(program, variables, Path("/"))
    if place is None:
        remedy = "Install it, or put its folder on PATH."
        return Prospect(gate.name, Standing.MISSING, f"there is no program {program!r}", remedy)
    module = _module(gate.argv)
    if module is not None and not _has_module(place, module):
        remedy = f"Install it for that interpreter, or put the right {PurePath(program).name} first on PATH."
        return Prospect(gate.name, Standing.MISSING, f"{place} has no module {module!r}", remedy)
    return Prospect(gate.name, Standing.FINE, f"{place}{f', module {module}' if module else ''}")


def _of_the_checkout(repo: Repository, commit: str, gate: ConfiguredGate) -> Prospect:
    """A program that the repository itself holds: what runs is the change's own version of it."""
    path = str(PurePath(gate.argv[0]))
    modes = [entry.mode for entry in repo.list_files(commit, path) if entry.path == path]
    if modes != ["100755"]:
        found = f"{path} is no executable file at the base"
        return Prospect(gate.name, Standing.MISSING, found, "Commit it, with git update-index --chmod=+x.")
    found = f"{path} is part of the repository, so a change can rewrite what judges it"
    return Prospect(gate.name, Standing.LIMITED, found, "Name it in governance_paths of agency.toml.")


def _module(argv: tuple[str, ...]) -> str | None:
    """The module that ``python -m`` would run."""
    is_python = PurePath(argv[0]).name.startswith("python")
    return argv[2] if is_python and argv[1:2] == ("-m",) and len(argv) > 2 else None  # noqa: PLR2004  the module's place


def _has_module(python: Path, module: str) -> bool:
    """Ask the interpreter itself, from an empty folder, so that no file of the repository answers."""
    with tempfile.TemporaryDirectory(prefix="agency-doctor-") as folder:
        try:
            done = subprocess.run(
                [str(python), "-I", "-c", _HAS_MODULE, module],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0
