"""Series of judges over time: from the learning store, or from a file; and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import parse_json
from agent_agency.errors import ExperimentError, FileUnreadableError
from agent_agency.learning.trends.series import Point, Series, in_order, read_moment
from agent_agency.store.database import Database
from agent_agency.store.evaluation_days import AccuracyDay, accuracy_series, sums_by_version
from agent_agency.workflows.judge_names import check_judge
from agent_agency.workflows.learning_store import reading
from agent_agency.workflows.read_file import read_at_most

LARGEST_FILE = 16 * 2**20
MOST_POINTS = 5000
"""All pairs of points are looked at; more than some years of days are no series of days."""
LARGEST = 1e100

ACCURACY = "accuracy"
ABSTENTION = "abstention"
METRICS = (ACCURACY, ABSTENTION)
"""What the store has of each judge: the share of decided evaluations that were right, and of abstentions."""

_MEMBERS = frozenset({"time", "value", "n", "judge", "metric"})


@dataclass(frozen=True, slots=True)
class Kept:
    """The series of the store; ``judge`` and ``version`` leave out others, ``since`` earlier days."""

    database: Database
    judge: str | None = None
    metric: str = ACCURACY
    version: str = ""
    since: str = ""

    def series(self) -> list[Series]:
        """One series a judge, by day (UTC), over all of its versions or one; judges without labels have none.

        Raises:
            JudgeError: there is no such judge.
            StoreError: the store cannot be read.
        """
        check_judge(self.database, self.judge or "")
        with reading(self.database) as connection:
            if connection is None:
                return []
            names = sorted({one.judge for one in sums_by_version(connection, self.judge or "")})
            days = {name: accuracy_series(connection, name, self.version, self.since) for name in names}
        found = [_daily(name, self.metric, rows) for name, rows in days.items()]
        return [one for one in found if one.points]


def read_series(path: Path, *, lower_is_better: bool) -> list[Series]:
    """Read series from a file, one JSON object a line: ``time``, ``value``, and maybe ``n``, ``judge``, ``metric``.

    A series all of whose points have an ``n`` and values from 0 to 1 is taken as shares.

    Raises:
        ExperimentError: a line is no point, or a series is too long; the line is named.
        FileUnreadableError: the file cannot be read.
    """
    data = read_at_most(path, LARGEST_FILE, str(path))
    if len(data) > LARGEST_FILE:
        limit = f"{LARGEST_FILE // 2**20} MiB"
        raise FileUnreadableError(f"The file is longer than {limit}", fix="Sum up by day.", path=str(path))
    found: dict[tuple[str, str], list[Point]] = {}
    for line, row in enumerate(data.splitlines(), start=1):
        if row.strip():
            judge, metric, point = _point(row, path, line)
            found.setdefault((judge, metric), []).append(point)
            if len(found[judge, metric]) > MOST_POINTS:
                raise _bad(path, line, f"A series has more than {MOST_POINTS:,} points", "Sum up by day.")
    return [_series(judge, metric, points, lower_is_better) for (judge, metric), points in found.items()]


def one_series(found: Sequence[Series], judge: str | None, metric: str | None) -> Series:
    """The series that is asked for.

    Raises:
        ExperimentError: there is none, or more than one (``trend.unknown``).
    """
    fitting = [one for one in found if judge in {None, one.judge} and metric in {None, one.metric}]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(f"{one.judge} ({one.metric})" for one in found[:5]) or "none"
    if not fitting:
        raise ExperimentError(
            f"There is no series of {judge or 'any judge'}",
            fix=f"There are: {names}. Evaluations count once their subjects have labels.",
            code="trend.unknown",
        )
    raise ExperimentError(
        f"There are {len(fitting)} series", fix=f"Choose one by --judge and --metric: {names}.", code="trend.unknown"
    )


def _daily(judge: str, metric: str, rows: Sequence[AccuracyDay]) -> Series:
    """Sum up the versions of each day; a day without a decision has no accuracy."""
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        told = (row.right, row.decided) if metric == ACCURACY else (row.labelled - row.decided, row.labelled)
        before = sums.get(row.day, (0, 0))
        sums[row.day] = (before[0] + told[0], before[1] + told[1])
    points = [Point(read_moment(day), share / n, n) for day, (share, n) in sums.items() if n]
    return Series(judge, metric, in_order(points)[-MOST_POINTS:], metric == ABSTENTION, is_share=True)


def _series(judge: str, metric: str, points: Sequence[Point], lower_is_better: bool) -> Series:  # noqa: FBT001 - a field
    is_share = all(point.n and 0 <= point.value <= 1 for point in points)
    return Series(judge, metric, in_order(points), lower_is_better, is_share)


def _point(row: bytes, path: Path, line: int) -> tuple[str, str, Point]:
    members = _members(row, path, line)
    judge, metric = members.get("judge", "series"), members.get("metric", "value")
    for name in (judge, metric):
        if not isinstance(name, str) or not name or not name.isprintable():
            raise _bad(path, line, "judge and metric are texts that can be printed", "Correct them or leave them out.")
    value, n = members.get("value"), members.get("n")
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) <= LARGEST:
        raise _bad(path, line, "value is no number", "Leave the line out where a value is missing; it is never a 0.")
    if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1):
        raise _bad(path, line, "n is no count of items", "Give a whole number above 0, or leave it out.")
    try:
        moment = read_moment(members["time"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _bad(path, line, "time is no moment", "Write 2026-01-31 or 2026-01-31T08:00:00Z.") from None
    return judge, metric, Point(moment, float(value), n)


def _members(row: bytes, path: Path, line: int) -> dict[str, Any]:
    try:
        members = parse_json(row)
    except ValueError as error:
        raise _bad(path, line, f"This line is no JSON: {error}", "Write one JSON object a line.") from None
    if not isinstance(members, dict):
        raise _bad(path, line, "This line is no JSON object", "Write one JSON object a line.")
    unknown = sorted(members.keys() - _MEMBERS)
    if unknown:
        raise _bad(path, line, f"{unknown[0]!r} is no member of a point", "Give time, value, n, judge, metric.")
    return members


def _bad(path: Path, line: int, message: str, fix: str) -> ExperimentError:
    return ExperimentError(message, fix=fix, path=str(path), line=line, code="trend.bad_line")
