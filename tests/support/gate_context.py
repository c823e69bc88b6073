"""A gate context built from the few things that a test is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agent_agency.change.model import AddedLine, Change, FileChange, FileEnd, FileStatus, HeadKind
from agent_agency.config import LawLimits
from agent_agency.facts import Finding
from agent_agency.gates.context import GateContext
from agent_agency.spec.model import (
    Budget,
    BudgetDecision,
    Policy,
    PolicyGate,
    Profile,
    Scope,
    Spec,
    ValidationResult,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = "b" * 40
GATES = ("spec_completeness", "scope_boundary", "budget_limit", "god_object", "todo_detection")


def end(path: str, mode: str = "100644", *, size: int | None = 10, target: str | None = None) -> FileEnd:
    return FileEnd(path, mode, "1" * 40, size, link_target=target)


def added(path: str, lines: int = 1, **more: Any) -> FileChange:
    return FileChange(FileStatus.ADDED, None, end(path), added=lines, **more)


def modified(path: str, plus: int = 1, minus: int = 0, **more: Any) -> FileChange:
    return FileChange(FileStatus.MODIFIED, end(path), end(path), added=plus, deleted=minus, **more)


def deleted(path: str, lines: int = 1) -> FileChange:
    return FileChange(FileStatus.DELETED, end(path), None, deleted=lines)


def renamed(old: str, new: str, plus: int = 0, minus: int = 0, **more: Any) -> FileChange:
    return FileChange(FileStatus.RENAMED, end(old), end(new), plus, minus, **more)


def copied(old: str, new: str) -> FileChange:
    return FileChange(FileStatus.COPIED, end(old), end(new))


def symlink(path: str, target: str) -> FileChange:
    return FileChange(FileStatus.ADDED, None, end(path, "120000", target=target), added=1)


def policy(gates: Mapping[str, PolicyGate] | None = None, **more: Any) -> Policy:
    values: dict[str, Any] = {
        "tiers": {1: Budget(5, 200), 2: Budget(15, 600), 3: Budget(30, 1500)},
        "gates": {name: PolicyGate("block", enabled=True, thresholds={}) for name in GATES} if gates is None else gates,
        "non_governed_zones": (),
        "root_passthrough": (),
        "min_budget_approvers": 1,
        "path": ".caws/policy.yaml",
        "digest": "sha256:0",
        "document": {},
    }
    return Policy(**(values | more))


def spec(scope: Scope | None = None, **more: Any) -> Spec:
    values: dict[str, Any] = {
        "id": "FEAT-1",
        "title": "Title",
        "risk_tier": 2,
        "mode": "feature",
        "lifecycle": "active",
        "scope": scope or Scope(("src",)),
        "profile": Profile.VNEXT,
        "path": ".caws/specs/FEAT-1.yaml",
        "digest": "sha256:1",
        "document": {"blast_radius": {"modules": ["src"]}},
    }
    return Spec(**(values | more))


@dataclass
class Head:
    """The files of a head, and which of their lines count as added (all, unless told)."""

    files: dict[str, bytes] = field(default_factory=dict)
    base: dict[str, bytes] = field(default_factory=dict)


def context(*files: FileChange, **more: Any) -> GateContext:
    governing = more.pop("spec", spec())
    result = ValidationResult(".caws/specs/FEAT-1.yaml", Profile.VNEXT, valid=True, findings=(), spec=governing)
    values: dict[str, Any] = {
        "change": change(*files),
        "added_lines": {
            file.new.path: tuple(AddedLine(number, "x") for number in range(1, file.added + 1))
            for file in files
            if file.new and file.added
        },
        "read_head": _plain([file.new for file in files]).get,
        "read_base": _plain([file.old for file in files]).get,
        "spec": governing,
        "spec_result": result if governing else None,
        "policy": policy(),
        "limits": LawLimits(),
        "budget": BudgetDecision(Budget(15, 600), Budget(15, 600)),
        "governance": (),
        "now": NOW,
        "head_modes": {file.new.path: file.new.mode for file in files if file.new},
    }
    return GateContext(**(values | more))


def _plain(ends: Iterable[FileEnd | None]) -> dict[str, bytes]:
    return {file.path: b"x\n" for file in ends if file is not None}


def change(*files: FileChange, kind: HeadKind = HeadKind.COMMIT) -> Change:
    return Change(BASE, "c" * 40, "d" * 40, kind, files)


def with_text(path: str, text: str | bytes, *, old: str | bytes | None = None, **more: Any) -> GateContext:
    """A context in which one file was written: all of its lines are added, or those that ``old`` has not."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    before: set[str] = set()
    if old is not None:
        raw = old.encode() if isinstance(old, str) else old
        before = set(raw.decode("utf-8", "surrogateescape").split("\n"))
    new_lines = tuple(AddedLine(number, line) for number, line in enumerate(lines, 1) if line and line not in before)
    file = added(path, len(new_lines))
    file = replace(file, new=end(path, size=len(data)))
    built = context(file, added_lines={path: new_lines}, read_head={path: data}.get, **more)
    return built if old is None else replace(built, read_base={path: raw}.get)


def rules(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]
