"""k6's summary in JSON: of ``--summary-export``, or of ``handleSummary`` when it writes its data as they are.

A metric's measures are ``http_req_duration.p(95)`` and so on for each of its values, and ``http_req_duration`` alone
for the first of average, rate, count and value that it has. The form of ``--summary-export`` tells no units.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gates.reports.fields import an_object, object_or_empty, text_or_empty
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.measures import MeasureBuilder, a_number
from agent_agency.gates.reports.model import PerformanceReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_HEADLINES = ("avg", "rate", "count", "value")
_UNITS = MappingProxyType({"time": "ms", "data": "B"})
_NO_UNIT = frozenset({"rate", "passes", "fails"})


def read_k6(source: Source) -> PerformanceReport:
    """Read a summary of k6.

    Raises:
        Refused: it is no such summary, or nothing was measured.
    """
    json = Json(source)
    builder = MeasureBuilder()
    has_metrics = has_groups = False
    for key in json.members("The report"):
        if key == "root_group":
            has_groups = True
        elif key == "metrics":
            has_metrics = True
            for name in json.members(key):
                _metric(builder, name, an_object(json.value(), "A metric"))
    json.end()
    if not (has_metrics and has_groups):
        raise Refused(Code.WRONG_SHAPE, "The report lacks k6's metrics or root_group")
    return builder.report("k6")


def _metric(builder: MeasureBuilder, name: str, metric: Mapping[str, Any]) -> None:
    unit = _UNITS.get(text_or_empty(metric, "contains"), "")
    found = object_or_empty(metric, "values") if "type" in metric else metric
    values = {
        key: (a_number(value, f"{name[:200]} {key[:40]}"), "" if key in _NO_UNIT else unit)
        for key, value in found.items()
        if key != "thresholds"
    }
    if not name or not values:
        raise Refused(Code.WRONG_SHAPE, f"The metric {name[:200]!r} has no values")
    builder.add_all(name, values, next((key for key in _HEADLINES if key in values), ""))
