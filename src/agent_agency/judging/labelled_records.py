"""Lines of records with what is true of them: as for judging, and one more member ``verdict``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from agent_agency.canonical_json import parse_json
from agent_agency.judging.answer import Verdict
from agent_agency.judging.batch_record import MAX_LINE, BatchRecord, read_records

LABEL = "verdict"
TRUE_VERDICTS = ("pass", "partial", "fail")


@dataclass(frozen=True, slots=True)
class LabelledRecord:
    """A record, and its true verdict where the line tells one."""

    record: BatchRecord
    truth: Verdict | None


def read_labelled(lines: Iterable[bytes]) -> Iterator[LabelledRecord]:
    """Read lines of JSON as `batch_record.read_records` does; ``verdict`` is pass, partial or fail where it is given.

    A line with another verdict is a record with a problem.
    """
    for number, line in enumerate(lines, start=1):
        bare, truth, problem = _parted(line)
        for one in read_records([bare]):
            name = one.id if one.id != "line 1" else f"line {number}"
            made = BatchRecord(number, name, None if problem else one.subject, problem or one.problem)
            yield LabelledRecord(made, truth)


def _parted(line: bytes) -> tuple[bytes, Verdict | None, str]:
    """The line without its label, the label, and what is wrong with that."""
    try:
        value = parse_json(line) if len(line) <= MAX_LINE else None
    except ValueError:
        return line, None, ""
    if not isinstance(value, dict) or LABEL not in value:
        return line, None, ""
    truth = value.pop(LABEL)
    if truth not in TRUE_VERDICTS:
        return line, None, f"{LABEL!r} is none of {', '.join(TRUE_VERDICTS)}"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), cast("Verdict", truth), ""
