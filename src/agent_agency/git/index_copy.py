"""A private copy of a repository's index, whole or refused."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from agent_agency.errors import GitError

_CHUNK = 1 << 20


def copy_index(git_dir: Path, folder: Path, object_format: str) -> Path:
    """Copy the index, and the shared part of a split one, into ``folder``; without an index there is no copy either.

    Raises:
        GitError: when it cannot be read, or its checksum says that it is damaged.
    """
    source, target = git_dir / "index", folder / "index"
    try:
        target.unlink(missing_ok=True)
        if source.exists():
            # The times come along: git tells a file edited right after the index was written by comparing them.
            shutil.copy2(source, target)
            _check(target, hashlib.new(object_format), source)
        for shared in git_dir.glob("sharedindex.*"):
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
