"""How often what an engine answered for a judge agrees with the labels in force: counts by judge's version and subject.

Labels of models are never in force, so that no engine is measured against what a model said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.store.statements import run

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class MeasuredVersion:
    """One version of a judge, by whose engine and prompt it answered.

    Args:
        version: its digest.
        engine: the engine's name in its newest evaluation.
        model_digest: of the weights; empty where the engine told none.
        prompt: digest of the prompt.
        right: for each labelled subject, how many of how many answers had the label's verdict; an abstention has not.
    """

    version: str
    engine: str
    model_digest: str
    prompt: str
    right: dict[str, tuple[int, int]]


def measured_versions(connection: Connection, judge: str, since: str) -> tuple[MeasuredVersion, ...]:
    """The versions of a judge that have labelled evaluations.

    Args:
        connection: a reader's.
        judge: whose.
        since: only evaluations from this moment on, RFC 3339 in UTC.
    """
    counted: dict[int, dict[str, tuple[int, int]]] = {}
    query = (
        "SELECT e.version, e.subject, sum(CASE WHEN e.verdict = g.verdict THEN 1 ELSE 0 END), count(*) "
        "FROM agency_gold AS g JOIN agency_evaluations AS e ON e.subject = g.subject AND e.judge = g.judge "
        "WHERE g.judge = :judge AND e.at >= :since GROUP BY e.version, e.subject"
    )
    for version, subject, right, answers in run(connection, query, judge=judge, since=since):
        counted.setdefault(int(version), {})[str(subject)] = int(right), int(answers)
    found = (_described(connection, number, right) for number, right in sorted(counted.items()))
    return tuple(sorted(found, key=lambda one: one.version))


def _described(connection: Connection, number: int, right: dict[str, tuple[int, int]]) -> MeasuredVersion:
    query = (
        "SELECT v.version, e.line FROM agency_evaluations AS e JOIN agency_judge_versions AS v ON v.number = e.version "
        "WHERE e.version = :version ORDER BY e.at DESC, e.number DESC LIMIT 1"
    )
    version, line = run(connection, query, version=number).one()
    told = json.loads(bytes(line))
    return MeasuredVersion(version, told["engine"], told["model_digest"], told["prompt"], right)
