"""Sums of evaluations by day, kept up with every write: to count a million rows takes longer than a listing may.

Two tables follow from the evaluations and the labels and from nothing else: what the evaluations of a version come to
on each day, and how their verdicts stand to the labels in force. Both are written in the transaction that writes what
they count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.store.statements import listed, parts, run, run_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.store.evaluation_record import Evaluation

_DAY = len("2026-01-31")
_MILLION = 1_000_000
_SUMS = (
    "evaluations",
    "scored",
    "score_millionths",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "latency_us",
    "cache_hits",
)
_ABSTAIN = "abstain"
_ALL_DAYS = ""
"""Stands in the place of a day for all days together."""

_FIRST_DAY = "0000-01-01"
_AGREED = (
    "CAST(sum(evaluations) AS BIGINT), "
    "CAST(sum(CASE WHEN verdict = :abstain THEN 0 ELSE evaluations END) AS BIGINT), "
    "CAST(sum(CASE WHEN verdict = gold THEN evaluations ELSE 0 END) AS BIGINT)"
)
Agreement = tuple[int, str, str, str]
"""The number of a version, the day, the verdict, and the verdict of the label in force."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What evaluations come to.

    ``mean_score`` is over the ``scored`` ones, rounded to millionths, ``None`` without any; tokens are those that
    engines told; ``latency_s`` is the sum.
    """

    evaluations: int
    scored: int
    mean_score: float | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    latency_s: float
    cache_hits: int


@dataclass(frozen=True, slots=True)
class VersionSums:
    """What the evaluations of one version with one verdict come to."""

    judge: str
    version: str
    verdict: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class AccuracyDay:
    """How one version of a judge did against the labels in force on the evaluations of one day (UTC).

    Of ``labelled`` evaluations, ``decided`` were no abstentions, and ``right`` had the verdict of the label.
    """

    day: str
    version: str
    labelled: int
    decided: int
    right: int


def count_new(connection: Connection, evaluations: Sequence[Evaluation], versions: Mapping[str, int]) -> None:
    """Count evaluations that were just added; ``versions`` gives the number of each version."""
    sums: dict[tuple[int, str, str], list[int]] = {}
    agreements: dict[Agreement, int] = {}
    gold = _gold_of(connection, evaluations)
    for one in evaluations:
        label, summed = gold.get((one.subject, one.judge)), _summed(one)
        for day in (one.at[:_DAY], _ALL_DAYS):
            key = versions[one.version], day, one.verdict
            sums[key] = [have + more for have, more in zip(sums.get(key, [0] * len(_SUMS)), summed, strict=True)]
            if label is not None:
                agreements[*key, label] = agreements.get((*key, label), 0) + 1
    added = ", ".join(f"{name} = agency_evaluation_days.{name} + excluded.{name}" for name in _SUMS)
    run_many(
        connection,
        f"INSERT INTO agency_evaluation_days (version, day, verdict, {', '.join(_SUMS)}) "  # noqa: S608 - constants
        f"VALUES (:version, :day, :verdict, {', '.join(f':{name}' for name in _SUMS)}) "
        f"ON CONFLICT (version, day, verdict) DO UPDATE SET {added}",
        [
            {"version": version, "day": day, "verdict": verdict, **dict(zip(_SUMS, values, strict=True))}
            for (version, day, verdict), values in sorted(sums.items())
        ],
    )
    _add_agreements(connection, agreements)


def count_relabelled(connection: Connection, moved: Mapping[tuple[str, str], tuple[str | None, str]]) -> None:
    """Count anew the evaluations whose label in force has changed.

    Args:
        connection: a writer's.
        moved: for a subject and a judge, the verdict of the label before, and now.
    """
    agreements: dict[Agreement, int] = {}
    for part in parts(list(moved)):
        names = {f"{what}{at}": text for at, pair in enumerate(part) for what, text in zip("sj", pair, strict=True)}
        pairs = ", ".join(f"(:s{at}, :j{at})" for at in range(len(part)))
        query = (
            f"SELECT subject, judge, version, substr(at, 1, {_DAY}) AS day, verdict, count(*) "  # noqa: S608 - constants and names of parameters
            f"FROM agency_evaluations WHERE (subject, judge) IN (VALUES {pairs}) "
            "GROUP BY subject, judge, version, day, verdict"
        )
        for subject, judge, version, day, verdict, count in run(connection, query, **names):
            before, after = moved[subject, judge]
            for label, sign in ((before, -1), (after, 1)):
                for each in (str(day), _ALL_DAYS) if label is not None else ():
                    key = int(version), each, str(verdict), str(label)
                    agreements[key] = agreements.get(key, 0) + sign * int(count)
    _add_agreements(connection, agreements)


def sums_by_version(connection: Connection, judge: str = "", since: str = "") -> tuple[VersionSums, ...]:
    """What evaluations come to, by judge, version and verdict.

    Args:
        connection: a reader's.
        judge: one judge only.
        since: a day as ``2026-01-31``: only from then on.
    """
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT)" for name in _SUMS)
    query = (
        f"SELECT version, verdict, {sums} FROM agency_evaluation_days AS d "  # noqa: S608 - constants
        f"WHERE {_since('d', since)}{_of(judge)} GROUP BY version, verdict ORDER BY version, verdict"
    )
    rows = run(connection, query, since=since, judge=judge).all()
    versions = _versions(connection, judge)
    found = [VersionSums(versions[row[0]][1], versions[row[0]][0], str(row[1]), _sums(row[2:])) for row in rows]
    return tuple(sorted(found, key=lambda one: one.judge))


def accuracy_series(connection: Connection, judge: str, version: str = "", since: str = "") -> tuple[AccuracyDay, ...]:
    """How the versions of a judge did against the labels in force, day by day, the oldest first.

    Args:
        connection: a reader's.
        judge: whose versions.
        version: the digest of one of them only.
        since: a day as ``2026-01-31``: only from then on.
    """
    query = (
        f"SELECT day, version, {_AGREED} FROM agency_agreement_days AS d "  # noqa: S608 - constants
        f"WHERE day >= :since{_of(judge)} GROUP BY version, day HAVING sum(evaluations) > 0"
    )
    rows = run(connection, query, judge=judge, since=since or _FIRST_DAY, abstain=_ABSTAIN).all()
    versions = _versions(connection, judge)
    days = [AccuracyDay(day, versions[number][0], *counts) for day, number, *counts in rows]
    return tuple(sorted((one for one in days if version in {"", one.version}), key=lambda one: (one.day, one.version)))


def agreement_by_version(connection: Connection, since: str = "") -> dict[str, AccuracyDay]:
    """How every version did against the labels in force, over all days or from a day on, by the version's digest."""
    query = (
        f"SELECT version, {_AGREED} FROM agency_agreement_days AS d "  # noqa: S608 - constants
        f"WHERE {_since('d', since)} GROUP BY version HAVING sum(evaluations) > 0"
    )
    rows = run(connection, query, since=since, abstain=_ABSTAIN).all()
    names = {number: name for number, (name, _) in _versions(connection, "").items()}
    return {names[number]: AccuracyDay(since, names[number], *counts) for number, *counts in rows}


