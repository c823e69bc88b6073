"""Find the repository that a folder belongs to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import GitError, NotARepositoryError
from agent_agency.git.process import Finished, GitProgram, environment, first_line

_STATE = ("--is-bare-repository", "--is-inside-work-tree", "--show-object-format")
_FOLDERS = ("--show-toplevel", "--git-dir", "--git-common-dir")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a repository's parts lie; ``root`` is the working tree's top folder, ``None`` when bare."""

    root: Path | None
    git_dir: Path
    common_dir: Path
    object_format: str


def locate(program: GitProgram, start: Path) -> Location:
    """Ask git which repository ``start`` belongs to.

    Git's own refusal to enter another user's repository holds, and so does the ``safe.directory`` by which the user
    lifted it: this is the one question asked with the user's own configuration, and no answer to it is measured.

    Raises:
        NotARepositoryError: when there is none.
        GitError: when git refuses the one that is there.
    """
    if not start.is_dir():
        raise NotARepositoryError(f"{start} is not a folder", fix="Name a folder inside a git repository.")
    settings = environment()
    for name in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"):
        settings.pop(name)

    def attempt(*questions: str) -> Finished:
        return program.run(["rev-parse", "--path-format=absolute", *questions], environment=settings, folder=start)

    def ask(*questions: str) -> str:
        done = attempt(*questions)
        if done.code != 0:
            raise _refusal(start, done.stderr)
        return os.fsdecode(done.stdout.removesuffix(b"\n"))

    at_once = attempt(*_STATE, *_FOLDERS)
    answers = os.fsdecode(at_once.stdout).split("\n")[:-1]
    if at_once.code == 0 and len(answers) == len(_STATE) + len(_FOLDERS):
        object_format, root, git_dir, common_dir = answers[2:]
        return Location(Path(root), Path(git_dir), Path(common_dir), object_format)
    # Bare, or below a folder with a line break in its name: one question after the other.
    bare, inside, object_format = ask(*_STATE).split()
    if bare == inside == "false":
        raise NotARepositoryError(f"{start} is inside a git folder", fix="Go to the working tree and try again.")
    return Location(
        root=None if bare == "true" else Path(ask("--show-toplevel")),
        git_dir=Path(ask("--git-dir")),
        common_dir=Path(ask("--git-common-dir")),
        object_format=object_format,
    )


def _refusal(start: Path, stderr: bytes) -> GitError:
    if b"dubious ownership" in stderr:
        return GitError(
            "the repository belongs to another user, so git refuses to read it",
            fix="If you trust it, run: git config --global --add safe.directory FOLDER",
            path=str(start),
            code="git.dubious_ownership",
        )
    if any(os.path.lexists(folder / ".git") for folder in (start.resolve(), *start.resolve().parents)):
        return NotARepositoryError(
            f"git cannot use the repository here: {first_line(stderr)}",
            fix="Repair or remove its .git (a .git file must point to a git folder that exists).",
            path=str(start),
        )
    return NotARepositoryError(
        f"{start} is in no git repository", fix="Run it inside a git repository, or make one with git init."
    )
