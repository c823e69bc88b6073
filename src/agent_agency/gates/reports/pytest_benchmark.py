"""The JSON of pytest-benchmark (``--benchmark-json``).

A benchmark's measures are ``tests/test_a.py::test_b`` for its mean and ``tests/test_a.py::test_b.median`` for any
other statistic, in seconds. Where no other benchmark has the same one, the test's name without its file does as well.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

from agent_agency.gates.reports.budget import MAX_PARTS, bounded
from agent_agency.gates.reports.fields import a_text
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.measures import MeasureBuilder, a_number, hold_to_order
from agent_agency.gates.reports.model import PerformanceReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_NEEDED = ("min", "max", "mean")
_UNITS = MappingProxyType(
    {
        **dict.fromkeys(("min", "max", "mean", "median", "stddev", "iqr", "q1", "q3", "total"), "s"),
        "ops": "1/s",
        "rounds": "",
        "iterations": "",
    }
)
_Statistics = dict[str, tuple[float, str]]


def read_pytest_benchmark(source: Source) -> PerformanceReport:
    """Read a report of pytest-benchmark.

    Raises:
        Refused: it is no such report, or nothing was measured.
    """
    json = Json(source)
    found: list[tuple[str, str, _Statistics]] = []
    has_version = has_benchmarks = False
    for key in json.members("The report"):
        if key == "version":
            has_version = True
        elif key == "benchmarks":
            has_benchmarks = True
            for _ in json.elements(key):
                found.append(_benchmark(json))
                bounded(len(found), MAX_PARTS, "benchmarks")
    json.end()
    if not (has_version and has_benchmarks):
        raise Refused(Code.WRONG_SHAPE, "The report lacks pytest-benchmark's version or benchmarks")
    return _named(found)


def _benchmark(json: Json) -> tuple[str, str, _Statistics]:
    names: dict[str, str] = {}
    statistics: _Statistics = {}
    for key in json.members("A benchmark"):
        if key in {"name", "fullname"}:
            names[key] = a_text(json.value(), key)
        elif key == "stats":
            for name in json.members(key):
                if name in _UNITS:
                    statistics[name] = (a_number(json.value(), name, least=0), _UNITS[name])
    if names.keys() != {"name", "fullname"} or not statistics.keys() >= set(_NEEDED):
        raise Refused(Code.WRONG_SHAPE, "A benchmark lacks its name, or the least, greatest or mean time")
    hold_to_order(repr(names["fullname"][:200]), statistics)
    return names["fullname"], names["name"], statistics


def _named(found: list[tuple[str, str, _Statistics]]) -> PerformanceReport:
    builder = MeasureBuilder()
    for full, _, statistics in found:
        builder.add_all(full, statistics, "mean")
    shorts, longs = Counter(short for _, short, _ in found), {full for full, _, _ in found}
    for _, short, statistics in found:
        if shorts[short] == 1 and short not in longs:
            builder.add_all(short, statistics, "mean")
    return builder.report("pytest-benchmark")
