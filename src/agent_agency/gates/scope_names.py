"""What a lexical scope decision cannot see: where symbolic links lead, and names that fall together.

The decisions are those of ``spec.scope_links``, which ``agency scope check`` makes too. They exist in reviews and
have rule ids of their own; parity decisions stay lexical.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from agent_agency.change.model import FileChange, FileStatus
from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.touched import described, edited_paths
from agent_agency.gates.undo import undo_command
from agent_agency.spec.model import ScopeDecision, Spec
from agent_agency.spec.scope import ScopeJudge
from agent_agency.spec.scope_links import OUTSIDE, CaseIndex, decide_case_folded, decide_target, resolve_links

NAMES_FALL_TOGETHER = "scope_boundary.names_fall_together"

_SYMLINK = "120000"
_UNREADABLE = "/"
_NAMING = frozenset({FileStatus.ADDED, FileStatus.RENAMED, FileStatus.COPIED})


class HeadLinks(Mapping[str, str]):
    """The text of every symbolic link of the head's tree, read when it is asked for.

    A link whose text cannot be had counts as leading out of the repository.
    """

    def __init__(self, context: GateContext, modes: Mapping[str, str]) -> None:
        self._read = context.read_head
        self._modes = modes
        ends = (file.new for file in context.change.files)
        self._changed = {end.path: end.link_target for end in ends if end is not None and end.is_symlink}

    def __getitem__(self, path: str) -> str:
        if path in self._changed:
            return self._changed[path] or _UNREADABLE
        if self._modes.get(path) != _SYMLINK:
            raise KeyError(path)
        data = self._read(path)
        return os.fsdecode(data) if data else _UNREADABLE

    def __iter__(self) -> Iterator[str]:
        return (path for path, mode in self._modes.items() if mode == _SYMLINK)

    def __len__(self) -> int:
        return sum(mode == _SYMLINK for mode in self._modes.values())


def link_findings(
    context: GateContext, judge: ScopeJudge, admitted: frozenset[str], modes: Mapping[str, str]
) -> Iterator[Finding]:
    """Every symbolic link that the change leaves in the scope and that leads out of it or of the repository."""
    links = HeadLinks(context, modes)
    for file in context.change.files:
        if file.new is None or not file.new.is_symlink or file.path not in admitted:
            continue
        rejected = decide_target(file.path, resolve_links(file.path, links), judge)
        if rejected is not None:
            yield _link_finding(context, file, rejected)


def name_findings(context: GateContext, spec: Spec, judge: ScopeJudge, admitted: frozenset[str]) -> Iterator[Finding]:
    """Every name that is another one, or an excluded one, where letter case and Unicode form do not count.

    Twins are looked for only of names that the change brings, among the names of the head's tree.
    """
    modes = context.head_modes or {}
    bring_names = any(file.status in _NAMING for file in context.change.files)
    index = CaseIndex(modes) if bring_names else None
    for file in context.change.files:
        for path in edited_paths(file):
            if path not in admitted:
                continue
            brought = file.status in _NAMING and file.new is not None and path == file.new.path
            twins = index.twins(path) if index is not None and brought else ()
            rejected = decide_case_folded(path, twins, spec.scope, judge)
            if rejected is not None:
                yield _name_finding(context, file, path, rejected.rule, Severity.MAJOR, rejected.matched or "")
            elif tracked := [twin for twin in twins if twin in modes]:
                yield _name_finding(context, file, path, NAMES_FALL_TOGETHER, Severity.MODERATE, tracked[0])


def _link_finding(context: GateContext, file: FileChange, rejected: ScopeDecision) -> Finding:
    text = display_path(file.new.link_target or "") if file.new is not None else ""
    reached = rejected.matched or OUTSIDE
    where = OUTSIDE if reached == OUTSIDE else f"to {display_path(reached)}, outside the scope"
    return Finding(
        rule=rejected.rule,
        severity=Severity.MAJOR,
        message=f"{described(file)} is a symbolic link to {text}: it leads {where}",
        remedy=f"Take it back with: {undo_command(context.change, file)}; or point the link inside the scope",
        place=Place(file.path),
        subject="link",
    )


def _name_finding(
    context: GateContext, file: FileChange, path: str, rule: str, severity: Severity, other: str
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message=f"{described(file)} and '{display_path(other)}' are one name where letter case does not count",
        remedy=f"Take it back with: {undo_command(context.change, file)};"
        " or choose a name that differs by more than letter case",
        place=Place(path),
        subject=other,
    )
