"""One JSON value a line, as some tools write it.

The form has no mark for its end: a file cut off exactly behind a line is a shorter whole file; a last line that lacks
its line end, or is no JSON, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent_agency.canonical_json import parse_json
from agent_agency.gates.reports.refusal import Code, Refused


def json_values(lines: Iterator[bytes]) -> Iterator[Any]:
    """The values, empty lines passed over.

    Raises:
        Refused: a line is no JSON, or the last one is cut off.
    """
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            raise Refused(Code.TRUNCATED, f"Line {number:,} is cut off")
        if line.isspace():
            continue
        try:
            yield parse_json(line)
        except (ValueError, RecursionError) as error:
            raise Refused(Code.SYNTAX, f"Line {number:,} is no JSON") from error
