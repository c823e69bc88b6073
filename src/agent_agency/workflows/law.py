"""The law that binds a change: spec, policy, waivers, settings, rules and principals, read from one commit of the base.

Nothing here looks at the change under review or at the working tree: the judged party cannot write its own law.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath

from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.attestation.principals import PRINCIPALS_PATH, Principals, read_principals
from agent_agency.canonical_json import digest_bytes, digest_json
from agent_agency.config import Config, LawLimits, read_config
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity, display_path
from agent_agency.git import Repository
from agent_agency.spec import document_kinds as kinds
from agent_agency.spec.model import Policy, ValidationResult, WaiverResult
from agent_agency.spec.policy import default_policy, read_policy
from agent_agency.spec.waiver import read_waivers
from agent_agency.workflows.spec_on_file import SpecOnFile, read_spec

POLICY_PATHS = tuple(f"{kinds.CAWS_FOLDER}/{name}" for name in kinds.POLICY_NAMES)
CONFIG_PATH = kinds.CONFIG_NAME
AGENCY_FOLDER = ".agency"
RULES_FOLDER = f"{AGENCY_FOLDER}/rules"
_DEEPEST = 3  # .caws, one folder in it, the file


@dataclass(frozen=True)
class Law:
    """All law at one commit.

    ``in_force`` is false when the commit holds neither policy, spec nor settings; then ``policy`` is the built-in
    default. ``problems`` are findings inside policy, settings, rules and principals: law that cannot be read cannot
    approve anything; the default rules stand in for rules that cannot be read.
    """

    commit: str
    in_force: bool
    policy: Policy
    policy_path: str | None
    config: Config
    config_digest: str | None
    specs: tuple[SpecOnFile, ...]
    waivers: tuple[WaiverResult, ...]
    problems: tuple[Finding, ...]
    constitution: Constitution
    principals: Principals
    principals_digest: str | None = None

    @property
    def limits(self) -> LawLimits:
        """The arbiter's own limits at the base."""
        return self.config.law

    @cached_property
    def digest(self) -> str:
        """One digest over everything that binds: policy, settings, rules, principals, waivers."""
        return digest_json(
            {
                "policy": self.policy.digest,
                "config": self.config_digest,
                "constitution": self.constitution.digest,
                "principals": self.principals_digest,
                "waivers": sorted(result.waiver.digest for result in self.waivers if result.waiver),
            }
        )

    def gate(self) -> GateResult:
        """The check that the law itself could be read: an error that no author can mend, where it could not."""
        broken = [result for result in self.waivers if not result.valid]
        advice = tuple(_advised(finding) for result in broken for finding in result.findings)
        if self.problems:
            reason = "the law at the base cannot be read whole: mend it there, with somebody who may"
            status, findings = GateStatus.ERROR, (*self.problems, *advice)
            return GateResult("law", status, GateMode.BLOCK, findings, reason, mendable=False)
        reason = "policy and settings at the base were read" if self.in_force else "the base holds no law"
        if broken:
            reason += f"; {len(broken)} waiver file(s) are invalid and cover nothing"
        return GateResult("law", GateStatus.PASS, GateMode.BLOCK, advice, reason, applicable=self.in_force)


def read_law(repo: Repository, commit: str, now: datetime) -> Law:
    """Read the law at a commit.

    Raises:
        GitError: when the commit or one of its files cannot be read.
    """
    reader = _LawReader(repo, commit, now)
    policy_path = next((path for path in POLICY_PATHS if path in reader.paths), None)
    policy, problems = reader.policy(policy_path)
    config, config_digest, config_problems = reader.config()
    constitution, rule_problems = reader.constitution(config)
    principals, principals_digest, principal_problems = reader.principals()
    specs = reader.specs(has_policy=policy_path is not None)
    in_force = bool(policy_path or specs or config_digest)
    return Law(
        commit=commit,
        in_force=in_force,
        policy=policy,
        policy_path=policy_path,
        config=config,
        config_digest=config_digest,
        specs=specs,
        waivers=reader.waivers(config, policy),
        problems=(*problems, *config_problems, *rule_problems, *principal_problems),
        constitution=constitution,
        principals=principals,
        principals_digest=principals_digest,
    )


