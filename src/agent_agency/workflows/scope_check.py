"""May these paths be edited? For a hook before every edit.

The law is not taken from the files that the asker may just have edited: it is that of the commit that a review would
hold the change against (``base``), else of ``HEAD``, and only where no commit holds any law, of the working tree. The
answer says which. Only an active, valid spec gives leave; a broken law stops the answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent_agency.errors import FileUnreadableError, LawError, SpecSelectionError
from agent_agency.facts import display_path
from agent_agency.spec.document_kinds import (
    CAWS_FOLDER,
    CONFIG_NAME,
    POLICY_NAMES,
    SINGLE_SPEC_NAMES,
    SPEC_FOLDER,
    YAML_ENDINGS,
)
from agent_agency.spec.model import Policy, ScopeDecision, Spec
from agent_agency.spec.scope import ScopeJudge
from agent_agency.spec.scope_links import CaseIndex, decide_case_folded, decide_target
from agent_agency.workflows.committed_files import CommittedFiles, Entry, find_root

_USUAL_DEFAULTS = ("main", "master")
_FOLDER_MODES = frozenset({"40000", "040000"})
_FILE_MODES = frozenset({"100644", "100755"})
_MAX_BYTES = 1024 * 1024 + 1


@dataclass(frozen=True, slots=True)
class LawSource:
    """Where the law was read: ``kind`` is ``base``, ``head`` or ``worktree``; a commit has a name and an id."""

    kind: str
    ref: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeAnswer:
    """Decisions on the asked paths, in their order, under one spec."""

    spec: Spec
    source: LawSource
    decisions: tuple[ScopeDecision, ...]

    @property
    def admitted(self) -> bool:
        """Whether every path may be edited."""
        return all(decision.kind == "admit" for decision in self.decisions)


def check_paths(paths: Sequence[str], *, start: Path, spec_id: str | None, now: datetime) -> ScopeAnswer:
    """Decide paths as a person at ``start`` names them: absolute, or relative to that folder.

    Raises:
        NotARepositoryError: when ``start`` lies in no working tree.
        GitError: when git fails.
        SpecSelectionError: when no spec, or more than one, could govern.
        LawError: when policy or spec cannot be understood.
    """
    root = find_root(start)
    source, files = _law_files(root)
    policy = _policy(files)
    spec = _spec(files, root, spec_id=spec_id, now=now)
    decider = _PathDecider(start, root, spec, policy)
    return ScopeAnswer(spec, source, tuple(decider.decide(path) for path in paths))


# the law


def _law_files(root: Path) -> tuple[LawSource, Mapping[str, bytes]]:
    with CommittedFiles(root) as committed:
        seen: set[str] = set()
        for kind, name in (*_base_names(root, committed), ("head", "HEAD")):
            commit = committed.commit(name)
            if commit is None or commit in seen:
                continue
            seen.add(commit)
            files = _committed_law(committed, commit)
            if files:
                return LawSource(kind, _short(name), commit), files
            if kind == "base" and (head := committed.commit("HEAD")) is not None:
                files = _committed_law(committed, head)
                if files:
                    return LawSource("head", "HEAD", head), files
                break
    return LawSource("worktree"), _worktree_law(root)


def _base_names(root: Path, committed: CommittedFiles) -> list[tuple[str, str]]:
    """What a review would be held against, best first: the upstream when it is another branch, else the default one."""
    defaults = [f"refs/{place}/{name}" for place in ("remotes/origin", "heads") for name in _USUAL_DEFAULTS]
    names = ["refs/remotes/origin/HEAD", *defaults]
    branch = current_branch(root)
    upstream = _upstream(branch, committed) if branch and branch not in _USUAL_DEFAULTS else None
    if upstream is not None and branch is not None:
        own_copy = upstream.startswith("refs/remotes/") and upstream.endswith(f"/{branch}")
        names = [*names, upstream] if own_copy else [upstream, *names]
    return [("base", name) for name in names]


def _upstream(branch: str, committed: CommittedFiles) -> str | None:
    settings = committed.settings(r"^branch\..*\.(remote|merge)$")
    remote, merge = (settings.get(f"branch.{branch}.{key}") for key in ("remote", "merge"))
    if not remote or not merge or not merge.startswith("refs/heads/"):
        return None
    return merge if remote == "." else f"refs/remotes/{remote}/{merge.removeprefix('refs/heads/')}"


def current_branch(root: Path) -> str | None:
    """The branch that the working tree is on, as its ``HEAD`` file says; ``None`` when detached or not told there."""
    folder = root / ".git"
    if folder.is_file():
        told = folder.read_text("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
        folder = root / told
    try:
        head = (folder / "HEAD").read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return None
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None


def _short(ref: str) -> str:
    return ref.removeprefix("refs/remotes/").removeprefix("refs/heads/")


def _committed_law(committed: CommittedFiles, commit: str) -> dict[str, bytes]:
    top = committed.tree(commit)
    wanted: dict[str, Entry] = {name: top[name] for name in (CONFIG_NAME,) if name in top}
    caws = top.get(CAWS_FOLDER)
    if caws is not None and caws.mode in _FOLDER_MODES:
        entries = committed.entries(caws.id)
        wanted |= {
            f"{CAWS_FOLDER}/{name}": entries[name] for name in (*POLICY_NAMES, *SINGLE_SPEC_NAMES) if name in entries
        }
        specs = entries.get(SPEC_FOLDER)
        if specs is not None and specs.mode in _FOLDER_MODES:
            inside = committed.entries(specs.id)
            wanted |= {f"{CAWS_FOLDER}/{SPEC_FOLDER}/{name}": entry for name, entry in inside.items() if _is_yaml(name)}
    for path, entry in wanted.items():
        if entry.mode not in _FILE_MODES:
            raise _no_file(path)
    return {path: committed.blob(entry.id) for path, entry in wanted.items()}


def _worktree_law(root: Path) -> dict[str, bytes]:
    specs = root / CAWS_FOLDER / SPEC_FOLDER
    names = sorted(entry.name for entry in specs.iterdir() if _is_yaml(entry.name)) if specs.is_dir() else []
    paths = [
        CONFIG_NAME,
        *(f"{CAWS_FOLDER}/{name}" for name in (*POLICY_NAMES, *SINGLE_SPEC_NAMES)),
        *(f"{CAWS_FOLDER}/{SPEC_FOLDER}/{name}" for name in names),
    ]
    return {path: _read(root / path, path) for path in paths if os.path.lexists(root / path)}


def _read(file: Path, path: str) -> bytes:
    if file.is_symlink() or not file.is_file():
        raise _no_file(path)
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES)
    except OSError as error:
        raise FileUnreadableError(
            f"The file cannot be read: {error.strerror}", fix="Give yourself leave to read it.", path=path
        ) from error


def _no_file(path: str) -> LawError:
    return LawError(
        "A link, a folder or a submodule stands where law should", fix="Put the file itself there.", path=path
    )


def _is_yaml(name: str) -> bool:
    return name.endswith(YAML_ENDINGS)


def _policy(files: Mapping[str, bytes]) -> Policy:
    from agent_agency.spec.policy import default_policy, read_policy

    for name in POLICY_NAMES:
        path = f"{CAWS_FOLDER}/{name}"
        if path in files:
            result = read_policy(files[path], path)
            if result.policy is None:
                finding = result.findings[0]
                raise LawError(
                    f"The policy cannot be applied: {finding.message}",
                    fix="Run agency validate on it.",
                    path=path,
                    line=finding.place.line,
                )
            return result.policy
    return default_policy()


def _spec(files: Mapping[str, bytes], root: Path, *, spec_id: str | None, now: datetime) -> Spec:
    from agent_agency.workflows.spec_choice import choose_spec
    from agent_agency.workflows.spec_on_file import read_spec

    has_policy = any(f"{CAWS_FOLDER}/{name}" in files for name in POLICY_NAMES)
    singles = tuple(f"{CAWS_FOLDER}/{name}" for name in SINGLE_SPEC_NAMES)
    paths = [path for path in files if path.startswith(f"{CAWS_FOLDER}/{SPEC_FOLDER}/") or path in singles]
    specs = [read_spec(files[path], path, files=None, now=now, has_policy=has_policy) for path in sorted(paths)]
    chosen = choose_spec(specs, option=spec_id, trailers=(), branch=current_branch(root)).spec
    if chosen.result.spec is None:
        finding = next((found for found in chosen.result.findings if found.severity != "advice"), None)
        raise LawError(
            f"The spec is not valid: {finding.message if finding else 'it cannot be read'}",
            fix="Run agency validate on it; no path is in the scope of a spec that cannot be read.",
            path=chosen.path,
            line=finding.place.line if finding else None,
        )
    if chosen.result.spec.lifecycle != "active":
        raise SpecSelectionError(
            f"The spec {chosen.result.spec.id} is {chosen.result.spec.lifecycle}, so it gives no leave to edit",
            fix="Name an active spec with --spec.",
        )
    return chosen.result.spec


# the paths


class _PathDecider:
    """Decides paths as somebody at ``start`` names them."""

    def __init__(self, start: Path, root: Path, spec: Spec, policy: Policy) -> None:
        self._start = str(start.absolute())
        self._root = str(root)
        self._real_root = os.path.realpath(root)
        self._scope = spec.scope
        self._judge = ScopeJudge(spec.scope, policy)
        self._listed: dict[str, list[str]] = {}

    def decide(self, path: str) -> ScopeDecision:
        relative = self._relative(path)
        if relative is None:
            return ScopeDecision("invalid_path", "scope.invalid_path.outside_repository", path, None)
        decision = self._judge.decide(relative)
        if decision.kind == "admit":
            decision = (
                decide_target(relative, self._target(path), self._judge)
                or decide_case_folded(relative, self._twins(relative), self._scope, self._judge)
                or decision
            )
        return ScopeDecision(decision.kind, decision.rule, path, decision.normalized_path, decision.matched)

    def _relative(self, path: str) -> str | None:
        """The repository-relative path; one that is odd in itself is handed on as it is, for the scope to refuse."""
        if not path or "\0" in path:
            return path
        lexical = os.path.normpath(os.path.join(self._start, path))  # noqa: PTH118 - text, not what it leads to
        folder, name = os.path.split(lexical)
        for top, candidate in (
            (self._root, lexical),
            (self._real_root, os.path.join(os.path.realpath(folder), name)),  # noqa: PTH118 - likewise
        ):
            if candidate == top:
                return "."
            if candidate.startswith(top.rstrip("/") + "/"):
                return candidate[len(top.rstrip("/")) + 1 :]
        return None

    def _target(self, path: str) -> str | None:
        """The repository-relative path that the file system would write to."""
        real = os.path.realpath(os.path.join(self._start, path))  # noqa: PTH118 - '..' as the system resolves it
        top = self._real_root.rstrip("/") + "/"
        if os.path.islink(real) or not real.startswith(top):  # noqa: PTH114 - a text, not a Path
            return None
        return real[len(top) :]

    def _twins(self, relative: str) -> tuple[str, ...]:
        """Other spellings of the path among the names that stand beside each of its parts."""
        names: list[str] = []
        prefix = ""
        for part in relative.split("/"):
            folded = part.casefold()
            beside = self._names_in(prefix)
            names += [prefix + name for name in beside if name.casefold() == folded or not name.isascii()]
            prefix += f"{part}/"
        return CaseIndex(names).twins(relative)

    def _names_in(self, folder: str) -> list[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = [entry.name for entry in Path(self._root, folder).iterdir()]
            except OSError:
                self._listed[folder] = []
        return self._listed[folder]


def shown(answer: ScopeAnswer) -> str:
    """The source of the law in words."""
    if answer.source.commit is None:
        return "the working tree (no commit holds any law)"
    return f"{display_path(answer.source.ref or '')} at {answer.source.commit[:12]}"
