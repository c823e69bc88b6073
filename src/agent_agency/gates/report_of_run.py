"""The report that a run of a gate's tool wrote: no file from before, no link, nothing that lies outside."""

from __future__ import annotations

import hashlib
from pathlib import Path

from agent_agency.gate_settings import CONTRACT_FORMATS, ConfiguredGate
from agent_agency.gates.checkout import Checkout, lies_inside
from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import Report, read_report
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import CHUNK, open_report

LARGEST_CONTRACT = 8 * 2**20


def clear_report(gate: ConfiguredGate, checkout: Checkout) -> str | None:
    """Take away a report that the head brought along, so that only this run can have written one."""
    if gate.report is None or gate.format in CONTRACT_FORMATS:
        return None
    target = checkout.root / gate.report
    try:
        if not lies_inside(target.parent, checkout.root):
            return "the report's folder leads out of the checkout"
        if target.is_symlink() or target.is_file():
            target.unlink()
    except OSError as error:
        return f"the report's place cannot be cleared: {error.strerror}"
    return None


def report_of_run(gate: ConfiguredGate, checkout: Checkout) -> tuple[Report | ReportProblem | None, str | None]:
    """Read the report, once no process of the tool is left that could exchange it, and its digest."""
    if gate.report is None or gate.format is None or gate.format in CONTRACT_FORMATS:
        return None, None
    target = checkout.root / gate.report
    try:
        problem = _not_this_runs(gate.report, target, checkout.root)
        return (problem, None) if problem else (read_report(gate.format, target), _digest(target))
    except Refused as refused:
        return ReportProblem(refused.code, refused.message), None
    except OSError as error:
        return ReportProblem(Code.UNREADABLE, f"The report cannot be read: {error.strerror}"), None


def _not_this_runs(name: str, target: Path, root: Path) -> ReportProblem | None:
    """Why what stands at the report's place is no file that this run wrote inside the checkout."""
    if target.is_symlink() or not lies_inside(target, root):
        return ReportProblem(Code.UNREADABLE, "The report is a link, or leads out of the checkout")
    if not target.is_file():
        return ReportProblem(Code.MISSING, f"The tool wrote no report at {name}")
    if target.stat().st_nlink != 1:
        return ReportProblem(Code.UNREADABLE, "The report is one file under several names")
    return None


def _digest(path: Path) -> str | None:
    """The digest of a report of any size, a piece at a time; ``None`` for an empty one."""
    size = path.stat().st_size
    if size == 0:
        return None
    digest = hashlib.sha256()
    with open_report(path, size) as source:
        while piece := source.read(CHUNK):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def document_of_run(gate: ConfiguredGate, checkout: Checkout) -> bytes | None:
    """The contract that a contracts gate measures, if it is a file of the checkout of a bearable size."""
    if gate.report is None or gate.format not in CONTRACT_FORMATS:
        return None
    target = checkout.root / gate.report
    try:
        return None if _not_this_runs(gate.report, target, checkout.root) else _document(target)
    except OSError:
        return None


def read_kept_report(gate: ConfiguredGate, path: Path) -> Report | ReportProblem | None:
    """Read a report that was kept from an earlier run; ``None`` for a gate that has none, or a contract."""
    if gate.format is None or gate.format in CONTRACT_FORMATS:
        return None
    return read_report(gate.format, path)


def read_kept_document(gate: ConfiguredGate, path: Path) -> bytes | None:
    """Read a contract that was kept from an earlier run."""
    return _document(path) if gate.format in CONTRACT_FORMATS else None


def _document(path: Path) -> bytes | None:
    try:
        with open_report(path, LARGEST_CONTRACT) as source:
            return source.read(LARGEST_CONTRACT)
    except (OSError, Refused):
        return None
