"""coverage.py's own JSON (``coverage json``, formats 2 and 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agent_agency.gates.reports.coverage_builder import CoverageBuilder
from agent_agency.gates.reports.fields import a_list, an_object, the_count, the_list, the_object
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.lines import line_number
from agent_agency.gates.reports.model import CoverageReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_MINE = ("executed_lines", "missing_lines", "executed_branches", "missing_branches", "summary")


def read_coveragepy(source: Source) -> CoverageReport:
    """Read a coverage.py JSON report; its summaries must agree with its lists.

    Raises:
        Refused: it is no such report.
    """
    json = Json(source)
    builder = CoverageBuilder()
    meta: dict[str, Any] | None = None
    totals: dict[str, Any] | None = None
    has_files = False
    for key in json.members("The report"):
        if key == "meta":
            meta = an_object(json.value(), "meta")
        elif key == "totals":
            totals = an_object(json.value(), "totals")
        elif key == "files":
            has_files = True
            for path in json.members("files"):
                _file(builder, path, {name: json.value() for name in json.members(path[:200]) if name in _MINE})
    json.end()
    if meta is None or totals is None or not has_files or "format" not in meta:
        raise Refused(Code.WRONG_SHAPE, "The report lacks coverage.py's meta, files or totals")
    if meta["format"] not in (2, 3):  # a tuple: what stands there may have no hash
        raise Refused(Code.VERSION, f"coverage.py's JSON format {str(meta['format'])[:20]!r} is not known")
    report = CoverageReport(builder.files(), meta.get("branch_coverage") is True)
    _compare("The report", totals, report.lines_covered, report.lines_total, report.branches_total)
    return report


def _file(builder: CoverageBuilder, path: str, file: Mapping[str, Any]) -> None:
    hits = {line_number(line): 0 for line in the_list(file, "missing_lines")}
    executed = {line_number(line): 1 for line in the_list(file, "executed_lines")}
    if hits.keys() & executed.keys():
        raise Refused(Code.DUPLICATE, f"A line of {path[:200]!r} is both executed and missing")
    hits.update(executed)
    branches = _branches(file)
    total = sum(there for _, there in branches.values())
    _compare(repr(path[:200]), the_object(file, "summary"), len(executed), len(hits), total)
    builder.add(path, hits, branches)


def _branches(file: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    taken = Counter(_origin(branch) for branch in a_list(file.get("executed_branches", []), "executed_branches"))
    missed = Counter(_origin(branch) for branch in a_list(file.get("missing_branches", []), "missing_branches"))
    return {line: (taken[line], taken[line] + missed[line]) for line in taken.keys() | missed.keys()}


def _origin(branch: object) -> int:
    if not isinstance(branch, list) or len(branch) != 2:  # noqa: PLR2004 - from, to
        raise Refused(Code.WRONG_SHAPE, "A branch is no pair of lines")
    return line_number(branch[0])


def _compare(what: str, summary: Mapping[str, Any], covered: int, total: int, branches: int) -> None:
    said = (the_count(summary, "covered_lines"), the_count(summary, "num_statements"))
    if said != (covered, total):
        raise Refused(
            Code.COUNT_MISMATCH, f"{what} declares {said[0]:,} of {said[1]:,} lines and lists {covered:,} of {total:,}"
        )
    if "num_branches" in summary and the_count(summary, "num_branches") != branches:
        raise Refused(Code.COUNT_MISMATCH, f"{what} declares other branches than it lists")
