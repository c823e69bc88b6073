"""What is reviewed against what: revisions resolved to commits, once, before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent_agency.change.measure import Head
from agent_agency.errors import UsageError
from agent_agency.git import Repository
from agent_agency.workflows.repository_address import repository_address


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What to review: ``base`` and ``head`` are revisions; without ``head`` it is the working tree, or the index.

    ``branch`` is the name that the change's branch has elsewhere, for a checkout that stands on no branch.
    """

    start: Path
    base: str | None = None
    head: str | None = None
    staged: bool = False
    spec_id: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The resolved revisions.

    ``law_commit`` is the tip of the base, where the law stands; ``merge_base`` is what the change is measured from.
    ``tip`` is the newest commit of the head side: the head itself, or what the working tree or index stands on.
    ``repository_uri`` is the public address of the remote, without credentials. ``notes`` say what was odd.
    """

    base_ref: str
    law_commit: str
    merge_base: str
    tip: str
    head: Head
    head_ref: str | None
    branch: str | None
    repository_uri: str | None = None
    notes: tuple[str, ...] = ()


def resolve_subject(repo: Repository, request: ReviewRequest) -> Subject:
    """Resolve the revisions of a request.

    Raises:
        UsageError: when the request asks for two heads at once.
        GitError: for an unknown revision, no common ancestor, or a bare repository without ``head``.
    """
    if request.head is not None and request.staged:
        raise UsageError("--head and --staged name two different heads", fix="Give one of them.")
    base_ref = request.base if request.base is not None else repo.default_base()
    law_commit = repo.resolve(base_ref)
    if request.head is not None:
        tip = repo.resolve(request.head)
        head = Head.commit(tip)
        branch = repo.branch_of(request.head)
    else:
        tip = repo.resolve("HEAD")
        head = Head.index() if request.staged else Head.worktree()
        branch = repo.branch()
    merge_bases = repo.merge_bases(law_commit, tip)
    several = f"{len(merge_bases)} merge bases (criss-cross merges): measured from the one with the least id"
    return Subject(
        base_ref=base_ref,
        law_commit=law_commit,
        merge_base=merge_bases[0],
        tip=tip,
        head=head,
        head_ref=request.head,
        branch=branch if request.branch is None else request.branch,
        repository_uri=repository_address(repo),
        notes=(several,) if len(merge_bases) > 1 else (),
    )