def constitution_at(repo: Repository, commit: str, now: datetime) -> Constitution | tuple[Finding, ...]:
    """The rules in force at a commit, or what is wrong with them there.

    Raises:
        GitError: when the commit or one of its files cannot be read.
    """
    reader = _LawReader(repo, commit, now)
    config, _, problems = reader.config()
    constitution, rule_problems = reader.constitution(config)
    return (*problems, *rule_problems) or constitution


class _TreeFiles:
    """Tells whether a file or folder exists at one commit; the tree is listed once, when first asked."""

    def __init__(self, repo: Repository, commit: str) -> None:
        self._repo = repo
        self._commit = commit

    @cached_property
    def _paths(self) -> frozenset[str]:
        paths = {"."}
        for entry in self._repo.list_files(self._commit):
            path = entry.path
            while path and path not in paths:
                paths.add(path)
                path = path.rpartition("/")[0]
        return frozenset(paths)

    def exists(self, path: str) -> bool:
        return str(PurePosixPath(path)) in self._paths


class _LawReader:
    """Reads each kind of law from one commit."""

    def __init__(self, repo: Repository, commit: str, now: datetime) -> None:
        self.repo = repo
        self.commit = commit
        self.now = now
        self.files = _TreeFiles(repo, commit)
        folders = (f"{kinds.CAWS_FOLDER}/", CONFIG_PATH, f"{AGENCY_FOLDER}/")
        entries = [entry for folder in folders for entry in repo.list_files(commit, folder)]
        self.paths = frozenset(entry.path for entry in entries)
        self.links = frozenset(entry.path for entry in entries if entry.mode in {"120000", "160000"})

    def read(self, path: str) -> bytes:
        data = self.repo.read_blob(self.commit, path)
        return b"" if data is None else data

    def policy(self, path: str | None) -> tuple[Policy, tuple[Finding, ...]]:
        if others := self._other_policies(path):
            return default_policy(), tuple(map(_misplaced, others))
        if path is None:
            return default_policy(), ()
        if path in self.links:
            return default_policy(), (_not_a_file(path),)
        result = read_policy(self.read(path), path)
        if result.policy is None:
            return default_policy(), result.findings or (_unreadable(path),)
        return result.policy, ()

    def _other_policies(self, chosen: str | None) -> list[str]:
        """What people may take for the policy in force: a twin, a folder of that name, other letter case."""
        wanted = [name.split("/") for name in POLICY_PATHS]
        return sorted(
            path for path in self.paths if path != chosen and path.casefold().split("/")[: len(wanted[0])] in wanted
        )

    def config(self) -> tuple[Config, str | None, tuple[Finding, ...]]:
        if CONFIG_PATH not in self.paths:
            folder = sorted(path for path in self.paths if path.startswith(f"{CONFIG_PATH}/"))
            return Config(), None, tuple(map(_misplaced, folder[:1]))
        if CONFIG_PATH in self.links:
            return Config(), digest_bytes(b""), (_not_a_file(CONFIG_PATH),)
        data = self.read(CONFIG_PATH)
        read = read_config(data, CONFIG_PATH)
        if isinstance(read, Config):
            return read, digest_bytes(data), ()
        return Config(), digest_bytes(data), read or (_unreadable(CONFIG_PATH),)

    def constitution(self, config: Config) -> tuple[Constitution, tuple[Finding, ...]]:
        found = sorted(path for path in self.paths if f"{path.casefold()}/".startswith(f"{RULES_FOLDER}/"))
        odd = [path for path in found if path in self.links or not _is_rule_file(path)]
        if odd:
            return default_constitution(), tuple(map(_no_rule_file, odd))
        if not found:
            return default_constitution(), ()
        from agent_agency.arbitration.constitution.overlay import constitution_of

        files = {path: self.read(path) for path in found if path.endswith(".toml")}
        read = constitution_of(files, config.law.weaken)
        return (read, ()) if isinstance(read, Constitution) else (default_constitution(), read)

    def principals(self) -> tuple[Principals, str | None, tuple[Finding, ...]]:
        if PRINCIPALS_PATH not in self.paths:
            folder = sorted(path for path in self.paths if path.startswith(f"{PRINCIPALS_PATH}/"))
            return Principals(), None, tuple(map(_misplaced, folder[:1]))
        if PRINCIPALS_PATH in self.links:
            return Principals(), None, (_not_a_file(PRINCIPALS_PATH),)
        data = self.read(PRINCIPALS_PATH)
        read = read_principals(data, PRINCIPALS_PATH)
        if isinstance(read, Principals):
            return read, digest_bytes(data), ()
        return Principals(), digest_bytes(data), read or (_unreadable(PRINCIPALS_PATH),)

    def specs(self, *, has_policy: bool) -> tuple[SpecOnFile, ...]:
        found = [path for path in sorted(self.paths) if _is_kind(path, kinds.DocumentKind.SPEC)]
        return tuple(self._spec(path, has_policy=has_policy) for path in found)

    def _spec(self, path: str, *, has_policy: bool) -> SpecOnFile:
        if path in self.links:
            refused = ValidationResult(path, None, valid=False, findings=(_not_a_file(path),))
            return SpecOnFile(path, None, "unknown", digest_bytes(b""), refused)
        return read_spec(self.read(path), path, files=self.files, now=self.now, has_policy=has_policy)

    def waivers(self, config: Config, policy: Policy) -> tuple[WaiverResult, ...]:
        found = [path for path in sorted(self.paths - self.links) if _is_kind(path, kinds.DocumentKind.WAIVERS)]
        own_gates = [gate.name for gate in config.gates]
        return tuple(
            result
            for path in found
            for result in read_waivers(self.read(path), path, limits=config.law, policy=policy, own_gates=own_gates)
        )


