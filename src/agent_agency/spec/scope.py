"""May this path be edited under a spec? The decision of the standard's kernel, lexical and in its order.

Order (CAWS 12.0.0): shape of the path, binding, infrastructure exemption (``.caws``, ``.claude``), the policy's
non-governed zones, ``scope.out``, the policy's root passthrough for files of the root, ``scope.in``, ``scope.support``.
The file system is not asked: what a symbolic link points at, and letter case, are ``scope_links``' matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent_agency.spec.glob import Globs, first_prefix
from agent_agency.spec.model import Policy, Scope, ScopeDecision

EXEMPT_FOLDERS = (".caws", ".claude")


@dataclass(frozen=True, slots=True)
class Binding:
    """How a worktree and a spec are bound; only parity decisions know any other state than ``bound``.

    ``kind`` is ``bound``, ``unbound`` or ``one_sided``; ``scope`` is there when bound.
    """

    kind: str
    scope: Scope | None = None


class ScopeJudge:
    """Decides many paths under one scope and policy; the patterns are compiled once."""

    def __init__(self, scope: Scope, policy: Policy | None) -> None:
        globs = Globs()
        zones = policy.non_governed_zones if policy else ()
        self._passthrough = policy.root_passthrough if policy else ()
        self._rules: tuple[tuple[str, Callable[[str], str | None]], ...] = (
            ("admit.infra_exempt", lambda path: first_prefix(path, EXEMPT_FOLDERS)),
            ("admit.non_governed_zone", lambda path: globs.first_match(path, zones)),
            ("reject.scope_out", lambda path: first_prefix(path, scope.outside)),
            ("admit.root_passthrough", self._root_passthrough),
            ("admit.scope_in", lambda path: globs.first_match(path, scope.inside)),
            ("admit.scope_support", lambda path: globs.first_match(path, scope.support)),
        )

    def decide(self, path: object) -> ScopeDecision:
        """Decide one repository-relative path."""
        normalized, rule = normalize_path(path)
        if normalized is None:
            return ScopeDecision("invalid_path", rule, _as_text(path), None)
        answers = ((name, find(normalized)) for name, find in self._rules)
        rule, matched = next((answer for answer in answers if answer[1] is not None), (_refusal(normalized), None))
        return ScopeDecision(rule.partition(".")[0], f"scope.{rule}", _as_text(path), normalized, matched)

    def _root_passthrough(self, path: str) -> str | None:
        name = path.removesuffix("/")
        return name if name and "/" not in name and name in self._passthrough else None


def _refusal(normalized: str) -> str:
    at_root = "/" not in normalized.removesuffix("/")
    return "reject.root_not_allowed" if at_root else "reject.scope_in_miss"


def decide_path(path: str, scope: Scope, policy: Policy | None) -> ScopeDecision:
    """Decide one path where the governing spec counts as bound, as in every review.

    For many paths under the same spec hold a ``ScopeJudge``.
    """
    return ScopeJudge(scope, policy).decide(path)


def evaluate(path: object, binding: Binding, policy: Policy | None) -> ScopeDecision:
    """Decide as the reference does, binding included: without one there is no authority to decide by."""
    normalized, rule = normalize_path(path)
    if normalized is None:
        return ScopeDecision("invalid_path", rule, _as_text(path), None)
    if binding.kind == "one_sided":
        return ScopeDecision("no_authority", "scope.no_authority.binding_one_sided", _as_text(path), normalized)
    if binding.kind != "bound" or binding.scope is None:
        return ScopeDecision("no_authority", "scope.no_authority.unbound", _as_text(path), normalized)
    return ScopeJudge(binding.scope, policy).decide(path)


def normalize_path(path: object) -> tuple[str | None, str]:
    """Bring a path into the form that entries are compared with, or say by which rule it is none.

    A relative POSIX path without ``..``, backslash or NUL; one leading ``./``, doubled slashes and ``.`` segments
    vanish, a trailing slash stays.

    Returns:
        The normalised path and ``""``, or ``None`` and the rule id.
    """
    if not isinstance(path, str):
        return None, "scope.invalid_path.not_string"
    working = path.removeprefix("./")
    segments = working.removesuffix("/").split("/")
    kept = [segment for segment in segments if segment not in {"", "."}]
    checks = (
        (not path, "empty"),
        ("\0" in path, "nul"),
        ("\\" in path, "backslash"),
        (path.startswith("/"), "absolute"),
        (not working, "empty"),
        (working.startswith("/"), "absolute"),
        (".." in segments, "parent_traversal"),
        (not kept, "empty"),
    )
    for failed, name in checks:
        if failed:
            return None, f"scope.invalid_path.{name}"
    return "/".join(kept) + ("/" if working.endswith("/") else ""), ""


def _as_text(path: object) -> str:
    return path if isinstance(path, str) else repr(path)
