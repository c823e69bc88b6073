"""What a path really is, held against the scope: symbolic links and letter case.

The standard decides scope by a path's text alone (``scope``). A link inside the scope may lead out of it, and on a file
system that ignores letter case ``src/SECRET`` is ``src/secret``. Both questions are pure functions here: whoever asks
brings the resolved target (``resolve_links`` finds it in a git tree) and the names that exist (``CaseIndex``). They are
asked of paths that ``ScopeJudge`` admits, and answer with rule ids of their own: ``scope.symlink_escape`` and
``scope.case_fold``.

The gate ``scope_boundary`` and ``agency scope check`` both use them, so that a hook and a review agree::

    target = resolve_links(path, {entry.path: its text for entry in links of the head's tree})
    rejected = decide_target(path, target, judge) or decide_case_folded(path, index.twins(path), scope, judge)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from agent_agency.spec.glob import first_prefix, matches_prefix
from agent_agency.spec.model import Scope, ScopeDecision
from agent_agency.spec.scope import EXEMPT_FOLDERS, ScopeJudge, normalize_path

SYMLINK_ESCAPE = "scope.symlink_escape"
CASE_FOLD = "scope.case_fold"
OUTSIDE = "outside the repository"

_MAX_LINKS = 40
"""As many links as Linux follows on one path."""


def decide_target(path: str, target: str | None, judge: ScopeJudge) -> ScopeDecision | None:
    """Hold what a path leads to against the scope.

    Args:
        path: a repository-relative path that the scope admits by its text.
        target: the repository-relative path that it resolves to through every link on the way; the path itself where
            there is no link; ``None`` when it leaves the repository or cannot be resolved.
        judge: the scope.

    Returns:
        A rejection whose ``matched`` is the target, or ``None`` when the target is admitted too. The folders that are
        exempt from every scope are no admitted target: a link from outside into them would pass law off as code.
    """
    normalized = normalize_path(path)[0]
    if target is not None and normalize_path(target)[0] == normalized:
        return None
    exempt = first_prefix(target or "", EXEMPT_FOLDERS)
    if target is None or judge.decide(target).kind != "admit" or (exempt and not matches_prefix(path, exempt)):
        return ScopeDecision("reject", SYMLINK_ESCAPE, path, normalized, target or OUTSIDE)
    return None


def decide_case_folded(path: str, twins: Iterable[str], scope: Scope, judge: ScopeJudge) -> ScopeDecision | None:
    """Hold a path against the scope as a file system sees it that ignores letter case and Unicode composition.

    Args:
        path: a repository-relative path that the scope admits as it is written.
        twins: other spellings of the path that exist, see ``CaseIndex.twins``.
        scope: the scope, whose ``outside`` is matched again without regard to case.
        judge: the same scope.

    Returns:
        A rejection whose ``matched`` is the excluded entry or the spelling that is not admitted, or ``None``.
    """
    normalized = normalize_path(path)[0] or path
    folded = fold(normalized)
    for entry in scope.outside:
        if matches_prefix(folded, fold(entry)) and not matches_prefix(normalized, entry):
            return ScopeDecision("reject", CASE_FOLD, path, normalized, entry)
    for twin in twins:
        if twin != normalized and judge.decide(twin).kind != "admit":
            return ScopeDecision("reject", CASE_FOLD, path, normalized, twin)
    return None


def fold(path: str) -> str:
    """The form in which two names are one to a file system that ignores case and composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class CaseIndex:
    """The names of a tree by their folded form."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._spellings: dict[str, set[str]] = {}
        for path in paths:
            for prefix in _prefixes(path):
                self._spellings.setdefault(fold(prefix), set()).add(prefix)

    def twins(self, path: str) -> tuple[str, ...]:
        """The path with any of its folders, or all of it, as spelled otherwise in the tree; sorted."""
        found = set()
        for prefix in _prefixes(path):
            rest = path[len(prefix) :]
            found |= {spelling + rest for spelling in self._spellings.get(fold(prefix), ()) if spelling != prefix}
        return tuple(sorted(found - {path}))


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def resolve_links(path: str, links: Mapping[str, str]) -> str | None:
    """Follow the symbolic links of a git tree.

    Args:
        path: repository-relative, without ``.`` and ``..``.
        links: the text of every link in the tree, by the link's path.

    Returns:
        The repository-relative path that it leads to, the path itself when no link is on the way, or ``None`` when it
        leads out of the repository, to an absolute path, to the repository's top or round in a circle.
    """
    todo = path.split("/")[::-1]
    done: list[str] = []
    followed = 0
    while todo:
        part = todo.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not done:
                return None
            done.pop()
            continue
        target = links.get("/".join([*done, part]))
        if target is None:
            done.append(part)
            continue
        followed += 1
        if followed > _MAX_LINKS or target.startswith("/"):
            return None
        todo.extend(target.split("/")[::-1])
    return "/".join(done) or None