def _is_kind(path: str, kind: kinds.DocumentKind) -> bool:
    """Whether the place, below the repository's own .caws folder, makes it a document of that kind."""
    parts = tuple(path.split("/"))
    known = path.endswith(kinds.YAML_ENDINGS) and parts[0] == kinds.CAWS_FOLDER and len(parts) <= _DEEPEST
    return known and kinds.kind_by_place(parts) is kind


def _advised(finding: Finding) -> Finding:
    """A broken waiver covers nothing, so it need not fail the change; it is told as advice."""
    return Finding(
        finding.rule, Severity.ADVICE, finding.message, finding.remedy, finding.place, subject=finding.subject
    )


def _is_rule_file(path: str) -> bool:
    """Whether a file below the folder of rules, in any letter case, is one, or reads like none (``README.md``)."""
    folder, _, name = path.rpartition("/")
    like_rules = name.casefold().endswith((".toml", ".tml", ".yaml", ".yml", ".json"))
    return folder == RULES_FOLDER and (name.endswith(".toml") or not like_rules)


def _no_rule_file(path: str) -> Finding:
    message = f"{display_path(path)} at the base reads like rules in force, and is no file of rules"
    remedy = f"Keep rules as files {RULES_FOLDER}/NAME.toml, not in folders below it and not as links."
    return Finding("law.misplaced", Severity.CRITICAL, message, remedy, Place(path), waivable=False)


def _not_a_file(path: str) -> Finding:
    message = f"{path} is a link or a submodule at the base, so it cannot be law"
    remedy = "Replace it by the file itself on the base branch."
    return Finding("law.not_a_file", Severity.CRITICAL, message, remedy, Place(path), waivable=False)


def _misplaced(path: str) -> Finding:
    message = f"{display_path(path)} at the base reads like law in force, and is not where law is read"
    remedy = f"Keep one policy as the file {POLICY_PATHS[0]} and settings as the file {CONFIG_PATH}; remove this one."
    return Finding("law.misplaced", Severity.CRITICAL, message, remedy, Place(path), waivable=False)


def _unreadable(path: str) -> Finding:
    message = f"{path} could not be understood"
    return Finding("law.unreadable", Severity.CRITICAL, message, "Run 'agency validate'.", Place(path), waivable=False)
