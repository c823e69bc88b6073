"""The gate ``tampering`` over two sets of files written down in a test."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from agent_agency.change.model import FileChange
from agent_agency.facts import Finding, GateResult, Severity
from agent_agency.gates.tampering.gate import measure_tampering
from support.gate_context import added, change, deleted, modified, renamed

Files = Mapping[str, str]
TESTS = "tests/test_a.py"


def weigh(base: Files | str, head: Files | str, **renames: str) -> GateResult:
    """Measure the change from ``base`` to ``head``; a single text stands for one test file.

    ``renames`` maps paths with ``/`` written as ``__`` and without ``.py``, as keywords must be names.
    """
    before, after = _files(base), _files(head)
    moved = {_path(old): _path(new) for old, new in renames.items()}
    files: list[FileChange] = [renamed(old, new, 1, 1) for old, new in moved.items()]
    for path in sorted((before.keys() | after.keys()) - moved.keys() - set(moved.values())):
        if before.get(path) == after.get(path):
            continue
        kind = modified if path in before and path in after else added if path in after else deleted
        files.append(kind(path))
    return measure_tampering(change(*files), before.get, after.get, head_paths=tuple(after))


def weighty(result: GateResult) -> set[str]:
    """The rules of findings that weigh more than advice, without the gate's name."""
    return {
        finding.rule.removeprefix("tampering.")
        for finding in result.findings
        if finding.severity is not Severity.ADVICE
    }


def one(result: GateResult) -> Finding:
    """The only finding."""
    (finding,) = result.findings
    return finding


def _files(files: Files | str) -> dict[str, bytes]:
    named = {TESTS: files} if isinstance(files, str) else files
    return {path: dedent(text).lstrip("\n").encode() for path, text in named.items()}


def _path(name: str) -> str:
    return f"{name.replace('__', '/')}.py"
