"""Labels: what the right verdict on a subject is, who says so, and which of several counts.

Labels are added, never changed. Of several about one subject and judge, the one of the higher source is in force, and
of one source the newest:

- ``ruling``: an appeal was heard and decided by people;
- ``person``: somebody looked and corrected; over what a program found, as programs have defects too;
- ``truth``: executable truth: tests were run, a diff was measured;
- ``model``: a model said so. It is kept, and is never in force: a judge is not measured against its own kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import CanonicalReader
from agent_agency.errors import EvaluationError, StoreError
from agent_agency.store.evaluation_days import count_relabelled
from agent_agency.store.evaluation_record import canonical_line, id_of, number
from agent_agency.store.evaluations import Place, known_ids
from agent_agency.store.fields import Fields
from agent_agency.store.statements import listed, next_number, parts, run, run_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

MODEL = "model"
RANKS: Mapping[str, int] = {MODEL: 0, "truth": 1, "person": 2, "ruling": 3}
"""The sources; a greater rank counts over a smaller one."""

VERDICTS = ("pass", "partial", "fail")
_BIT = 1000
_COLUMNS = "number, id, line, at, judge, source, subject"

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Label:
    """The right verdict on one subject for one judge.

    Args:
        at: when it was given, RFC 3339 in UTC with milliseconds.
        subject: digest of what is judged.
        judge: for which judge.
        verdict: ``pass``, ``partial`` or ``fail``.
        score: 0 to 1, or ``None`` where only the verdict is known; 0 is a score.
        source: ``truth``, ``person``, ``ruling`` or ``model``.
        who: the person, program or appeal.
        evidence: digest of what shows it, or empty.
        note: for people.
    """

    at: str
    subject: str
    judge: str
    verdict: str
    score: float | None
    source: str
    who: str
    evidence: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "at": self.at,
            "evidence": self.evidence,
            "judge": self.judge,
            "note": self.note,
            "score": number(self.score),
            "source": self.source,
            "subject": self.subject,
            "verdict": self.verdict,
            "who": self.who,
        }


@dataclass(frozen=True, slots=True)
class RecordedLabel:
    """A label with its canonical JSON and the id that follows from it."""

    id: str
    line: bytes
    label: Label


@dataclass(frozen=True, slots=True)
class Gold:
    """The label in force about a subject for a judge: its verdict, its source's rank, and its id."""

    verdict: str
    rank: int
    at: str
    label: str


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label with its place in a listing."""

    place: Place
    recorded: RecordedLabel


@dataclass(frozen=True, slots=True)
class AskedLabels:
    """Which labels are wanted; empty means any."""

    judge: str = ""
    source: str = ""
    subject: str = ""


def recorded_label(label: Label) -> RecordedLabel:
    """Write a label as a record, after holding it to the same rules as one that is read.

    Raises:
        EvaluationError: a member is not what it must be.
    """
    members = label.as_dict()
    try:
        line = canonical_line(members)
    except ValueError as error:
        raise EvaluationError(f"The label is no plain JSON: {error}", fix="Correct what is recorded.") from error
    read_label(members)
    return RecordedLabel(id_of("L", line), line, label)


def read_label(members: Any) -> Label:
    """Read a label strictly.

    Raises:
        EvaluationError: a member is missing, unknown, or not what it must be.
    """
    fields = Fields(members, "label")
    found = Label(
        at=fields.moment("at"),
        subject=fields.digest("subject"),
        judge=fields.name("judge"),
        verdict=fields.one_of("verdict", VERDICTS),
        score=fields.share("score"),
        source=fields.one_of("source", RANKS),
        who=fields.name("who"),
        evidence=fields.digest("evidence", empty=True),
        note=fields.text("note"),
    )
    fields.done()
    return found


def add(connection: Connection, labels: Sequence[RecordedLabel]) -> int:
    """Add those that are not there yet, and count anew what they change; answer how many that were."""
    added = 0
    for part in parts(list({one.id: one for one in labels}.values())):
        known = known_ids(connection, "agency_labels", [one.id for one in part])
        fresh = [one for one in part if one.id not in known]
        if fresh:
            _insert(connection, fresh)
            _count(connection, fresh)
            _put_in_force(connection, fresh)
            added += len(fresh)
    return added


def gold_of(connection: Connection, judge: str, subjects: Sequence[str]) -> dict[str, Gold]:
    """The labels in force for a judge, by subject; subjects without one are left out."""
    found: dict[str, Gold] = {}
    for part in parts(subjects):
        for (subject, whose), gold in _in_force(connection, part).items():
            if whose == judge:
                found[subject] = gold
    return found


def page(connection: Connection, asked: AskedLabels, most: int, after: Place | None = None) -> tuple[LabelRow, ...]:
    """The newest labels that are asked for; with ``after``, those that come after that place.

    Raises:
        StoreError: a label was changed in the database (``store.tampered``).
    """
    clauses, names = _wanted(asked)
    if after is not None:
        clauses.append("(at, number) < (:after_at, :after_number)")
        names |= {"after_at": after.at, "after_number": after.number}
    where = f"WHERE {' AND '.join(clauses)} " if clauses else ""
    query = f"SELECT {_COLUMNS} FROM agency_labels {where}ORDER BY at DESC, number DESC LIMIT :most"  # noqa: S608 - constants and names of parameters
    return tuple(_row(found, CanonicalReader()) for found in run(connection, query, most=most, **names))


def by_time(connection: Connection, asked: AskedLabels) -> Iterator[RecordedLabel]:
    """All that are asked for, the oldest first and those of one moment by their ids: the same in every database."""
    clauses, names = _wanted(asked)
    clauses.append("(at, number) > (:last_at, :last_number)")
    query = f"SELECT {_COLUMNS} FROM agency_labels WHERE {' AND '.join(clauses)} ORDER BY at, number LIMIT :most"  # noqa: S608 - likewise
    last, reader, same = Place("0", 0), CanonicalReader(), list[RecordedLabel]()
    while True:
        found = run(connection, query, most=_BIT, last_at=last.at, last_number=last.number, **names)
        rows = [_row(one, reader) for one in found]
        for row in rows:
            if same and same[0].label.at != row.place.at:
                yield from sorted(same, key=lambda one: one.id)
                same = []
            same.append(row.recorded)
        if len(rows) < _BIT:
            yield from sorted(same, key=lambda one: one.id)
            return
        last = rows[-1].place


def beginning(connection: Connection, name: str) -> tuple[LabelRow, ...]:
    """Those whose ids begin so, two at most; ``name`` is ``L-`` and hexadecimal digits."""
    query = f"SELECT {_COLUMNS} FROM agency_labels WHERE id >= :name AND id < :beyond ORDER BY id LIMIT 2"  # noqa: S608 - likewise
    rows = run(connection, query, name=name, beyond=f"{name}g")
    return tuple(_row(found, CanonicalReader()) for found in rows)


def counts(connection: Connection) -> tuple[tuple[str, str, str, int], ...]:
    """Judge, source, verdict, and how many labels those are."""
    query = "SELECT judge, source, verdict, labels FROM agency_label_counts ORDER BY judge, source, verdict"
    return tuple((str(one), str(two), str(three), int(count)) for one, two, three, count in run(connection, query))


def _wanted(asked: AskedLabels) -> tuple[list[str], dict[str, Any]]:
    pairs = {"judge": asked.judge, "source": asked.source, "subject": asked.subject}
    names: dict[str, Any] = {name: value for name, value in pairs.items() if value}
    return [f"{name} = :{name}" for name in names], names


def _insert(connection: Connection, fresh: Sequence[RecordedLabel]) -> None:
    first = next_number(connection, "agency_labels")
    run_many(
        connection,
        "INSERT INTO agency_labels (number, id, at, judge, subject, source, line) "
        "VALUES (:number, :id, :at, :judge, :subject, :source, :line)",
        [
            {
                "number": number,
                "id": one.id,
                "at": one.label.at,
                "judge": one.label.judge,
                "subject": one.label.subject,
                "source": one.label.source,
                "line": one.line,
            }
            for number, one in enumerate(fresh, start=first)
        ],
    )


def _count(connection: Connection, fresh: Sequence[RecordedLabel]) -> None:
    found: dict[tuple[str, str, str], int] = {}
    for one in fresh:
        key = one.label.judge, one.label.source, one.label.verdict
        found[key] = found.get(key, 0) + 1
    run_many(
        connection,
        "INSERT INTO agency_label_counts (judge, source, verdict, labels) VALUES (:judge, :source, :verdict, :more) "
        "ON CONFLICT (judge, source, verdict) DO UPDATE SET labels = agency_label_counts.labels + excluded.labels",
        [
            {"judge": judge, "source": source, "verdict": verdict, "more": more}
            for (judge, source, verdict), more in sorted(found.items())
        ],
    )


def _put_in_force(connection: Connection, fresh: Sequence[RecordedLabel]) -> None:
    """Let the best label about each subject and judge be the one that counts; which came first makes no difference."""
    offered = [(one, RANKS[one.label.source]) for one in fresh if one.label.source != MODEL]
    before = _in_force(connection, sorted({one.label.subject for one, _ in offered}))
    now: dict[_Key, Gold] = {}
    for one, rank in offered:
        key = one.label.subject, one.label.judge
        new, old = Gold(one.label.verdict, rank, one.label.at, one.id), now.get(key) or before.get(key)
        if old is None or (new.rank, new.at, new.label) > (old.rank, old.at, old.label):
            now[key] = new
    run_many(
        connection,
        "INSERT INTO agency_gold (subject, judge, verdict, rank, at, label) "
        "VALUES (:subject, :judge, :verdict, :rank, :at, :label) ON CONFLICT (subject, judge) DO UPDATE SET "
        "verdict = excluded.verdict, rank = excluded.rank, at = excluded.at, label = excluded.label",
        [
            {"subject": subject, "judge": judge, "verdict": gold.verdict, "rank": gold.rank, "at": gold.at}
            | {"label": gold.label}
            for (subject, judge), gold in sorted(now.items())
        ],
    )
    was = {key: before[key].verdict if key in before else None for key in now}
    count_relabelled(
        connection, {key: (was[key], gold.verdict) for key, gold in now.items() if was[key] != gold.verdict}
    )


def _in_force(connection: Connection, subjects: Sequence[str]) -> dict[_Key, Gold]:
    found: dict[_Key, Gold] = {}
    for part in parts(subjects):
        wanted, names = listed("s", part)
        query = f"SELECT subject, judge, verdict, rank, at, label FROM agency_gold WHERE subject IN ({wanted})"  # noqa: S608 - likewise
        for subject, judge, verdict, rank, at, label in run(connection, query, **names):
            found[str(subject), str(judge)] = Gold(str(verdict), int(rank), str(at), str(label))
    return found


def _row(found: Sequence[Any], reader: CanonicalReader) -> LabelRow:
    number, name, line, *columns = found
    line = bytes(line)
    try:
        whole = read_label(reader.read(line)) if id_of("L", line) == name else None
    except (ValueError, EvaluationError):
        whole = None
    if whole is None or [whole.at, whole.judge, whole.source, whole.subject] != columns:
        raise StoreError(
            f"The label {name} was changed in the database",
            fix="Restore the database from a backup, or bring an export into a new one.",
            code="store.tampered",
        )
    return LabelRow(Place(whole.at, int(number)), RecordedLabel(str(name), line, whole))
