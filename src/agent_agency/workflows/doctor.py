"""What this machine and this repository can do, told by trying it.

Each check answers one question with what was found and, where something is wrong, the next step. A check that could
not be made is never told as fine.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import AgencyError, GitError, NotARepositoryError
from agent_agency.facts import display_path

if TYPE_CHECKING:
    from agent_agency.git import Repository
    from agent_agency.workflows.law import Law

MIN_PYTHON = (3, 11)
PROBE_SECONDS = 10


class Standing(StrEnum):
    """How a check came out, from best to worst; ``noted`` is a fact that no command depends on today."""

    FINE = "fine"
    NOTED = "noted"
    LIMITED = "limited"
    PROBLEM = "problem"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: what was looked at, how it stands, what was found, and the next step where there is one."""

    name: str
    standing: Standing
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Support:
    """One row of the support table."""

    system: str
    level: str
    detail: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All answers, the row of the support table that this machine is in, and the exit code that follows."""

    system: str
    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """2 when something needed is missing, 1 when something found needs mending, else 0."""
        standings = {check.standing for check in self.checks}
        if Standing.MISSING in standings:
            return 2
        return 1 if Standing.PROBLEM in standings else 0


SUPPORT = (
    Support("Linux", "full", "every command"),
    Support("macOS", "without namespaces", "every command; nothing can be run in a namespace of its own"),
    Support("Windows", "through WSL", "install WSL 2 and run agency inside it, where it counts as Linux"),
)
_SYSTEMS = {"Linux": "Linux", "Darwin": "macOS", "Windows": "Windows"}


@dataclass(frozen=True, slots=True)
class Machine:
    """What the checks ask the machine, passed in.

    ``run`` starts a command and gives its exit status, ``None`` when it could not start or did not end in time.
    """

    system: str
    python: tuple[int, int, int]
    find: Callable[[str], str | None]
    run: Callable[[Sequence[str]], int | None]


def this_machine() -> Machine:
    """The machine that the process runs on."""
    return Machine(platform.system(), sys.version_info[:3], shutil.which, _run)


def diagnose(machine: Machine, start: Path, now: datetime) -> Diagnosis:
    """Look at the machine, then at the repository that ``start`` lies in. Raises nothing: what fails is an answer."""
    checks = [check_system(machine), check_python(machine), check_git(), check_yaml()]
    if checks[2].standing is Standing.FINE:
        checks += _repository_checks(start, now)
    checks += [check_namespaces(machine), check_bubblewrap(machine)]
    return Diagnosis(_SYSTEMS.get(machine.system, machine.system), tuple(checks))


def check_system(machine: Machine) -> Check:
    """Find this machine's row in the support table."""
    name = _SYSTEMS.get(machine.system)
    row = next((row for row in SUPPORT if row.system == name), None)
    if row is None:
        found = f"{machine.system or 'an unnamed system'}: not in the support table, untested"
        return Check("system", Standing.LIMITED, found, "Use Linux, macOS, or WSL on Windows.")
    standing = {"Linux": Standing.FINE, "macOS": Standing.LIMITED}.get(row.system, Standing.MISSING)
    remedy = "Install WSL 2 and run agency inside it." if standing is Standing.MISSING else ""
    return Check("system", standing, f"{row.system}: {row.level} ({row.detail})", remedy)


def check_python(machine: Machine) -> Check:
    """Hold the running Python against the oldest one supported."""
    version = ".".join(str(part) for part in machine.python)
    if machine.python[:2] < MIN_PYTHON:
        return Check("python", Standing.MISSING, version, f"Install Python {_dotted(MIN_PYTHON)} or newer.")
    return Check("python", Standing.FINE, version)


def check_git() -> Check:
    """Find git, new enough, as every other command finds it."""
    from agent_agency.git.process import GitProgram

    try:
        program = GitProgram.find()
        version = program.version()
    except GitError as error:
        return Check("git", Standing.MISSING, error.message, error.fix)
    return Check("git", Standing.FINE, f"{_dotted(version)} at {display_path(program.path)}")


