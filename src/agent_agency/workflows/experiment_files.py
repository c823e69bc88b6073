"""Files of observations and of units' names, as they are handed to an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent_agency.canonical_json import parse_json
from agent_agency.errors import ExperimentError, FileUnreadableError
from agent_agency.learning.experiments.desk import Given, check_name
from agent_agency.workflows.read_file import read_at_most

LARGEST_FILE = 256 * 2**20
_MEMBERS = frozenset({"unit", "metric", "value", "arm"})


def read_observations(path: Path) -> list[Given]:
    """Read observations from a file, one JSON object a line: ``unit``, ``metric``, ``value`` and maybe ``arm``.

    Raises:
        ExperimentError: a line is no observation; it is named.
        FileUnreadableError: the file cannot be read.
    """
    return [_given(members, path, line) for line, members in _lines(path)]


def read_units(path: Path) -> list[str]:
    """Read names of units from a file, one a line.

    Raises:
        ExperimentError: a line is no name; it is named.
        FileUnreadableError: the file cannot be read.
    """
    units = []
    for line, data in enumerate(_whole(path).splitlines(), start=1):
        try:
            unit = data.decode("utf-8")
            check_name("unit", unit)
        except (UnicodeDecodeError, ExperimentError):
            raise _bad(path, line, "This line is no name of a unit", "Write one name a line.") from None
        units.append(unit)
    return units


def _lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for line, data in enumerate(_whole(path).splitlines(), start=1):
        if not data.strip():
            continue
        try:
            members = parse_json(data)
        except ValueError as error:
            raise _bad(path, line, f"This line is no JSON: {error}", "Write one JSON object a line.") from None
        if not isinstance(members, dict):
            raise _bad(path, line, "This line is no JSON object", "Write one JSON object a line.")
        found.append((line, members))
    return found


def _given(members: dict[str, Any], path: Path, line: int) -> Given:
    unknown = sorted(members.keys() - _MEMBERS)
    if unknown:
        raise _bad(path, line, f"{unknown[0]!r} is no member of an observation", "Give unit, metric, value, and arm.")
    unit, metric, value, arm = (members.get(name) for name in ("unit", "metric", "value", "arm"))
    if not isinstance(unit, str) or not isinstance(metric, str) or not isinstance(arm, (str, type(None))):
        raise _bad(path, line, "unit, metric and arm are texts", "Give unit and metric, and arm where it counts.")
    if not isinstance(value, (int, float)):
        raise _bad(path, line, "value is no number", "Leave the line out where a value is missing; it is never a 0.")
    return Given(unit, metric, float(value), arm, str(path), line)


def _whole(path: Path) -> bytes:
    data = read_at_most(path, LARGEST_FILE, str(path))
    if len(data) > LARGEST_FILE:
        limit = f"{LARGEST_FILE // 2**20} MiB"
        raise FileUnreadableError(f"The file is longer than {limit}", fix="Split it.", path=str(path))
    return data


def _bad(path: Path, line: int, message: str, fix: str) -> ExperimentError:
    return ExperimentError(message, fix=fix, path=str(path), line=line, code="experiment.bad_line")
