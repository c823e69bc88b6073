"""The JSON of hyperfine (``--export-json``).

A command's measures are its text or name for the mean, and ``NAME.median`` and so on for any other statistic, in
seconds. A command that failed was perhaps fast only because of that, so a report on one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.gates.reports.fields import a_list, an_object, the_text
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.measures import MeasureBuilder, a_number, hold_to_order
from agent_agency.gates.reports.model import PerformanceReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_NEEDED = ("mean", "min", "max")
_MAY_LACK = ("median", "stddev", "user", "system")


def read_hyperfine(source: Source) -> PerformanceReport:
    """Read a report of hyperfine.

    Raises:
        Refused: it is no such report, a command in it failed, or nothing was measured.
    """
    json = Json(source)
    builder = MeasureBuilder()
    has_results = False
    for key in json.members("The report"):
        if key == "results":
            has_results = True
            for _ in json.elements(key):
                _command(builder, an_object(json.value(), "A result"))
    json.end()
    if not has_results:
        raise Refused(Code.WRONG_SHAPE, "The report lacks results")
    return builder.report("hyperfine")


def _command(builder: MeasureBuilder, result: Mapping[str, Any]) -> None:
    name = the_text(result, "command")
    codes = a_list(result.get("exit_codes", []), "exit_codes")
    if any(code != 0 for code in codes):
        raise Refused(Code.TOOL_FAILED, f"The command {name[:200]!r} did not exit with 0 each time")
    values = {key: (a_number(result.get(key), key, least=0), "s") for key in _NEEDED}
    for key in _MAY_LACK:
        if result.get(key) is not None:
            values[key] = (a_number(result[key], key, least=0), "s")
    hold_to_order(repr(name[:200]), values)
    builder.add_all(name, values, "mean")
