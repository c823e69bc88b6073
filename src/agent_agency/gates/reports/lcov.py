"""LCOV tracefiles (geninfo(1), lcov 1.16 and 2): ``SF``, ``DA`` and ``BRDA`` records.

The format has no mark for its end: a file cut off exactly behind an ``end_of_record`` is a shorter whole file. Any
other cut is recognised.
"""

from __future__ import annotations

from agent_agency.gates.reports.budget import MAX_LINES_OF_ONE_FILE, bounded
from agent_agency.gates.reports.coverage_builder import CoverageBuilder
from agent_agency.gates.reports.lines import MAX_LINE
from agent_agency.gates.reports.model import CoverageReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_PASSED_OVER = frozenset(
    {b"TN", b"FN", b"FNDA", b"FNF", b"FNH", b"FNL", b"FNA", b"BRF", b"BRH", b"LH", b"VER", b"MCDC", b"MCF", b"MCH"}
)
_MAX_DIGITS = 18


def read_lcov(source: Source) -> CoverageReport:
    """Read an LCOV tracefile.

    Raises:
        Refused: it is no such file, or cut off.
    """
    builder = CoverageBuilder()
    section: _Section | None = None
    found = 0
    for number, raw in enumerate(source.lines(), 1):
        line = raw.rstrip()
        if section is not None and line.startswith(b"DA:"):
            section.add_line(line, number)
        elif line == b"end_of_record":
            if section is None:
                raise Refused(Code.SYNTAX, f"Line {number:,} ends a record that never began")
            section.finish(builder, number)
            section = None
            found += 1
        elif line and not line.startswith(b"#"):
            section = _other(section, line, number)
    if section is not None:
        raise Refused(Code.TRUNCATED, "The report ends in the middle of a record")
    if not found:
        raise Refused(Code.WRONG_SHAPE, "The report holds no LCOV record")
    return CoverageReport(builder.files(), builder.branched)


def _other(section: _Section | None, line: bytes, number: int) -> _Section | None:
    keyword, colon, rest = line.partition(b":")
    if not colon:
        raise Refused(Code.SYNTAX, f"Line {number:,} is no LCOV record")
    if keyword == b"SF":
        if section is not None:
            raise Refused(Code.SYNTAX, f"Line {number:,} begins a record inside another")
        return _Section(rest, number)
    if section is not None and keyword == b"BRDA":
        section.add_branch(rest, number)
    elif section is not None and keyword == b"LF":
        section.declared = _count(rest, number)
    elif keyword not in _PASSED_OVER or (section is None and keyword != b"TN"):
        raise Refused(Code.SYNTAX, f"Line {number:,} is no LCOV record that belongs there")
    return section


class _Section:
    def __init__(self, path: bytes, number: int) -> None:
        import os

        self.path = os.fsdecode(path)
        if not self.path:
            raise Refused(Code.SYNTAX, f"Line {number:,} names no source file")
        self.declared = 0
        self._hits: dict[int, int] = {}
        self._branches: dict[tuple[int, bytes], bool] = {}

    def add_line(self, line: bytes, number: int) -> None:
        first, _, rest = line[3:].partition(b",")
        times = rest if rest.isdigit() else rest.partition(b",")[0]  # a checksum may follow
        if not (first.isdigit() and times.isdigit() and len(first) < 11 and len(times) <= _MAX_DIGITS):  # noqa: PLR2004
            raise Refused(Code.NUMBER_INVALID, f"Line {number:,} has no whole numbers for line and hits")
        key = int(first)
        if not 1 <= key <= MAX_LINE:
            raise Refused(Code.NUMBER_INVALID, f"Line {number:,} tells of a line {key}")
        self._hits[key] = self._hits.get(key, 0) + int(times)
        if len(self._hits) > MAX_LINES_OF_ONE_FILE:
            bounded(len(self._hits), MAX_LINES_OF_ONE_FILE, "lines in one file")

    def add_branch(self, rest: bytes, number: int) -> None:
        first, _, more = rest.partition(b",")
        key, _, taken = more.rpartition(b",")
        line = _count(first, number)
        if not key or not 1 <= line <= MAX_LINE:
            raise Refused(Code.SYNTAX, f"Line {number:,} tells of no branch")
        is_taken = taken != b"-" and _count(taken, number) > 0
        self._branches[line, key] = self._branches.get((line, key), False) or is_taken
        bounded(len(self._branches), MAX_LINES_OF_ONE_FILE, "branches in one file")

    def finish(self, builder: CoverageBuilder, number: int) -> None:
        if self.declared and not self._hits:
            raise Refused(Code.COUNT_MISMATCH, f"The record before line {number:,} declares lines and lists none")
        branches: dict[int, tuple[int, int]] = {}
        for (line, _), is_taken in self._branches.items():
            taken, total = branches.get(line, (0, 0))
            branches[line] = (taken + is_taken, total + 1)
        builder.add(self.path, self._hits, branches)


def _count(text: bytes, number: int) -> int:
    if not text.isdigit() or len(text) > _MAX_DIGITS:
        raise Refused(Code.NUMBER_INVALID, f"Line {number:,} has no whole number where one belongs")
    return int(text)
