"""A first law for a repository: a policy, a working spec and settings that pass their own validation."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent_agency.config import Config, read_config
from agent_agency.errors import FileUnwritableError, UnknownRevisionError, UsageError
from agent_agency.facts import display_path
from agent_agency.gates.detect_presets import detect
from agent_agency.gates.presets import Detection, presets_text
from agent_agency.gates.project_files import ProjectFiles
from agent_agency.gates.tool_presence import ToolPresence
from agent_agency.git import Repository
from agent_agency.spec.document_kinds import CAWS_FOLDER, SINGLE_SPEC_NAMES, SPEC_FOLDER, YAML_ENDINGS
from agent_agency.spec.policy import read_policy
from agent_agency.spec.validate import ValidationOptions, validate_spec
from agent_agency.workflows.law import CONFIG_PATH, POLICY_PATHS

SPEC_ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*-[0-9]+[a-z]*")
MAX_SCOPE_ENTRIES = 12

POLICY = """\
# Limits per risk tier (1 is the riskiest) and the gates that hold a change to them.
# The arbiter reads this file from the base of a change, never from the change.
version: 1
risk_tiers:
  "1": { max_files: 5, max_loc: 200 }
  "2": { max_files: 15, max_loc: 600 }
  "3": { max_files: 30, max_loc: 1500 }
gates:
  spec_completeness: { enabled: true, mode: block }
  scope_boundary: { enabled: true, mode: block }
  budget_limit: { enabled: true, mode: block }
  god_object: { enabled: true, mode: warn }
  todo_detection: { enabled: true, mode: warn }
