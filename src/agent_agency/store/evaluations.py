"""Evaluations in the store: adding them once, and finding them among a million by judge, version, verdict and time.

Columns beside a record repeat what it says, for finding; a row is believed for its record alone, which is held against
its id whenever it is read. Pages go on after a place, not after a count, so that the last page is as quick as the
first. What must be counted is counted when it is written: see `evaluation_days`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.errors import EvaluationError, StoreError
from agent_agency.store.evaluation_days import count_new
from agent_agency.store.evaluation_record import Recorded, believed, id_of
from agent_agency.store.statements import listed, next_number, parts, run, run_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BIT = 1000
_COLUMNS = "e.number, e.id, e.line, e.at, e.judge, e.verdict, e.subject"
_FIRST, _LAST = "0", "9999-12-31T23:59:59.999Z"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which evaluations are wanted; empty means any.

    ``since`` and ``until`` are moments as a record writes them; ``until`` is no longer included.
    """

    judge: str = ""
    version: str = ""
    verdict: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the moment and the number of its last row."""

    at: str
    number: int


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its place."""

    place: Place
    recorded: Recorded


def add(connection: Connection, records: Sequence[Recorded]) -> int:
    """Add those that are not there yet; answer how many that were.

    Args:
        connection: a writer's.
        records: from `recorded`, or read.

    Raises:
        EvaluationError: a version of one judge is named as another's (``evaluation.version_of_another``).
    """
    added = 0
    for part in parts(list({one.id: one for one in records}.values())):
        known = known_ids(connection, "agency_evaluations", [one.id for one in part])
        fresh = [one for one in part if one.id not in known]
        if fresh:
            _add(connection, fresh)
            added += len(fresh)
    return added


def page(connection: Connection, asked: Asked, most: int, after: Place | None = None) -> tuple[Row, ...]:
    """The newest that are asked for; with ``after``, those that come after that place.

    Raises:
        StoreError: a record was changed in the database (``store.tampered``).
    """
    wanted = _wanted(connection, asked)
    if wanted is None:
        return ()
    clauses, names = wanted
    if after is not None:
        clauses = [*clauses, "(e.at, e.number) < (:after_at, :after_number)"]
        names = names | {"after_at": after.at, "after_number": after.number}
    where = f"WHERE {' AND '.join(clauses)} " if clauses else ""
    query = f"SELECT {_COLUMNS} FROM agency_evaluations AS e {where}ORDER BY e.at DESC, e.number DESC LIMIT :most"  # noqa: S608 - constants and names of parameters
    return tuple(_row(found) for found in run(connection, query, most=most, **names))


def by_time(connection: Connection, asked: Asked) -> Iterator[Row]:
    """All that are asked for, the oldest first and those of one moment by their ids: the same in every database."""
    wanted = _wanted(connection, asked)
    if wanted is None:
        return
    clauses, names = wanted
    clauses = [*clauses, "(e.at, e.number) > (:last_at, :last_number)"]
    query = (
        f"SELECT {_COLUMNS} FROM agency_evaluations AS e WHERE {' AND '.join(clauses)} "  # noqa: S608 - likewise
        "ORDER BY e.at, e.number LIMIT :most"
    )
    last, same = Place(_FIRST, 0), list[Row]()
    while True:
        found = run(connection, query, most=_BIT, last_at=last.at, last_number=last.number, **names)
        rows = [_row(one) for one in found]
        for row in rows:
            if same and same[0].place.at != row.place.at:
                yield from sorted(same, key=lambda one: one.recorded.id)
                same = []
            same.append(row)
        if len(rows) < _BIT:
            yield from sorted(same, key=lambda one: one.recorded.id)
            return
        last = rows[-1].place


def beginning(connection: Connection, name: str) -> tuple[Row, ...]:
    """Those whose ids begin so, two at most; ``name`` is ``E-`` and hexadecimal digits."""
    query = (
        f"SELECT {_COLUMNS} FROM agency_evaluations AS e WHERE e.id >= :name AND e.id < :beyond "  # noqa: S608 - likewise
        "ORDER BY e.id LIMIT 2"
    )
    return tuple(_row(found) for found in run(connection, query, name=name, beyond=f"{name}g"))


def of_run(connection: Connection, run_id: str) -> tuple[Recorded, ...]:
    """Every evaluation of one run, in the order in which they were added."""
    query = f"SELECT {_COLUMNS} FROM agency_evaluations AS e WHERE e.run = :run ORDER BY e.number"  # noqa: S608 - likewise
    return tuple(_row(found).recorded for found in run(connection, query, run=run_id))


