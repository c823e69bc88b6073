"""Which other worktrees claim a path: those of active specs whose ``scope.in`` admits it.

The decision of the standard's kernel. A worktree that cannot be judged makes the whole answer undetermined, because
nobody may take silence for a free path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_agency.spec.glob import Globs


@dataclass(frozen=True, slots=True)
class Worktree:
    """A registered worktree; ``spec_id`` is the spec that it is bound to."""

    name: str
    base_branch: str | None
    spec_id: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimingSpec:
    """What of a valid spec counts for a claim."""

    id: str
    lifecycle: str
    inside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A worktree that claims the path, and the entry by which it does."""

    worktree: str
    spec_id: str
    matched: str


@dataclass(frozen=True, slots=True)
class Contention:
    """``status`` is ``claimed``, ``clear`` or ``undetermined``; then ``reason`` and ``worktree`` say why and where."""

    status: str
    claims: tuple[Claim, ...] = ()
    reason: str | None = None
    worktree: str | None = None


def find_contention(
    path: str,
    worktrees: Sequence[Worktree],
    specs: Sequence[ClaimingSpec],
    branch: str,
    exists: Callable[[Worktree], bool] = lambda _: True,
) -> Contention:
    """Tell who claims a path.

    Args:
        path: repository-relative.
        worktrees: the registry, in its order.
        specs: the valid specs; of two with one id the later counts.
        branch: the base branch that the asking session works on; worktrees of other branches do not contend.
        exists: whether a registered worktree is really there.
    """
    by_id = {spec.id: spec for spec in specs}
    globs = Globs()
    claims: list[Claim] = []
    for worktree in worktrees:
        if worktree.base_branch != branch or not exists(worktree):
            continue
        spec = by_id.get(worktree.spec_id or "")
        reason = _why_undetermined(worktree, spec)
        if reason is not None:
            return Contention("undetermined", (), reason, worktree.name)
        if spec is None or spec.lifecycle != "active":
            continue
        matched = globs.first_match(path, spec.inside)
        if matched is not None:
            claims.append(Claim(worktree.name, spec.id, matched))
    return Contention("claimed" if claims else "clear", tuple(claims))


def _why_undetermined(worktree: Worktree, spec: ClaimingSpec | None) -> str | None:
    if not worktree.spec_id:
        return "missing-specId"
    if spec is None:
        return "missing-spec"
    if spec.lifecycle == "active" and not spec.inside:
        return "missing-scope"
    return None