"""

CONFIG = """\
# What the standard's policy has no place for. The arbiter reads this file from the base of a change.
[law]
# The longest that a waiver may last, in days.
waiver_max_days = 30
# Files that do not count in a budget; each one left out is listed in the ruling.
budget_exclude = ["**/package-lock.json", "**/poetry.lock", "**/uv.lock", "**/Cargo.lock", "**/go.sum"]
"""


GATES = """
# Tools that the arbiter runs over a change. A failure blocks at the risk tiers under 'blocking' and advises elsewhere.
# 'agency gates doctor' tells whether their programs are there.
"""
MOST_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FirstSpec:
    """What a first spec needs to know; ``scope`` holds repository-relative paths."""

    id: str
    title: str
    scope: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write, repository-relative."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class GatesToAdd:
    """What an existing agency.toml lacks; ``text`` is what to add to it, empty where there is nothing."""

    found: Detection
    text: str


def detect_gates(repo: Repository, variables: Mapping[str, str]) -> Detection:
    """Find the gates that suit the repository's usual tools, by the files that HEAD holds; none before a commit.

    ``variables`` are the caller's, of which ``PATH`` says where the tools are; a gate without its tool is a comment.
    """
    try:
        head = repo.resolve("HEAD")
    except UnknownRevisionError:
        return Detection()
    entries = {entry.path: entry for entry in repo.list_files(head) if entry.mode in {"100644", "100755"}}

    def read(path: str) -> str | None:
        data = repo.read_blob(head, path)
        return None if data is None or len(data) > MOST_READ_BYTES else data.decode("utf-8", "replace")

    return detect(ProjectFiles(tuple(entries), read)).as_found_here(ToolPresence(variables))


def gates_to_add(repo: Repository, found: Detection) -> GatesToAdd | None:
    """What of the found gates an existing agency.toml lacks; ``None`` where there is no such file that can be read."""
    target = _root(repo) / CONFIG_PATH
    if target.is_symlink() or not target.is_file():
        return None
    try:
        read = read_config(target.read_bytes(), CONFIG_PATH)
    except OSError:
        return None
    if not isinstance(read, Config):
        return None
    lacking = found.without(gate.name for gate in read.gates)
    return GatesToAdd(lacking, presets_text(lacking.presets, with_setup=read.setup is None))


def plan_init(
    repo: Repository, spec: FirstSpec | None, now: datetime, gates: Detection | None = None
) -> tuple[PlannedFile, ...]:
    """Plan the files that the repository lacks; each has passed its own validation.

    Args:
        repo: where to write.
        spec: the first spec, where one is wanted.
        now: the time that a spec's dates are held against.
        gates: found gates; they are written only into an agency.toml that is new.

    Raises:
        UsageError: when the id or the scope cannot make a valid spec, or there is nothing left to write.
    """
    root = _root(repo)
    planned = []
    if not any((root / path).exists() for path in POLICY_PATHS):
        planned.append(PlannedFile(POLICY_PATHS[0], POLICY))
    if not (root / CONFIG_PATH).exists():
        planned.append(PlannedFile(CONFIG_PATH, _config_text(gates)))
    if spec is not None:
        path = f".caws/specs/{spec.id}.yaml"
        if (root / path).exists():
            raise UsageError(f"A spec {spec.id} exists already", fix="Choose another id with --id.", path=path)
        planned.append(PlannedFile(path, spec_text(spec)))
    for file in planned:
        _check(file, now)
    return tuple(planned)


def write_files(repo: Repository, planned: Sequence[PlannedFile]) -> None:
    """Write all planned files, or none.

    Raises:
        FileUnwritableError: when one cannot be written; those written before it are taken away again.
    """
    root = _root(repo)
    written: list[Path] = []
    for file in planned:
        target = root / file.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            written.append(target)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(file.text)
        except OSError as error:
            for done in written:
                with contextlib.suppress(OSError):
                    done.unlink()
            raise FileUnwritableError(
                f"The file could not be written: {error.strerror or error}",
                fix="Make the folder writable; nothing was left behind.",
                path=file.path,
            ) from error


def holds_specs(repo: Repository) -> bool:
    """Whether the working tree holds a working spec already: one more active spec would leave open which governs."""
    caws = _root(repo) / CAWS_FOLDER
    folder = caws / SPEC_FOLDER
    specs = [file for file in folder.iterdir() if file.suffix in YAML_ENDINGS] if folder.is_dir() else []
    return bool(specs) or any((caws / name).exists() for name in SINGLE_SPEC_NAMES)


def suggest_scope(repo: Repository) -> tuple[str, ...]:
    """Suggest a scope: the top-level folders that hold tracked files, else the tracked files; none before a commit.

    Hidden ones are left out, and so are the files of the law.
    """
    try:
        paths = [entry.path for entry in repo.list_files(repo.resolve("HEAD"))]
    except UnknownRevisionError:
        return ()
    folders = sorted({f"{path.split('/', 1)[0]}/" for path in paths if "/" in path})
    return _suggestable(folders) or _suggestable(sorted(path for path in paths if path != CONFIG_PATH))


def _suggestable(entries: Sequence[str]) -> tuple[str, ...]:
    usual = [entry for entry in entries if not entry.startswith(".") and display_path(entry) == entry]
    return tuple(usual[:MAX_SCOPE_ENTRIES])


def spec_text(spec: FirstSpec) -> str:
    """Write a first spec (profile caws-vnext): tier 3, so that it asks for no contracts."""
    import yaml

    document = {
        "id": spec.id,
        "title": spec.title,
        "risk_tier": 3,
        "mode": "chore",
        "lifecycle_state": "active",
        "blast_radius": {"modules": [entry.rstrip("/") for entry in spec.scope]},
        "scope": {"in": list(spec.scope), "out": []},
        "invariants": ["Existing tests keep passing"],
        "acceptance": [
            {
                "id": "A1",
                "given": "this spec and the policy stand on the base branch",
                "when": "a change is reviewed with agency review",
                "then": "every changed path is inside the scope, and the change is inside its tier's budget",
            }
        ],
        "non_functional": {},
        "contracts": [],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _config_text(gates: Detection | None) -> str:
    return f"{CONFIG}{GATES}{presets_text(gates.presets)}" if gates and gates.presets else CONFIG


def _root(repo: Repository) -> Path:
    if repo.root is None:
        raise UsageError("A bare repository has no working tree to write to", fix="Run it in a clone.")
    return repo.root


def _check(file: PlannedFile, now: datetime) -> None:
    data = file.text.encode()
    if file.path == CONFIG_PATH:
        read = read_config(data, file.path)
        problems = () if isinstance(read, Config) else read
    elif file.path in POLICY_PATHS:
        result = read_policy(data, file.path)
        problems = () if result.valid else result.findings
    else:
        checked = validate_spec(data, file.path, ValidationOptions(), now=now)
        problems = () if checked.valid else checked.findings
    if problems:
        first = next((problem for problem in problems if problem.severity.rank), problems[0])
        raise UsageError(f"These answers make no valid file: {first.message}", fix=first.remedy, path=file.path)
