"""Cobertura XML (coverage-04.dtd), as coverage.py, gcovr, Cobertura, coverlet and many converters write it.

Lines and branches are counted from the ``line`` elements; the rates beside them are only held to be numbers.
"""

from __future__ import annotations

import math
import re

from agent_agency.gates.reports.budget import MAX_FILES, MAX_LINES_OF_ONE_FILE, bounded, name_of
from agent_agency.gates.reports.coverage_builder import CoverageBuilder
from agent_agency.gates.reports.lines import MAX_LINE
from agent_agency.gates.reports.model import CoverageReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source
from agent_agency.gates.reports.xml_stream import Elements, natural

_CONDITIONS = re.compile(r"\d{1,3}(?:\.\d{1,20})?% ?\((\d{1,9})/(\d{1,9})\)")
_COUNTS = ("lines-valid", "lines-covered", "branches-valid", "branches-covered")
_RATES = ("line-rate", "branch-rate")


def read_cobertura(source: Source) -> CoverageReport:
    """Read a Cobertura report.

    Raises:
        Refused: it is no such report.
    """
    reader = _Reader()
    Elements(reader).read(source, doctype=True)
    if reader.declared and not reader.seen:
        raise Refused(Code.COUNT_MISMATCH, f"The report declares {reader.declared:,} lines and lists none")
    return CoverageReport(reader.builder.files(), reader.builder.branched, tuple(reader.roots))


class _Reader:
    def __init__(self) -> None:
        self.builder = CoverageBuilder()
        self.roots: list[str] = []
        self.declared = 0
        self.seen = 0
        self._path: str | None = None
        self._hits: dict[int, int] = {}
        self._branches: dict[int, tuple[int, int]] = {}

    def start(self, elements: Elements, tag: str, attributes: dict[str, str]) -> None:
        if tag == "line" and self._path is not None:
            self._line(attributes)
            return
        if elements.depth == 1:
            self._root(tag, attributes)
        elif tag == "class":
            if self._path is not None:
                raise Refused(Code.WRONG_SHAPE, "A class stands inside another")
            self._path = name_of(attributes.get("filename", ""), "A path")
            if not self._path:
                raise Refused(Code.WRONG_SHAPE, "A class names no file")
            _rates(attributes)
        elif tag == "source":
            elements.listen(4096)
        elif tag == "line":
            raise Refused(Code.WRONG_SHAPE, "A line stands outside of any class")

    def end(self, elements: Elements, tag: str, text: str) -> None:
        del elements
        if tag == "class" and self._path is not None:
            self.builder.add(self._path, self._hits, self._branches)
            self._path, self._hits, self._branches = None, {}, {}
        elif tag == "source" and text.strip():
            self.roots.append(text.strip())
            bounded(len(self.roots), MAX_FILES, "sources")

    def _root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "coverage" or "line-rate" not in attributes:
            raise Refused(Code.WRONG_SHAPE, f"The root element {tag[:80]!r} is not that of a Cobertura report")
        _rates(attributes)
        counts = {name: natural(attributes, name) or 0 for name in _COUNTS}
        self.declared = counts["lines-valid"]
        if counts["lines-covered"] > counts["lines-valid"] or counts["branches-covered"] > counts["branches-valid"]:
            raise Refused(Code.COUNT_MISMATCH, "The report declares more covered than there is")

    def _line(self, attributes: dict[str, str]) -> None:
        number, hits = natural(attributes, "number"), natural(attributes, "hits")
        if number is None or hits is None or not 1 <= number <= MAX_LINE:
            raise Refused(Code.NUMBER_INVALID, f"A line of {(self._path or '')[:200]!r} has no number and hits")
        self.seen += 1
        self._hits[number] = max(hits, self._hits.get(number, 0))
        bounded(len(self._hits), MAX_LINES_OF_ONE_FILE, "lines in one file")
        conditions = attributes.get("condition-coverage")
        if conditions and attributes.get("branch", "").lower() == "true":
            taken, total = _conditions(conditions)
            known = self._branches.get(number, (0, 0))
            self._branches[number] = (max(taken, known[0]), max(total, known[1]))


def _conditions(text: str) -> tuple[int, int]:
    match = _CONDITIONS.fullmatch(text.strip())
    if not match or int(match[1]) > int(match[2]):
        raise Refused(Code.NUMBER_INVALID, f"condition-coverage is {text[:40]!r}")
    return int(match[1]), int(match[2])


def _rates(attributes: dict[str, str]) -> None:
    for name in _RATES:
        text = attributes.get(name)
        if text is None:
            continue
        try:
            rate = float(text)
        except ValueError:
            rate = math.nan
        if not 0 <= rate <= 1:
            raise Refused(Code.NUMBER_INVALID, f"{name} is {text[:40]!r}, not a number from 0 to 1")
