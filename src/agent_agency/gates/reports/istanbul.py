"""Istanbul's ``coverage-final.json``, as nyc, Jest and Vitest write it.

A line counts as Istanbul counts it: it is where a statement begins, and covered when one that begins there ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.gates.reports.coverage_builder import CoverageBuilder
from agent_agency.gates.reports.fields import a_count, a_list, an_object, the_object
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.lines import MAX_LINE, line_number
from agent_agency.gates.reports.model import CoverageReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_MINE = frozenset({"path", "statementMap", "branchMap", "s", "b", "data"})


def read_istanbul(source: Source) -> CoverageReport:
    """Read an Istanbul coverage map.

    Raises:
        Refused: it is no such report.
    """
    json = Json(source)
    builder = CoverageBuilder()
    for path in json.members("The report"):
        file = {name: json.value() for name in json.members(path[:200]) if name in _MINE}
        if "statementMap" not in file and "data" in file:  # a file coverage object, written as it is
            file = an_object(file["data"], "data")
        if not path:
            raise Refused(Code.WRONG_SHAPE, "A file has no path")
        builder.add(path, _hits(file), _branches(file))
    json.end()
    return CoverageReport(builder.files(), measures_branches=True)


def _hits(file: Mapping[str, Any]) -> dict[int, int]:
    statements, times = the_object(file, "statementMap"), the_object(file, "s")
    if statements.keys() != times.keys():
        raise Refused(Code.COUNT_MISMATCH, "The statements and their counts do not belong together")
    hits: dict[int, int] = {}
    for key, place in statements.items():
        line = _start(place)
        hits[line] = max(hits.get(line, 0), a_count(times[key], "A statement's count"))
    return hits


def _branches(file: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    forks, times = the_object(file, "branchMap"), the_object(file, "b")
    if forks.keys() != times.keys():
        raise Refused(Code.COUNT_MISMATCH, "The branches and their counts do not belong together")
    branches: dict[int, tuple[int, int]] = {}
    for key, fork in forks.items():
        counts = [a_count(count, "A branch's count") for count in a_list(times[key], "A branch's counts")]
        line = _line_of(an_object(fork, "A branch"))
        taken, total = branches.get(line, (0, 0))
        branches[line] = (taken + sum(count > 0 for count in counts), total + len(counts))
    return branches


def _line_of(fork: Mapping[str, Any]) -> int:
    if isinstance(fork.get("loc"), dict):
        return _start(fork["loc"])
    line = fork.get("line")
    if type(line) is not int or not 1 <= line <= MAX_LINE:
        raise Refused(Code.WRONG_SHAPE, "A branch tells no line")
    return line


def _start(place: object) -> int:
    return line_number(the_object(an_object(place, "A place"), "start").get("line"))
