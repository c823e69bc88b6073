"""Freeze what is not committed, the index or the working tree, as a temporary tree object.

All work is done on a copy of the index inside the private view, whose only configuration is ours. So no clean filter,
hook, file-system monitor or personal ignore list runs or counts, and the repository's own index is never written. What
a .gitattributes file in the tree says of line ends and encodings is applied, as a commit would.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import GitError
from agent_agency.facts import display_path
from agent_agency.git.index_copy import committed_index, copy_index
from agent_agency.git.lfs_pointer import pointer_for
from agent_agency.git.location import Location
from agent_agency.git.process import reason
from agent_agency.git.view import ObjectView

_SUBMODULE = b"160000"
_LFS = b"lfs"
# Git follows no symlink called .gitignore or .gitattributes inside the tree: such a file has no effect, and it says so.
_LINKED_SETTINGS = re.compile(
    rb"warning: unable to access '.*\.git(?:ignore|attributes)': Too many levels of symbolic links"
)
_NO_FILTER = frozenset({b"unspecified", b"unset", b"set", b""})


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen tree, the submodules in it, and in short sentences what was odd."""

    tree: str
    notes: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()


def index(view: ObjectView, location: Location) -> Frozen:
    """The index as a tree; in a hook, the index that git is about to commit.

    Raises:
        GitError: when there is no working tree, a merge is unfinished, or the index is damaged.
    """
    if location.root is None:
        raise GitError("a bare repository has no index to review", fix="Name the commit to review with --head REF.")
    copy = _Staging(view, location, committed_index(location.git_dir, os.environ.get("GIT_INDEX_FILE")))
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
    copy = _Staging(view, location, location.git_dir / "index")
    copy.refuse_conflicts()
    notes = [*copy.lift_hidden_flags()]
    untracked, nested = copy.untracked()
    notes += copy.personally_ignored(untracked)
    edited, gone = copy.changed()
    copy.forget(gone)
    notes += copy.take_up([*edited, *untracked])
    notes += [
        f"{display_path(path)} is another repository inside this one: its commit counts, its files do not"
        for path in nested
    ]
    if not view.filesystem.file_mode:
        notes.append("core.fileMode is false here: executable bits in the working tree are not seen")
    return Frozen(copy.tree(), tuple(notes), copy.submodules())


