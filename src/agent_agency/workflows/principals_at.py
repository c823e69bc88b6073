"""The principals that one commit lists."""

from __future__ import annotations

from agent_agency.attestation.principals import PRINCIPALS_PATH, Principals, read_principals
from agent_agency.errors import LawError
from agent_agency.git import Repository

_LINKS = frozenset({"120000", "160000"})


def principals_at(repo: Repository, commit: str) -> Principals:
    """Read who may act from one commit; nobody where it has no such file.

    Raises:
        LawError: the file is there and cannot be read whole, so that nobody can be told to count.
        GitError: the commit cannot be read.
    """
    entries = repo.list_files(commit, PRINCIPALS_PATH)
    if not entries:
        return Principals()
    if len(entries) > 1 or entries[0].path != PRINCIPALS_PATH or _is_link(entries[0].mode):
        raise LawError(
            f"{PRINCIPALS_PATH} is no regular file at {commit[:12]}",
            fix="Replace it by the file itself on the base branch.",
            path=PRINCIPALS_PATH,
        )
    read = read_principals(repo.read_blob(commit, PRINCIPALS_PATH) or b"", PRINCIPALS_PATH)
    if isinstance(read, Principals):
        return read
    first = read[0]
    raise LawError(
        f"The principals at {commit[:12]} cannot be read: {first.message}",
        fix=first.remedy,
        path=PRINCIPALS_PATH,
        line=first.place.line,
    )


def _is_link(mode: str) -> bool:
    """Whether the mode is that of a symbolic link or of a commit of another repository."""
    return mode in _LINKS
