"""Asking the store about evaluations and labels, and labelling by hand or from appeals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import EvaluationError, UsageError
from agent_agency.store import evaluations as evaluation_table
from agent_agency.store import labels as label_table
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import VERDICTS, Recorded
from agent_agency.store.evaluations import Asked
from agent_agency.store.labels import AskedLabels, Label, RecordedLabel, recorded_label
from agent_agency.workflows.judge_names import check_judge
from agent_agency.workflows.learning_store import reading

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.arbitration.appeals.labels import Label as AppealLabel

_ID = re.compile(r"[EL]-[0-9a-f]{1,32}")
_DIGEST_START = re.compile(r"(sha256:)?[0-9a-f]{6,64}")
_RULED: Mapping[str, str] = {"approved": "pass", "waived": "pass", "conditional": "partial", "rejected": "fail"}
"""What a verdict over a change means as an answer of a judge; ``waived`` is one that may go in all the same."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: the records as JSON-ready data, and the id after which the next page begins, if there is more."""

    records: tuple[dict[str, Any], ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class FromRulings:
    """What appeals gave: labels that are new, those known before, and those left out as they may still change."""

    new: int
    known: int
    not_final: int


def asked_for(
    database: Database, *, judge: str = "", version: str = "", verdict: str = "", since: str = "", until: str = ""
) -> Asked:
    """Read what a person asks for.

    Args:
        database: where a beginning of a version's digest is looked up.
        judge: a judge's name.
        version: a judge version's digest, or a beginning that no other has.
        verdict: one of the four.
        since: a day or a moment.
        until: likewise, no longer included.

    Raises:
        UsageError: the verdict or a moment is none.
        JudgeError: there is no such judge.
        EvaluationError: no version, or more than one, begins so (``evaluation.unknown_version``).
    """
    if verdict and verdict not in VERDICTS:
        raise UsageError(f"There is no verdict {verdict!r}", fix=f"Write one of {', '.join(VERDICTS)}.")
    check_judge(database, judge)
    whole = _whole_version(database, version) if version else ""
    return Asked(judge, whole, verdict, moment_of(since), moment_of(until))


def moment_of(text: str) -> str:
    """A day (``2026-01-31``, from its beginning in UTC) or a moment with its offset, as records write moments.

    Raises:
        UsageError: it is neither.
    """
    if not text:
        return ""
    found = None
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        if len(text) == len("2026-01-31"):
            found = found.replace(tzinfo=UTC)
        if found.tzinfo is not None:
            return rfc3339(found)
    why = "does not say in which time zone" if found else "is no day and no moment"
    raise UsageError(f"{text!r} {why}", fix="Write 2026-01-31, or 2026-01-31T08:00:00Z.")


def list_evaluations(database: Database, asked: Asked, most: int, after: str = "") -> Listing:
    """The newest evaluations that are asked for, without their reasoning; ``after`` goes on after that id.

    Raises:
        EvaluationError: ``after`` names no evaluation.
        StoreError: a record was changed in the database.
    """
    with reading(database) as connection:
        if connection is None:
            return Listing((), None)
        place = _only(connection, after, "E").place if after else None
        rows = evaluation_table.page(connection, asked, most + 1, place)
        gold = _gold_beside(connection, [row.recorded for row in rows])
    records = tuple(_short(row.recorded, gold.get(row.recorded.id)) for row in rows[:most])
    return Listing(records, rows[most - 1].recorded.id if len(rows) > most else None)


def show_evaluation(database: Database, name: str) -> dict[str, Any]:
    """All of one evaluation, and the label in force about its subject.

    Raises:
        EvaluationError: none or several are meant.
    """
    with reading(database) as connection:
        found = _only(connection, name, "E").recorded
        gold = _gold_beside(connection, [found]) if connection is not None else {}
    return {"id": found.id, **found.evaluation.as_dict(), "label": gold.get(found.id)}


def statistics(database: Database, judge: str = "", since: str = "") -> dict[str, Any]:
    """How many evaluations there are of each version and verdict, what they took, and how they agree with labels.

    Raises:
        UsageError: ``since`` is no day.
        JudgeError: there is no such judge.
    """
    from agent_agency.store.evaluation_days import agreement_by_version, sums_by_version

    check_judge(database, judge)
    day = moment_of(since)[: len("2026-01-31")]
    with reading(database) as connection:
        if connection is None:
            return {"evaluations": 0, "versions": [], "labels": []}
        rows = sums_by_version(connection, judge, day)
        agreement = agreement_by_version(connection, day)
        counts = label_table.counts(connection)
    versions: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = versions.setdefault(
            (row.judge, row.version), {"judge": row.judge, "version": row.version, "verdicts": {}}
        )
        one["verdicts"][row.verdict] = asdict(row.sums)
    for one in versions.values():
        found = agreement.get(one["version"])
        one["evaluations"] = sum(each["evaluations"] for each in one["verdicts"].values())
        one["labelled"], one["decided"], one["right"] = (
            (found.labelled, found.decided, found.right) if found else (0, 0, 0)
        )
        one["accuracy"] = one["right"] / one["decided"] if one["decided"] else None
    labels = [{"judge": one, "source": two, "verdict": three, "labels": count} for one, two, three, count in counts]
    return {
        "evaluations": sum(one["evaluations"] for one in versions.values()),
        "versions": list(versions.values()),
        "labels": [one for one in labels if judge in {"", one["judge"]}],
    }


def add_labels(database: Database, labels: Sequence[Label]) -> tuple[RecordedLabel, ...]:
    """Label subjects; what is there already stays one label.

    Raises:
        EvaluationError: a label is not what it must be; then none is added.
    """
    records = tuple(recorded_label(one) for one in labels)
    with database.write() as connection:
        label_table.add(connection, records)
    return records


def label_by_hand(database: Database, clock: Clock, label: Label, evaluation: str = "") -> RecordedLabel:
    """Label the subject of an evaluation, or the one that the label names.

    Args:
        database: where.
        clock: dates the label.
        label: with no moment yet; subject and judge are those of the evaluation where one is named.
        evaluation: an evaluation's id or a beginning that no other has; may be empty.

    Raises:
        EvaluationError: no such evaluation, or the label is not what it must be.
        JudgeError: there is no such judge.
    """
    from dataclasses import replace

    check_judge(database, label.judge)
    whole = replace(label, at=rfc3339(clock.now()))
    if evaluation:
        with reading(database) as connection:
            about = _only(connection, evaluation, "E").recorded.evaluation
        whole = replace(whole, subject=about.subject, judge=label.judge or about.judge)
    (made,) = add_labels(database, [whole])
    return made


def list_labels(database: Database, asked: AskedLabels, most: int, after: str = "") -> Listing:
    """The newest labels that are asked for, each with whether it is in force.

    Raises:
        EvaluationError: ``after`` names no label.
        JudgeError: there is no such judge.
    """
    check_judge(database, asked.judge)
    with reading(database) as connection:
        if connection is None:
            return Listing((), None)
        place = _only(connection, after, "L").place if after else None
        rows = label_table.page(connection, asked, most + 1, place)
        shown = [row.recorded for row in rows[:most]]
        in_force = _in_force(connection, shown)
    records = tuple({"id": one.id, **one.label.as_dict(), "in_force": one.id in in_force} for one in shown)
    return Listing(records, shown[-1].id if len(rows) > most else None)


def import_rulings(database: Database, clock: Clock, judge: str, found: Iterable[AppealLabel]) -> FromRulings:
    """Take the labels that appeals gave; those that may still change are left out.

    The subject is the digest of the case file that the ruling was decided from, and the evidence is the same.

    Raises:
        JudgeError: there is no such judge.
    """
    check_judge(database, judge)
    every = list(found)
    final = [one for one in every if one.final and one.label in _RULED]
    at = rfc3339(clock.now())
    with database.write() as connection:
        known = label_table.gold_of(connection, judge, [one.case for one in final])
        fresh = [_of_ruling(one, judge, at) for one in final if not _same(known.get(one.case), one)]
        label_table.add(connection, fresh)
    return FromRulings(len(fresh), len(final) - len(fresh), len(every) - len(final))


def _of_ruling(one: AppealLabel, judge: str, at: str) -> RecordedLabel:
    note = f"The ruling {one.ruling} was {one.was} and should have been {one.label}."
    who = f"appeal {one.appeal}, level {one.level}"
    return recorded_label(
        Label(at, one.case, judge, _RULED[one.label], None, "ruling", who, evidence=one.case, note=note)
    )


def _same(gold: label_table.Gold | None, one: AppealLabel) -> bool:
    return gold is not None and (gold.rank, gold.verdict) == (label_table.RANKS["ruling"], _RULED[one.label])


def _whole_version(database: Database, version: str) -> str:
    found: tuple[str, ...] = ()
    if _DIGEST_START.fullmatch(version):
        with reading(database) as connection:
            found = evaluation_table.versions_beginning(connection, version) if connection is not None else ()
    if len(found) != 1:
        raise EvaluationError(
            f"{'More than one version begins' if found else 'No version of a judge begins'} with {version!r}",
            fix="Take it from agency evaluations stats; six hexadecimal digits at least.",
            code="evaluation.unknown_version",
        )
    return found[0]


def _only(connection: Connection | None, name: str, letter: str) -> Any:
    """The one row that a person means."""
    rows: tuple[Any, ...] = ()
    if connection is not None and name.startswith(letter) and _ID.fullmatch(name):
        table = evaluation_table if letter == "E" else label_table
        rows = table.beginning(connection, name)
    if len(rows) != 1:
        kind = "evaluation" if letter == "E" else "label"
        told = f"More than one {kind} begins" if rows else f"No {kind} begins"
        fix = f"Take an id from agency {'evaluations' if letter == 'E' else 'label'} list."
        raise EvaluationError(f"{told} with {name!r}", fix=fix, code="evaluation.unknown")
    return rows[0]


def _gold_beside(connection: Connection, records: Sequence[Recorded]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    sources = {rank: source for source, rank in label_table.RANKS.items()}
    for judge in {one.evaluation.judge for one in records}:
        mine = [one for one in records if one.evaluation.judge == judge]
        gold = label_table.gold_of(connection, judge, sorted({one.evaluation.subject for one in mine}))
        for one in mine:
            label = gold.get(one.evaluation.subject)
            if label is not None:
                found[one.id] = {"verdict": label.verdict, "source": sources[label.rank], "id": label.label}
    return found


def _in_force(connection: Connection, records: Sequence[RecordedLabel]) -> frozenset[str]:
    found: set[str] = set()
    for judge in {one.label.judge for one in records}:
        subjects = sorted({one.label.subject for one in records if one.label.judge == judge})
        found.update(gold.label for gold in label_table.gold_of(connection, judge, subjects).values())
    return frozenset(found)


def _short(one: Recorded, gold: dict[str, str] | None) -> dict[str, Any]:
    told = one.evaluation
    return {
        "id": one.id,
        "at": told.at,
        "judge": told.judge,
        "version": told.version,
        "subject": told.subject,
        "verdict": told.verdict,
        "score": told.score,
        "confidence": told.confidence,
        "abstained_because": told.abstained_because,
        "engine": told.engine,
        "model": told.model,
        "run": told.run,
        "label": gold,
    }
