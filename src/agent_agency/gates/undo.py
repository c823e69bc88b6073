"""The exact command that takes one file out of a change."""

from __future__ import annotations

import shlex

from agent_agency.change.model import Change, FileChange, FileStatus, HeadKind

_PATHSPEC_MAGIC = frozenset("*?[\\:")


def undo_command(change: Change, file: FileChange) -> str:
    """The shell command that makes ``file`` at the head what it was at the base.

    Names are quoted for a POSIX shell; names that git would read as patterns are marked literal.
    """
    steps = []
    if file.old is not None and file.status is not FileStatus.COPIED:
        steps.append(f"{_git(file.old.path)} checkout {change.base_commit} -- {quoted(file.old.path)}")
    if file.new is not None and (file.old is None or file.old.path != file.new.path):
        steps.append(_removal(change.head_kind, file.new.path))
    return " && ".join(steps)


def quoted(path: str) -> str:
    r"""A path as one shell word that shows no control character (``$'a\nb'`` where there is one)."""
    if path.isprintable():
        return shlex.quote(path)
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}
    return "$'" + "".join(named.get(char) or _escaped(char) for char in path) + "'"


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def _git(path: str) -> str:
    return "git --literal-pathspecs" if not _PATHSPEC_MAGIC.isdisjoint(path) else "git"


def _removal(kind: HeadKind, path: str) -> str:
    if kind is HeadKind.WORKTREE:
        return f"rm -- {quoted(path)}"
    forced = " -f" if kind is HeadKind.INDEX else ""
    return f"{_git(path)} rm{forced} -- {quoted(path)}"
