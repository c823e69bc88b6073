"""The bundled example: a small real git repository with a spec, a policy and four branches to review."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from agent_agency.arbitration.ruling import Ruling
from agent_agency.errors import FileUnwritableError, UsageError
from agent_agency.git import Repository
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.subject import ReviewRequest

DATA = "example_data"
MAIN = "main"
AUTHOR = "Example Agent <agent@example.org>"
OWNER = "Example Owner <owner@example.org>"
# A fixed moment keeps the example's commit ids the same on every machine.
COMMITTED_AT = 1767225600


@dataclass(frozen=True, slots=True)
class ExampleBranch:
    """One branch of the example: ``does`` is what it does, in a few words; ``move`` maps old to new paths."""

    name: str
    does: str
    message: str
    move: Mapping[str, str] = field(default_factory=dict)
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewedBranch:
    """A branch of the example and the ruling on it."""

    branch: ExampleBranch
    ruling: Ruling


def example_branches() -> tuple[ExampleBranch, ...]:
    """List the example's branches in the order in which they are shown."""
    table = tomllib.loads((_data() / "branches.toml").read_text(encoding="utf-8"))
    return tuple(
        ExampleBranch(row["name"], row["does"], row["message"], row.get("move", {}), tuple(row.get("delete", ())))
        for row in table["branch"]
    )


def build_example(folder: Path) -> Repository:
    """Make the example repository in a folder that is absent or empty; ``main`` is checked out.

    Raises:
        UsageError: when the folder holds something already.
        FileUnwritableError: when it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise FileUnwritableError(
            f"The example cannot be made here: {error.strerror or error}",
            fix="Name a folder that can be made or is empty.",
            path=str(folder),
        ) from error
    if taken:
        raise UsageError("The folder is not empty", fix="Name a new or an empty folder.", path=str(folder))
    repo = Repository.create(folder, branch=MAIN)
    repo.git(["fast-import", "--quiet"], stdin=_history())
    repo.git(["reset", "--quiet", "--hard", MAIN])
    return repo


def review_example(folder: Path, services: Services) -> Iterator[ReviewedBranch]:
    """Build the example and review each branch against ``main``, one ruling at a time."""
    build_example(folder)
    for branch in example_branches():
        request = ReviewRequest(folder, base=MAIN, head=branch.name)
        yield ReviewedBranch(branch, review(request, services))


def _data() -> Traversable:
    return files("agent_agency.workflows") / DATA


def _history() -> bytes:
    """Write the whole history as one git fast-import stream (see git-fast-import(1))."""
    main = _commit(MAIN, "Start Tally under a working spec", OWNER, 1, None, _changes(_data() / MAIN))
    parts = [main]
    for number, branch in enumerate(example_branches(), start=2):
        edits = [f"R {old} {new}\n".encode() for old, new in branch.move.items()]
        edits += [f"D {path}\n".encode() for path in branch.delete]
        overlay = _data() / branch.name
        if overlay.is_dir():
            edits += _changes(overlay)
        parts.append(_commit(branch.name, branch.message, AUTHOR, number, ":1", edits))
    return b"".join(parts)


def _commit(branch: str, message: str, who: str, mark: int, parent: str | None, edits: list[bytes]) -> bytes:
    text = message.encode()
    head = f"commit refs/heads/{branch}\nmark :{mark}\n"
    head += f"author {who} {COMMITTED_AT} +0000\ncommitter {who} {COMMITTED_AT} +0000\ndata {len(text)}\n"
    origin = f"from {parent}\n".encode() if parent else b""
    return head.encode() + text + b"\n" + origin + b"".join(edits) + b"\n"


def _changes(folder: Traversable, prefix: str = "") -> list[bytes]:
    changes = []
    for child in sorted(folder.iterdir(), key=lambda child: child.name):
        if child.name == "__pycache__":
            continue
        path = f"{prefix}{child.name}"
        if child.is_dir():
            changes += _changes(child, f"{path}/")
        else:
            content = child.read_bytes()
            changes.append(f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n")
    return changes
