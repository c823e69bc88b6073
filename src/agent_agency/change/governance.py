"""Edits of what governs: law, CI, hooks, configuration of tests and tools, agents' settings."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from agent_agency.change.config_sections import changed_sections, is_shared_config
from agent_agency.change.governance_paths import DESCRIPTIONS, LAW, TOOL_CONFIG, GovernedPaths
from agent_agency.change.model import Change, FileChange, FileStatus
from agent_agency.git import Repository

_LONGEST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class GovernanceEdit:
    """One governed path that the change touches.

    ``kind`` is ``law``, ``ci``, ``hooks``, ``tests_config``, ``tool_config`` or ``agent_settings``; ``detail`` says in
    a few words what was edited, naming the sections of a shared configuration file.
    """

    path: str
    kind: str
    detail: str


def governance_edits(repo: Repository, change: Change) -> tuple[GovernanceEdit, ...]:
    """Every edit of what governs, in the order of the change; a moved file counts at both of its paths.

    The source of a copy is not edited. A file counts too where a governed symlink, at the base or the head, leads to
    it.

    Raises:
        GitError: when a file that must be compared cannot be read.
    """
    governed = GovernedPaths(_link_targets(repo, change))
    return tuple(edit for file in change.files for edit in _edits(repo, change, governed, file))


def _edits(repo: Repository, change: Change, governed: GovernedPaths, file: FileChange) -> Iterator[GovernanceEdit]:
    for path, what in _touched(file):
        kind = governed.kind(path)
        if kind is not None:
            yield GovernanceEdit(path, kind, f"{DESCRIPTIONS[kind]}, {what}")
        elif is_shared_config(path):
            yield from _section_edits(repo, change, path, what)


def _touched(file: FileChange) -> Iterator[tuple[str, str]]:
    if file.status is FileStatus.RENAMED and file.old and file.new:
        yield file.old.path, "moved away"
        yield file.new.path, "moved here"
    elif file.status is FileStatus.COPIED and file.new:
        yield file.new.path, "added"
    else:
        yield file.path, {FileStatus.ADDED: "added", FileStatus.DELETED: "deleted"}.get(file.status, "edited")


def _section_edits(repo: Repository, change: Change, path: str, what: str) -> Iterator[GovernanceEdit]:
    before, after = repo.read_blob(change.base_commit, path), repo.read_blob(change.head_tree, path)
    differing = changed_sections(path, before, after)
    if differing is None:
        detail = f"{DESCRIPTIONS[TOOL_CONFIG]}, {what}, and its sections cannot be told apart because it does not parse"
        yield GovernanceEdit(path, TOOL_CONFIG, detail)
        return
    for kind, names in differing.items():
        yield GovernanceEdit(path, kind, f"{DESCRIPTIONS[kind]}, {what}: {', '.join(names)}")


def _link_targets(repo: Repository, change: Change) -> dict[str, str]:
    """Where governed symlinks lead, at the base and at the head, each with its kind; links to links are followed.

    At the head no link makes law of what it leads to: a change could pass its code off as a change of nothing but law.
    """
    by_name = GovernedPaths()
    targets: dict[str, str] = {}
    for treeish in (change.base_commit, change.head_tree):
        links = {entry.path: entry.blob for entry in repo.symlinks(treeish)}
        for path in links:
            kind = by_name.kind(path)
            if kind is not None and not (kind == LAW and treeish == change.head_tree):
                targets.update(dict.fromkeys(_chain(repo, treeish, links, path), kind))
    return targets


def _chain(repo: Repository, treeish: str, links: dict[str, str], path: str) -> Iterator[str]:
    for _ in range(_LONGEST_CHAIN):
        target = repo.read_blob(treeish, path)
        if target is None or target.startswith(b"/"):
            return
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(target)))
        if path.startswith(".."):
            return
        yield path
        if path not in links:
            return