def judges(connection: Connection) -> tuple[str, ...]:
    """The judges that have evaluations."""
    return tuple(str(name) for (name,) in run(connection, "SELECT DISTINCT judge FROM agency_judge_versions"))


def _versions(connection: Connection, judge: str) -> dict[int, tuple[str, str]]:
    """Version and judge by number; sums are made by number, as texts of digests are slow to compare."""
    query = "SELECT number, version, judge FROM agency_judge_versions WHERE :judge = '' OR judge = :judge"
    return {int(number): (str(name), str(whose)) for number, name, whose in run(connection, query, judge=judge)}


def _since(table: str, since: str) -> str:
    return f"{table}.day >= :since" if since else f"{table}.day = :since"


def _of(judge: str) -> str:
    return " AND d.version IN (SELECT number FROM agency_judge_versions WHERE judge = :judge)" if judge else ""


def _summed(one: Evaluation) -> Iterable[int]:
    """The parts of the sums, as whole numbers: sums of those are the same in whatever order they are made."""
    scored = one.score is not None
    tokens = (one.prompt_tokens, one.completion_tokens, one.cached_tokens)
    score = round((one.score or 0.0) * _MILLION)
    return (
        1,
        int(scored),
        score,
        *(count or 0 for count in tokens),
        round(one.latency_s * _MILLION),
        int(one.cache_hit),
    )


def _sums(row: Sequence[Any]) -> Sums:
    evaluations, scored, score, prompt, completion, cached, latency, hits = map(int, row)
    mean = round(score / scored / _MILLION, 6) if scored else None
    return Sums(evaluations, scored, mean, prompt, completion, cached, latency / _MILLION, hits)


def _gold_of(connection: Connection, evaluations: Sequence[Evaluation]) -> dict[tuple[str, str], str]:
    subjects = sorted({one.subject for one in evaluations})
    found: dict[tuple[str, str], str] = {}
    for part in parts(subjects):
        wanted, names = listed("s", part)
        query = f"SELECT subject, judge, verdict FROM agency_gold WHERE subject IN ({wanted})"  # noqa: S608 - names of parameters
        found |= {
            (str(subject), str(judge)): str(verdict) for subject, judge, verdict in run(connection, query, **names)
        }
    return found


def _add_agreements(connection: Connection, agreements: Mapping[Agreement, int]) -> None:
    run_many(
        connection,
        "INSERT INTO agency_agreement_days (version, day, verdict, gold, evaluations) "
        "VALUES (:version, :day, :verdict, :gold, :more) ON CONFLICT (version, day, verdict, gold) "
        "DO UPDATE SET evaluations = agency_agreement_days.evaluations + excluded.evaluations",
        [
            {"version": version, "day": day, "verdict": verdict, "gold": gold, "more": more}
            for (version, day, verdict, gold), more in sorted(agreements.items())
            if more
        ],
    )
