"""The gates that ``agency.toml`` at the base defines, as a review would read them, and whether they can run here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from agent_agency.config import Config, read_config
from agent_agency.errors import LawError, UsageError
from agent_agency.gate_settings import ConfiguredGate, GateKind, SetupStep
from agent_agency.gates.readable_paths import missing_readable
from agent_agency.gates.tool_presence import ToolPresence, module_of
from agent_agency.git import Repository
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import IsolationReport
from agent_agency.workflows.law import CONFIG_PATH

_NEEDS_REPORT = frozenset({GateKind.TESTS, GateKind.COVERAGE, GateKind.MUTATION, GateKind.PERFORMANCE})
_FILE_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class GateDefinitions:
    """The settings of one commit: ``ref`` is how the base was named, ``commit`` its id."""

    ref: str
    commit: str
    config: Config

    @property
    def gates(self) -> tuple[ConfiguredGate, ...]:
        """The gates, in their order."""
        return self.config.gates

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
        return GateDefinitions(ref, commit, Config())
    if entries[0].mode not in _FILE_MODES:
        fix = "Replace it by the file itself on the base branch."
        raise LawError("agency.toml at the base is a link or a submodule, so it is no law", fix=fix, path=CONFIG_PATH)
    config = read_config(repo.read_blob(commit, CONFIG_PATH) or b"", CONFIG_PATH)
    if isinstance(config, Config):
        return GateDefinitions(ref, commit, config)
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
    presence, config = ToolPresence(variables), definitions.config
    found = [_gate_prospect(repo, definitions.commit, gate, presence) for gate in config.gates]
    setup = [] if config.setup is None else [_setup_prospect(config.setup, presence)]
    return (_isolation(probe()), *_readable(config.readable, variables), *setup, *found)


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


def _readable(texts: Sequence[str], variables: Mapping[str, str]) -> Iterator[Prospect]:
    missing = missing_readable(texts, variables.get("HOME", ""))
    if missing:
        found = f"not there: {', '.join(missing)}"
        yield Prospect("readable", Standing.LIMITED, found, "Make them, or take them out of [tools] readable.")
    elif texts:
        yield Prospect("readable", Standing.FINE, ", ".join(texts))


def _setup_prospect(setup: SetupStep, presence: ToolPresence) -> Prospect:
    lacking = presence.lacking_program(setup.command[0])
    if lacking is not None:
        return Prospect("setup", Standing.MISSING, lacking.what, lacking.remedy)
    return Prospect("setup", Standing.FINE, _starts(setup, presence))


def _starts(command: ConfiguredGate | SetupStep, presence: ToolPresence) -> str:
    """What a command starts; of a script no more is known than its shell."""
    place, module = presence.program(command.command[0]), module_of(command.command)
    if command.shell is not None:
        return f"{place}; what its script starts is not looked for"
    return f"{place}{f', module {module}' if module else ''}"


def _gate_prospect(repo: Repository, commit: str, gate: ConfiguredGate, presence: ToolPresence) -> Prospect:
    program = gate.command[0]
    if gate.report is None and gate.kind in _NEEDS_REPORT:
        found = "it names no report, so it can never tell that anything was tested or measured"
        return Prospect(gate.name, Standing.PROBLEM, found, "Give it 'report' and 'format' in agency.toml.")
    if gate.kind is GateKind.PERFORMANCE and not gate.budget:
        found = "it names no budget, so nothing is held to anything"
        return Prospect(gate.name, Standing.PROBLEM, found, "Give it '[gate.budget]' in agency.toml.")
    if "/" in program and not program.startswith("/"):
        return _of_the_checkout(repo, commit, gate)
    lacking, module = presence.lacking_program(program), module_of(gate.command)
    if lacking is None and module is not None:
        lacking = presence.lacking_module(program, module)
    if lacking is not None:
        return Prospect(gate.name, Standing.MISSING, lacking.what, lacking.remedy)
    return Prospect(gate.name, Standing.FINE, _starts(gate, presence))


def _of_the_checkout(repo: Repository, commit: str, gate: ConfiguredGate) -> Prospect:
    """A program that the repository itself holds: what runs is the change's own version of it."""
    path = str(PurePath(gate.argv[0]))
    modes = [entry.mode for entry in repo.list_files(commit, path) if entry.path == path]
    if modes != ["100755"]:
        found = f"{path} is no executable file at the base"
        return Prospect(gate.name, Standing.MISSING, found, "Commit it, with git update-index --chmod=+x.")
    found = f"{path} is part of the repository, so a change can rewrite what judges it"
    return Prospect(gate.name, Standing.LIMITED, found, "Name it in governance_paths of agency.toml.")