def check_yaml() -> Check:
    """Find PyYAML's C reader, which the spec loader uses."""
    try:
        import yaml
    except ImportError:
        return Check("yaml", Standing.MISSING, "PyYAML is not installed", "Install agent-agency anew with pip.")
    if not yaml.__with_libyaml__:
        remedy = "Install PyYAML from a wheel: pip install --force-reinstall --only-binary :all: PyYAML"
        return Check("yaml", Standing.MISSING, f"PyYAML {yaml.__version__} without its C reader", remedy)
    return Check("yaml", Standing.FINE, f"PyYAML {yaml.__version__} with its C reader")


def check_namespaces(machine: Machine) -> Check:
    """Try to enter a user namespace; the answer is told: what a review can use, it tries for itself."""
    if machine.system != "Linux":
        return Check("user namespaces", Standing.NOTED, "none on this system")
    path = machine.find("unshare")
    if path is None:
        return Check("user namespaces", Standing.NOTED, "not tried: unshare is not installed")
    status = machine.run([path, "--user", "--map-root-user", "true"])
    word = "work (tried)" if status == 0 else "refused by this machine (tried)"
    return Check("user namespaces", Standing.NOTED, word)


def check_bubblewrap(machine: Machine) -> Check:
    """Try bubblewrap where it is installed: a review keeps the tools of gates apart with it."""
    path = machine.find("bwrap")
    if path is None:
        return Check(
            "bubblewrap",
            Standing.NOTED,
            "not installed: tools of gates fall back to Landlock, or run without isolation",
        )
    status = machine.run([path, "--ro-bind", "/", "/", "true"])
    good, bad = "works (tried): it keeps the tools of gates apart", "installed, but refused by this machine (tried)"
    return Check("bubblewrap", Standing.NOTED, good if status == 0 else bad)


def _repository_checks(start: Path, now: datetime) -> list[Check]:
    from agent_agency.git import Repository
    from agent_agency.workflows.doctor_record import record_checks

    try:
        with Repository.discover(start) as repo:
            where = display_path(str(repo.root or repo.git_dir))
            found = Check("repository", Standing.FINE, f"{where}{' (bare)' if repo.is_bare else ''}")
            record = record_checks(repo, os.environ)
            return [found, _check_law(repo, now), *record, _check_ledger_folder(repo)]
    except NotARepositoryError as error:
        return [Check("repository", Standing.MISSING, error.message, error.fix)]
    except AgencyError as error:
        return [Check("repository", Standing.PROBLEM, error.message, error.fix)]


def _check_law(repo: Repository, now: datetime) -> Check:
    from agent_agency.workflows.law import read_law

    try:
        base = repo.default_base()
        law = read_law(repo, repo.resolve(base), now)
    except AgencyError as error:
        return Check("law", Standing.PROBLEM, error.message, error.fix)
    if not law.in_force:
        found = f"{base} holds no law: reviews use the built-in policy and are at most conditional"
        return Check("law", Standing.PROBLEM, found, "Run agency init, then commit what it writes to the base.")
    broken = [finding.message for finding in law.problems]
    broken += [f"{spec.path} is invalid" for spec in law.specs if not spec.result.valid]
    broken += [f"{waiver.path} is invalid" for waiver in law.waivers if not waiver.valid]
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        return Check("law", Standing.PROBLEM, f"{base}: {broken[0]}{more}", "Run agency validate for every problem.")
    return Check("law", Standing.FINE, _law_in_words(base, law))


def _law_in_words(base: str, law: Law) -> str:
    policy = law.policy_path or "the built-in policy"
    active = sum(spec.lifecycle == "active" for spec in law.specs)
    return f"{base}: {policy}, {active} active of {len(law.specs)} specs, {len(law.waivers)} waiver files"


def _ledger_folder(repo: Repository) -> Path:
    from agent_agency.workflows.record import FOLDER

    return repo.common_dir / FOLDER


def _check_ledger_folder(repo: Repository) -> Check:
    folder = _ledger_folder(repo)
    place = folder if folder.exists() else repo.common_dir
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"probe")
            os.fsync(probe.fileno())
    except OSError as error:
        found = f"{display_path(str(place))} cannot be written: {error.strerror or error}"
        return Check("ledger folder", Standing.MISSING, found, "Allow writing there; a review is recorded in it.")
    return Check("ledger folder", Standing.FINE, f"{display_path(str(folder))} can be written")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _run(command: Sequence[str]) -> int | None:
    try:
        done = subprocess.run(
            list(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode
