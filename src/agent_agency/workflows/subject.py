"""What is reviewed against what: revisions resolved to commits, once, before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from agent_agency.change.measure import Head
from agent_agency.errors import GitError, UsageError
from agent_agency.facts import display_path
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


def resolve_subject(repo: Repository, request: ReviewRequest) -> Subject:
    """Resolve the revisions of a request.

    Raises:
        UsageError: when the request asks for two heads at once.
        GitError: for an unknown revision, none or several common ancestors to measure from, or a bare repository
            without ``head``.
    """
    if request.head is not None and request.staged:
        raise UsageError("--head and --staged name two different heads", fix="Give one of them.")
    base_ref = request.base if request.base is not None else repo.default_base()
    law_commit, tip = repo.resolve_all([base_ref, "HEAD" if request.head is None else request.head])
    if request.head is not None:
        head = Head.commit(tip)
        branch = repo.branch_of(request.head)
    else:
        head = Head.index() if request.staged else Head.worktree()
        branch = repo.branch()
    merge_bases = repo.merge_bases(law_commit, tip)
    if len(merge_bases) > 1:
        raise _several_merge_bases(base_ref, len(merge_bases))
    return Subject(
        base_ref=base_ref,
        law_commit=law_commit,
        merge_base=merge_bases[0],
        tip=tip,
        head=head,
        head_ref=request.head,
        branch=branch if request.branch is None else request.branch,
        repository_uri=repository_address(repo),
    )


def _several_merge_bases(base_ref: str, number: int) -> GitError:
    """Measured from one of several, a change could hide what only another of them shows: what the base took back."""
    return GitError(
        f"{display_path(base_ref)} and the change have {number} merge bases (criss-cross merges), so what the change"
        " adds depends on which one is taken",
        fix=f"Merge the base into the change once more (git merge {quote(base_ref)}), then review again.",
        code="git.several_merge_bases",
    )