def versions_beginning(connection: Connection, name: str) -> tuple[str, ...]:
    """Digests of judges' versions that begin so, two at most; ``name`` may leave ``sha256:`` out."""
    whole = name if name.startswith("sha256:") else f"sha256:{name}"
    query = (
        "SELECT version FROM agency_judge_versions WHERE version >= :name AND version < :beyond "
        "ORDER BY version LIMIT 2"
    )
    return tuple(str(row[0]) for row in run(connection, query, name=whole, beyond=f"{whole}g"))


def known_ids(connection: Connection, table: str, ids: Sequence[str]) -> frozenset[str]:
    """Those of the ids that a table has."""
    found: set[str] = set()
    for part in parts(ids):
        wanted, names = listed("i", part)
        query = f"SELECT id FROM {table} WHERE id IN ({wanted})"  # noqa: S608 - the name of one of our tables
        found.update(str(row[0]) for row in run(connection, query, **names))
    return frozenset(found)


def _wanted(connection: Connection, asked: Asked) -> tuple[list[str], dict[str, Any]] | None:
    """The conditions, or ``None`` where nothing can meet them; a version stands for its judge, so one index serves."""
    names: dict[str, Any] = {}
    if asked.version:
        query = "SELECT number, judge FROM agency_judge_versions WHERE version = :version"
        found = run(connection, query, version=asked.version).one_or_none()
        if found is None or asked.judge not in {"", found[1]}:
            return None
        names["version"] = int(found[0])
    elif asked.judge:
        names["judge"] = asked.judge
    if asked.verdict:
        names["verdict"] = asked.verdict
    clauses = [f"e.{name} = :{name}" for name in names]
    if asked.since:
        clauses.append("e.at >= :since")
        names["since"] = asked.since
    if asked.until:
        clauses.append("e.at < :until")
        names["until"] = asked.until
    return clauses, names


def _add(connection: Connection, fresh: Sequence[Recorded]) -> None:
    versions = _numbers_of_versions(connection, fresh)
    first = next_number(connection, "agency_evaluations")
    run_many(
        connection,
        "INSERT INTO agency_evaluations (number, id, at, judge, version, verdict, subject, run, line) "
        "VALUES (:number, :id, :at, :judge, :version, :verdict, :subject, :run, :line)",
        [
            {
                "number": number,
                "id": one.id,
                "at": one.evaluation.at,
                "judge": one.evaluation.judge,
                "version": versions[one.evaluation.version],
                "verdict": one.evaluation.verdict,
                "subject": one.evaluation.subject,
                "run": one.evaluation.run or None,
                "line": one.line,
            }
            for number, one in enumerate(fresh, start=first)
        ],
    )
    count_new(connection, [one.evaluation for one in fresh], versions)


def _numbers_of_versions(connection: Connection, records: Sequence[Recorded]) -> dict[str, int]:
    judges = {one.evaluation.version: one.evaluation.judge for one in records}
    wanted, names = listed("v", list(judges))
    query = f"SELECT version, number, judge FROM agency_judge_versions WHERE version IN ({wanted})"  # noqa: S608 - likewise
    known = {str(version): (int(number), str(judge)) for version, number, judge in run(connection, query, **names)}
    first = next_number(connection, "agency_judge_versions")
    missing = [version for version in judges if version not in known]
    known |= {version: (number, judges[version]) for number, version in enumerate(missing, start=first)}
    for one in records:
        judge = known[one.evaluation.version][1]
        if judge != one.evaluation.judge:
            raise EvaluationError(
                f"The version {one.evaluation.version} is one of the judge {judge}, not of {one.evaluation.judge}",
                fix="Take the judge's name into what the version's digest is made of.",
                code="evaluation.version_of_another",
            )
    run_many(
        connection,
        "INSERT INTO agency_judge_versions (number, version, judge) VALUES (:number, :version, :judge)",
        [{"number": known[version][0], "version": version, "judge": judges[version]} for version in missing],
    )
    return {version: number for version, (number, _) in known.items()}


def _row(found: Sequence[Any]) -> Row:
    number, name, line, *columns = found
    line = bytes(line)
    try:
        whole = believed(line) if id_of("E", line) == name else None
    except (ValueError, KeyError, TypeError):
        whole = None
    if whole is None or [whole.at, whole.judge, whole.verdict, whole.subject] != columns:
        raise StoreError(
            f"The evaluation {name} was changed in the database",
            fix="Restore the database from a backup, or bring an export into a new one.",
            code="store.tampered",
        )
    return Row(Place(whole.at, int(number)), Recorded(str(name), line, whole))
