"""Refs below ``refs/agency``: each commit of one is an anchor, whose parent is the anchor before.

What is anchored stands in the commit's message, after a line for people; the tree says no more than that. A ref that
only grows is pushed and fetched like any other, and whoever fetched it sees it when it was written anew: that is no
fast-forward.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent_agency.errors import GitError
from agent_agency.git.process import GitProgram, reason
from agent_agency.git.repository import Repository

WHO = "Agent Agency <arbiter@agent-agency.invalid>"
PUSH_TIME_LIMIT = 120.0

_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_MOST_HISTORY = 100_000
_ABOUT = b"Each commit's message holds the signed head of a ledger; agency ledger verify reads them.\n"
# git knows the empty tree without having it, and git fsck then misses it
_FIRST_TREE = b"M 100644 inline README\ndata %d\n%s\n" % (len(_ABOUT), _ABOUT)


class AnchorMovedError(GitError):
    """Another process moved the ref meanwhile; read it again."""

    code = "git.anchor_moved"


@dataclass(frozen=True, slots=True)
class AnchorCommit:
    """One anchor: the ref it was found at, the commit's id, and what its message holds after the first paragraph."""

    ref: str
    commit: str
    text: bytes


def tips(repo: Repository, spaces: Sequence[str]) -> tuple[AnchorCommit, ...]:
    """The newest anchor at each ref below ``spaces``; one question to git.

    Raises:
        GitError: git refuses, or a ref holds something else than a commit.
    """
    told = repo.git(
        ["for-each-ref", "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(contents)%00%00", *spaces]
    )
    found = []
    for record in told.split(b"\0\0\n"):
        if not record:
            continue
        ref, commit, kind, message = record.split(b"\0", 3)
        if kind != b"commit":
            raise GitError(
                f"{os.fsdecode(ref)} holds no commit", fix="Restore the ref from a clone that has it, or delete it."
            )
        found.append(AnchorCommit(os.fsdecode(ref), commit.decode("ascii"), _text(message)))
    return tuple(found)


def history(repo: Repository, ref: str) -> tuple[AnchorCommit, ...]:
    """All anchors of a ref, the newest first.

    Raises:
        GitError: git refuses, or an anchor is missing.
    """
    arguments = ["rev-list", "--first-parent", "--no-commit-header", f"--max-count={_MOST_HISTORY}"]
    told = repo.git([*arguments, "--format=%H%x00%B%x00", ref, "--"])
    found = []
    for record in told.split(b"\0\n"):
        if record:
            commit, message = record.split(b"\0", 1)
            found.append(AnchorCommit(ref, commit.decode("ascii"), _text(message)))
    return tuple(found)


def add(repo: Repository, ref: str, before: str | None, title: str, text: bytes, moment: datetime) -> None:
    """Put an anchor on top of ``before`` (``None``: the ref is new).

    Raises:
        AnchorMovedError: the ref is not where it was.
        GitError: git refuses.
    """
    message = title.encode() + b"\n\n" + text + b"\n"
    head = f"commit {ref}\ncommitter {WHO} {int(moment.timestamp())} +0000\ndata {len(message)}\n"
    inherited = f"from {before}\n".encode() if before else _FIRST_TREE
    stream = head.encode() + message + b"\n" + inherited + b"\ndone\n"
    try:
        repo.git(["fast-import", "--quiet", "--done"], stdin=stream)
    except GitError as error:
        if [anchor.commit for anchor in tips(repo, [ref])] != ([before] if before else []):
            raise AnchorMovedError(f"{ref} was moved meanwhile", fix="Try again.") from error
        raise


def push(repo: Repository, remote: str, ref: str) -> None:
    """Push a ref to a remote under its own name, never by force, with the user's own configuration and credentials.

    Raises:
        GitError: the name is no remote's, or the push was refused: the remote's ref is then no ancestor of ours.
    """
    if not _REMOTE.fullmatch(remote):
        raise GitError(f"{remote!r} is no name of a remote", fix="Name one that git remote lists.")
    kept = {name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE"}}
    args = ["push", "--quiet", "--no-verify", "--no-follow-tags", "--", remote, f"{ref}:{ref}"]
    environment = {**kept, "GIT_DIR": str(repo.common_dir), "LC_ALL": "C"}
    program = GitProgram.on_path()
    folder = repo.root or repo.common_dir
    done = program.run(args, environment=environment, folder=folder, time_limit=PUSH_TIME_LIMIT)
    if done.code == 0:
        return
    if b"fast-forward" in done.stderr or b"rejected" in done.stderr:
        raise GitError(
            f"{remote} has anchors at {ref} that are none of this record's",
            fix="One of the two was written anew. Fetch them and compare: agency ledger verify tells which agree.",
            code="git.anchor_rejected",
        )
    raise GitError(
        f"The anchors could not be pushed to {remote}: {reason(done)}",
        fix="Check the remote's address, and that you may push there.",
        code="git.push_failed",
    )


def _text(message: bytes) -> bytes:
    return message.partition(b"\n\n")[2].strip(b"\n")
