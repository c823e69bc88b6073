"""Notes on commits in a ref of our own, read and written so that no two writers lose each other's lines."""

from __future__ import annotations

from datetime import datetime

from agent_agency.errors import GitError
from agent_agency.git.anchors import WHO, AnchorMovedError, tips
from agent_agency.git.objects import missing
from agent_agency.git.repository import Repository

NOTES_REF = "refs/notes/agency"
_ATTEMPTS = 20


def read_note(repo: Repository, commit: str) -> bytes:
    """The note on a commit, empty where there is none.

    Raises:
        GitError: git refuses, or the note's content is missing.
    """
    listed = repo.git(["notes", f"--ref={NOTES_REF}", "list"]).decode("ascii").splitlines()
    blob = next((line.split()[0] for line in listed if line.split()[1:] == [commit]), None)
    if blob is None:
        return b""
    found = repo.objects.read(blob)
    if found is None:
        raise missing(blob)
    return found[1]


def add_line(repo: Repository, commit: str, line: str, moment: datetime) -> bool:
    """Add a line to the note on a commit, after what others wrote; answer whether it was not there yet.

    Raises:
        GitError: git refuses, or other processes moved the notes each time.
    """
    for _ in range(_ATTEMPTS):
        before = tips(repo, [NOTES_REF])
        note = read_note(repo, commit)
        if line.encode() in note.splitlines():
            return False
        try:
            _write(repo, commit, _with_line(note, line), before[0].commit if before else None, moment)
        except AnchorMovedError:
            continue
        return True
    raise GitError("Other processes moved the notes each time", fix="Try again.", code="git.anchor_moved")


def _with_line(note: bytes, line: str) -> bytes:
    kept = note.rstrip(b"\n")
    return (kept + b"\n" if kept else b"") + line.encode() + b"\n"


def _write(repo: Repository, commit: str, note: bytes, before: str | None, moment: datetime) -> None:
    """Write the note with git fast-import, which refuses to leave out what another process added."""
    message = b"Note a ruling\n"
    head = f"commit {NOTES_REF}\ncommitter {WHO} {int(moment.timestamp())} +0000\ndata {len(message)}\n"
    parent = f"from {before}\n" if before else ""
    change = f"{parent}N inline {commit}\ndata {len(note)}\n"
    stream = head.encode() + message + change.encode() + note + b"\ndone\n"
    try:
        repo.git(["fast-import", "--quiet", "--done"], stdin=stream)
    except GitError as error:
        if [tip.commit for tip in tips(repo, [NOTES_REF])] != ([before] if before else []):
            raise AnchorMovedError(f"{NOTES_REF} was moved meanwhile", fix="Try again.") from error
        raise
