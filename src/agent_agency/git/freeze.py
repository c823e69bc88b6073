"""Freeze what is not committed, the index or the working tree, as a temporary tree object.

All work is done on a copy of the index inside the private view, whose only configuration is ours. So no clean filter,
hook, file-system monitor or personal ignore list runs or counts, and the repository's own index is never written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import GitError
from agent_agency.git.location import Location
from agent_agency.git.process import failure
from agent_agency.git.view import ObjectView


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen tree, and in short sentences what was odd about it."""

    tree: str
    notes: tuple[str, ...] = ()


def index(view: ObjectView, location: Location) -> Frozen:
    """The index as a tree.

    Raises:
        GitError: when a merge is unfinished or the index is damaged.
    """
    copy = _IndexCopy(view, location)
    copy.refuse_conflicts()
    return Frozen(copy.tree())


def worktree(view: ObjectView, location: Location) -> Frozen:
    """The working tree as a tree: tracked files as they lie on disk, and untracked ones that no .gitignore leaves out.

    Raises:
        GitError: when there is no working tree, a merge is unfinished, or a file cannot be read.
    """
    if location.root is None:
        raise GitError(
            "a bare repository has no working tree to review", fix="Name the commit to review with --head REF."
        )
    copy = _IndexCopy(view, location)
    copy.refuse_conflicts()
    copy.lift_hidden_flags()
    copy.take_up([*copy.changed(), *copy.untracked()])
    return Frozen(copy.tree())


class _IndexCopy:
    """A private copy of the index, with the real working tree beside it."""

    def __init__(self, view: ObjectView, location: Location) -> None:
        self._view = view
        self._extra = {"GIT_INDEX_FILE": str(view.folder / "index")}
        if location.root is not None:
            self._extra["GIT_WORK_TREE"] = str(location.root)
        try:
            _copy_index(location.git_dir, view.folder)
        except OSError as error:
            raise GitError(
                f"the index cannot be copied ({error.strerror})",
                fix="Check the permissions of the git folder and the space in the temporary folder.",
                path=str(location.git_dir / "index"),
            ) from error

    def refuse_conflicts(self) -> None:
        """Raise for an index with unmerged entries: there is no one content to measure."""
        if self._run(["ls-files", "-z", "--unmerged"]):
            raise GitError(
                "a merge is unfinished: the index holds conflicts",
                fix="Finish or abort the merge (git status names the files), then review again.",
                code="git.unmerged",
            )

    def lift_hidden_flags(self) -> None:
        """Clear the assume-unchanged and skip-worktree bits, which would hide edits of files that are there."""
        hidden = [(record[:1], record[2:]) for record in self._records(["ls-files", "-z", "-v"])]
        assumed = [path for flag, path in hidden if flag.islower()]
        skipped = [path for flag, path in hidden if flag in b"Ss" and self._exists(path)]
        self._update(["--no-assume-unchanged"], assumed)
        self._update(["--no-skip-worktree"], skipped)

    def changed(self) -> list[bytes]:
        """Tracked paths that are not as the index has them."""
        return self._records(["diff-files", "-z", "--name-only", "--ignore-submodules=dirty", "--no-ext-diff"])

    def untracked(self) -> list[bytes]:
        """Untracked paths, nested repositories as one path each."""
        found = self._records(["ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"])
        return [path.removesuffix(b"/") for path in found]

    def take_up(self, paths: Sequence[bytes]) -> None:
        """Bring the copy to what lies on disk."""
        self._update(["--add", "--remove", "--replace"], paths)

    def tree(self) -> str:
        """Write the copy as a tree; objects that a partial clone lacks are noticed when they are read."""
        return self._run(["write-tree", "--missing-ok"]).decode("ascii").strip()

    def _exists(self, path: bytes) -> bool:
        return os.path.lexists(os.path.join(os.fsencode(self._extra.get("GIT_WORK_TREE", "/")), path))

    def _update(self, options: Sequence[str], paths: Iterable[bytes]) -> None:
        listed = b"".join(path + b"\0" for path in paths)
        if listed:
            self._run(["update-index", *options, "-z", "--stdin"], stdin=listed)

    def _records(self, args: Sequence[str]) -> list[bytes]:
        return [record for record in self._run(args).split(b"\0") if record]

    def _run(self, args: Sequence[str], *, stdin: bytes | None = None) -> bytes:
        done = self._view.attempt(args, stdin=stdin, **self._extra)
        if done.code != 0 or done.stderr.strip():  # git only warns of what it could not read and would leave it out
            raise failure(args, done)
        return done.stdout


def _copy_index(git_dir: Path, folder: Path) -> None:
    target = folder / "index"
    target.unlink(missing_ok=True)
    if git_dir.joinpath("index").exists():
        # The times come along: git tells a file edited right after the index was written by comparing them.
        shutil.copy2(git_dir / "index", target)
    for shared in git_dir.glob("sharedindex.*"):
        shutil.copy2(shared, folder / shared.name)
