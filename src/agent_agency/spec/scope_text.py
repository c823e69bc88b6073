"""A scope decision in words: what was found, and what would mend it."""

from __future__ import annotations

from agent_agency.facts import display_path
from agent_agency.spec.model import ScopeDecision
from agent_agency.spec.scope_links import OUTSIDE

_ADMITTED = {
    "infra_exempt": "every scope leaves '{0}' free, but a review tells an edit there as one of the law",
    "non_governed_zone": "the policy leaves '{0}' free",
    "root_passthrough": "the policy lets every spec edit '{0}'",
    "scope_in": "scope.in has '{0}'",
    "scope_support": "scope.support has '{0}'",
}
_INVALID = {
    "not_string": "it is no text",
    "empty": "it names no file",
    "nul": "it holds a NUL byte",
    "backslash": "it holds a backslash",
    "absolute": "it is absolute",
    "parent_traversal": "it climbs with '..'",
    "outside_repository": "it lies outside of the repository",
}
_REJECTED = {
    "scope_out": "scope.out has '{0}'",
    "root_not_allowed": "no entry of scope.in or scope.support admits it",
    "scope_in_miss": "no entry of scope.in or scope.support admits it",
    "symlink_escape": "it leads through a symbolic link to '{0}', which the scope does not admit",
    "case_fold": "but for letter case it is '{0}', which the scope does not admit",
}
_REMEDIES = {
    "scope_out": "Keep away from it, or have scope.out of {0} amended on the base branch.",
    "root_not_allowed": "Leave it as it is, or have it put into scope.in of {0} on the base branch.",
    "scope_in_miss": "Leave it as it is, or have it put into scope.in of {0} on the base branch.",
    "symlink_escape": "Edit a file that is no link, or have the target put into scope.in of {0}.",
    "case_fold": "Write the name as the existing file or entry does, or choose another name.",
}


def message_of(decision: ScopeDecision) -> str:
    """Why it was decided so: a clause without a full stop, fit for one line."""
    name = decision.rule.rpartition(".")[2]
    matched = display_path(decision.matched or "")
    if decision.kind == "invalid_path":
        return _INVALID.get(name, "it is no path")
    if decision.kind == "admit":
        return _ADMITTED.get(name, "it is admitted").format(matched)
    if decision.matched == OUTSIDE:
        return "it leads through a symbolic link out of the repository"
    return _REJECTED.get(name, "no spec is bound here").format(matched)


def remedy_of(decision: ScopeDecision, spec_id: str) -> str:
    """The next step as one sentence; empty for an admitted path."""
    if decision.kind == "admit":
        return ""
    if decision.kind == "invalid_path":
        return "Name a file below the repository's top folder, with '/' between folders."
    return _REMEDIES.get(decision.rule.rpartition(".")[2], "Name the spec with --spec.").format(spec_id)