class _Staging:
    """A private copy of the index, with the real working tree beside it."""

    def __init__(self, view: ObjectView, location: Location, source: Path) -> None:
        self._view = view
        self._root = location.root or location.git_dir
        self._exclude = location.common_dir / "info" / "exclude"
        copy = copy_index(source, view.folder, location.object_format)
        self._extra = {"GIT_INDEX_FILE": str(copy)}
        if location.root is not None:
            self._extra["GIT_WORK_TREE"] = str(location.root)

    def refuse_conflicts(self) -> None:
        """Raise for an index with unmerged entries: there is no one content to measure."""
        if self._run(["ls-files", "-z", "--unmerged"]):
            raise GitError(
                "a merge is unfinished: the index holds conflicts",
                fix="Finish or abort the merge (git status names the files), then review again.",
                code="git.unmerged",
            )

    def lift_hidden_flags(self) -> Iterator[str]:
        """Clear the assume-unchanged and skip-worktree bits, which would hide edits of files that are there."""
        flagged = [(record[:1], record[2:]) for record in self._records(["ls-files", "-z", "-v"])]
        assumed = [path for flag, path in flagged if flag.islower()]
        skipped = [path for flag, path in flagged if flag in b"Ss"]
        present = [path for path in skipped if os.path.lexists(self._on_disk(path))]
        self._update(["--no-assume-unchanged"], assumed)
        self._update(["--no-skip-worktree"], present)
        if hidden := len({*assumed, *present}):
            yield f"{hidden} tracked file(s) were marked to be left alone (assume-unchanged, skip-worktree); they count"
        if absent := len(skipped) - len(present):
            yield f"sparse checkout: {absent} tracked file(s) that are not checked out count as unchanged"

    def changed(self) -> tuple[list[bytes], list[bytes]]:
        """Tracked paths that are not as the index has them, and those at which nothing lies any more."""
        args = ["diff-files", "-z", "--name-status", "--ignore-submodules=dirty", "--no-renames", "--no-ext-diff"]
        told = self._records(args)
        paths = list(zip(told[0::2], told[1::2], strict=True))
        edited = [path for status, path in paths if status != b"D"]
        return edited, [path for status, path in paths if status == b"D"]

    def forget(self, paths: Sequence[bytes]) -> None:
        """Take paths out of the copy."""
        self._update(["--force-remove"], paths)

    def untracked(self) -> tuple[list[bytes], list[str]]:
        """Untracked paths, and those among them that are repositories of their own."""
        found = self._others()
        nested = [os.fsdecode(path.removesuffix(b"/")) for path in found if path.endswith(b"/")]
        return [path.removesuffix(b"/") for path in found], nested

    def personally_ignored(self, untracked: Sequence[bytes]) -> Iterator[str]:
        """Tell that files count which this clone's own ignore list hides from ``git status``."""
        if not untracked or not _has_patterns(self._exclude):
            return
        if hidden := len(untracked) - len(self._others(f"--exclude-from={self._exclude}")):
            yield f"{hidden} untracked file(s) count although .git/info/exclude hides them; only .gitignore leaves out"

    def take_up(self, paths: Sequence[bytes]) -> Iterator[str]:
        """Bring the copy to what lies on disk, and tell of content filters that were not run."""
        filters = self._filters(paths)
        large = {path for path, name in filters.items() if name == _LFS and self._is_regular(path)}
        self._update(["--add", "--remove", "--replace"], [path for path in paths if path not in large])
        if large:
            rows = b"".join(self._lfs_row(path) for path in sorted(large))
            self._run(["update-index", "--add", "--replace", "-z", "--index-info"], stdin=rows)
        foreign = sorted({name.decode("utf-8", "replace") for name in filters.values() if name != _LFS})
        if foreign:
            told = ", ".join(map(display_path, foreign))
            yield f"content filters are never run; what is under filter {told} is measured as it lies on disk"

    def submodules(self) -> tuple[str, ...]:
        """The paths at which the copy holds a commit of another repository."""
        staged = self._records(["ls-files", "-z", "--stage"])
        return tuple(os.fsdecode(record.partition(b"\t")[2]) for record in staged if record.startswith(_SUBMODULE))

    def tree(self) -> str:
        """Write the copy as a tree; objects that a partial clone lacks are noticed when they are read."""
        return self._run(["write-tree", "--missing-ok"]).decode("ascii").strip()

    def _others(self, *options: str) -> list[bytes]:
        """Untracked paths, but for the private view's own files where temporary files lie inside the working tree."""
        found = self._records(["ls-files", "-z", "--others", "--exclude-standard", *options])
        if not self._view.folder.resolve().is_relative_to(self._root.resolve()):
            return found
        own = os.fsencode(self._view.folder.resolve().relative_to(self._root.resolve())) + b"/"
        return [path for path in found if not path.startswith(own)]

    def _filters(self, paths: Sequence[bytes]) -> dict[bytes, bytes]:
        """The content filter of each path that has one, by the .gitattributes files of the working tree."""
        if not paths:
            return {}
        listed = b"".join(path + b"\0" for path in paths)
        fields = self._run(["check-attr", "-z", "--stdin", "filter"], stdin=listed).split(b"\0")[:-1]
        named = zip(fields[0::3], fields[2::3], strict=True)
        return {path: name for path, name in named if name not in _NO_FILTER}

    def _lfs_row(self, path: bytes) -> bytes:
        """What Git LFS would commit for a file, as a row of ``update-index --index-info``; its filter is not run."""
        on_disk = self._on_disk(path)
        blob = self._view.git(["hash-object", "-w", "--stdin", "--no-filters"], stdin=pointer_for(on_disk)).strip()
        executable = self._view.filesystem.file_mode and on_disk.stat().st_mode & stat.S_IXUSR
        return (b"100755 " if executable else b"100644 ") + blob + b"\t" + path + b"\0"

    def _is_regular(self, path: bytes) -> bool:
        return self._on_disk(path).is_file() and not self._on_disk(path).is_symlink()

    def _on_disk(self, path: bytes) -> Path:
        return self._root / os.fsdecode(path)

    def _update(self, options: Sequence[str], paths: Iterable[bytes]) -> None:
        listed = b"".join(path + b"\0" for path in paths)
        if listed:
            self._run(["update-index", *options, "-z", "--stdin"], stdin=listed)

    def _records(self, args: Sequence[str]) -> list[bytes]:
        return [record for record in self._run(args).split(b"\0") if record]

    def _run(self, args: Sequence[str], *, stdin: bytes | None = None) -> bytes:
        done = self._view.attempt(args, stdin=stdin, **self._extra)
        said = [line for line in done.stderr.splitlines() if line.strip() and not _LINKED_SETTINGS.fullmatch(line)]
        if done.code != 0 or said:  # of what it could not read git only warns, and leaves it out
            raise GitError(
                f"the uncommitted state cannot be frozen: {reason(done)}",
                fix="Make what it names readable, remove it, or leave it out by .gitignore; then review again.",
                code="git.cannot_freeze",
            )
        return done.stdout


def _has_patterns(ignore_list: Path) -> bool:
    """Whether an ignore list says anything: the one that git puts into a new repository holds comments alone."""
    try:
        lines = ignore_list.read_bytes().splitlines()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise GitError(
            f"the ignore list cannot be read ({error.strerror})", fix="Check its permissions.", path=str(ignore_list)
        ) from error
    return any(line.strip() and not line.startswith(b"#") for line in lines)
