"""A private copy of a repository's index, whole or refused."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from agent_agency.errors import GitError

_CHUNK = 1 << 20
_BEING_COMMITTED = re.compile(r"index\.lock|next-index-[0-9]+\.lock")


def committed_index(git_dir: Path, named: str | None) -> Path:
    """The index that the commit under way is made from, else the repository's own.

    ``git commit -a`` and ``git commit PATH`` commit from a file beside the index, which they name to their hooks in
    ``GIT_INDEX_FILE`` (``named``); the index itself still holds what was staged before. Only the names that git gives
    to such a file, in the git folder itself, count: whatever else the variable says has no effect.
    """
    index = git_dir / "index"
    if named is None or _BEING_COMMITTED.fullmatch(Path(named).name) is None:
        return index
    beside = git_dir / Path(named).name
    return beside if Path(named).parent.resolve() == git_dir.resolve() and beside.is_file() else index


def copy_index(source: Path, folder: Path, object_format: str) -> Path:
    """Copy an index, and the shared part of a split one, into ``folder``; without an index there is no copy either.

    Raises:
        GitError: when it cannot be read, or its checksum says that it is damaged.
    """
    target = folder / "index"
    try:
        target.unlink(missing_ok=True)
        if source.exists():
            # The times come along: git tells a file edited right after the index was written by comparing them.
            shutil.copy2(source, target)
            _check(target, hashlib.new(object_format), source)
        for shared in source.parent.glob("sharedindex.*"):
            shutil.copy2(shared, folder / shared.name)
    except OSError as error:
        raise GitError(
            f"the index cannot be copied ({error.strerror})",
            fix="Check the permissions of the git folder and the space in the temporary folder.",
            path=str(source),
        ) from error
    return target


def _check(copy: Path, checksum: hashlib._Hash, source: Path) -> None:
    """Hold the index against the checksum at its end; all zeros mean that git was told not to write one."""
    left = copy.stat().st_size - checksum.digest_size
    with copy.open("rb") as file:
        while left > 0:
            data = file.read(min(left, _CHUNK))
            checksum.update(data)
            left -= len(data)
        stored = file.read()
    if left < 0 or (stored != checksum.digest() and any(stored)):
        raise GitError(
            "the index is damaged: its checksum does not match",
            fix="Remove it and let git rebuild it: rm .git/index && git reset",
            path=str(source),
            code="git.index_damaged",
        )
