"""Evaluations: every listing among 1,000,000 of them, on SQLite and on Postgres.

Budget: each listing P95 at most 100 ms. With ``AGENCY_TEST_POSTGRES`` naming a server whose user may create databases,
that one is asked, and else one of Debian's is started for the run where it is installed. ``EVALUATIONS`` in the
environment names another number of rows. ``python -m benchmarks evaluations`` takes minutes: it fills the tables by the
same functions that record a judge's work, some thousand rows a second.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.store import evaluations, labels
from agent_agency.store.database import Database
from agent_agency.store.evaluation_days import accuracy_series, sums_by_version
from agent_agency.store.evaluation_record import Evaluation, recorded
from agent_agency.store.evaluations import Asked, Place
from agent_agency.store.labels import AskedLabels, Label, recorded_label
from agent_agency.workflows.evaluations import list_evaluations, list_labels, statistics
from benchmarks.figures import Figure, figure_of, milliseconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

ROWS = int(os.environ.get("EVALUATIONS", "1000000"))
LABELLED = 10  # one subject in so many
POSTGRES = os.environ.get("AGENCY_TEST_POSTGRES")
ASKED = 60
BUDGET_MS = 100
PAGE = 20
DAYS = 200
_BATCH = 5000
_JUDGES = ("relevance", "faithfulness", "minimality", "safety", "rubric")
_VERSIONS = 40  # of each judge
_VERDICTS = ("pass", "partial", "fail", "abstain")


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        yield from _on("SQLite", f"sqlite:///{folder}/evaluations.db")
    if POSTGRES:
        yield from _on("Postgres", _new_database(POSTGRES))
        return
    from support.postgres import new_database, running_postgres

    with running_postgres(durable=True) as server:
        if server is not None:
            yield from _on("Postgres", new_database(server, "agency_bench"))


def _on(name: str, url: str) -> Iterator[Figure]:
    database = Database.open(url)
    started = perf_counter()
    _fill(database, ROWS)
    taken = perf_counter() - started
    yield figure_of(f"{name}: record evaluations", "rows/s", [ROWS / taken], better="higher", note=f"{ROWS:,} rows")
    if database.address.path is None:
        with database.write() as connection:
            connection.exec_driver_sql("ANALYZE")
    else:
        size = database.address.path.stat().st_size / 1024**3
        yield figure_of(f"{name}: size of the file", "GiB", [size])
    for told, work in _listings(database):
        times = [milliseconds(work, repeat=1, warm_up=int(at == 0))[0] for at in range(ASKED)]
        yield _p95(f"{name}: {told}, P95", times, budget=BUDGET_MS)
    database.close()


def _fill(database: Database, count: int) -> None:
    chance = random.Random(5)
    for first in range(0, count, _BATCH):
        made = [recorded(_evaluation(number, chance)) for number in range(first, min(count, first + _BATCH))]
        marked = [one.evaluation for one in made if chance.randrange(LABELLED) == 0]
        with database.write() as connection:
            evaluations.add(connection, made)
            labels.add(connection, [recorded_label(_label(one, chance)) for one in marked])


def _evaluation(number: int, chance: random.Random) -> Evaluation:
    judge = _JUDGES[min(int(chance.paretovariate(1)) - 1, len(_JUDGES) - 1)]
    verdict = chance.choices(_VERDICTS, (70, 15, 14, 1))[0]
    seconds = int(chance.random() * DAYS * 86_400)
    return Evaluation(
        at=f"{_DAY_NAMES[seconds // 86_400]}T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000Z",
        judge=judge,
        version=_digest(judge, int(chance.paretovariate(0.7)) % _VERSIONS),
        prompt=_digest("prompt", judge),
        model="gemma3:4b",
        model_digest=_digest("model", judge),
        engine="ollama:gemma3:4b",
        parameters=_digest("parameters", judge),
        subject=_digest("subject", number % (ROWS // 3 + 1)),
        verdict=verdict,
        score=None if verdict == "abstain" else round(chance.random(), 2),
        confidence=None if verdict == "abstain" else round(chance.random(), 2),
        latency_s=round(chance.random(), 3),
        identity={"backend": "ollama 0.12", "quantisation": "Q4_K_M"},
        reasoning="The change does what was asked and nothing beside it; the tests that it names were run. " * 3,
        evidence=("return self._total + one.amount", "assert total(orders) == 12"),
        suggestions=("Say in the description why the old path stays.",),
        prompt_tokens=chance.randint(500, 4000),
        completion_tokens=chance.randint(50, 300),
        run=f"run {number // 10_000}",
        repeat=number,
    )


def _label(one: Evaluation, chance: random.Random) -> Label:
    source = chance.choice(("truth", "person", "model"))
    verdict = one.verdict if one.verdict != "abstain" and chance.random() < 0.8 else "fail"
    return Label(one.at, one.subject, one.judge, verdict, None, source, "the bench")


def _listings(database: Database) -> Iterator[tuple[str, Callable[[], object]]]:
    chance = random.Random(7)
    anywhere = _places(database, chance)

    def listing(asked: Asked, most: int = PAGE) -> Callable[[], object]:
        return lambda: list_evaluations(database, asked, most)

    def further(asked: Asked) -> Callable[[], object]:
        return lambda: _page(database, asked, chance.choice(anywhere))

    rare = Asked(judge="rubric", version=_rarest(database), verdict="abstain")
    half = f"{_DAY_NAMES[DAYS // 2]}T00:00:00.000Z"
    yield f"newest {PAGE}", listing(Asked())
    yield "newest 500", listing(Asked(), 500)
    yield f"{PAGE} of a judge", listing(Asked(judge="safety"))
    yield f"{PAGE} of a judge and a verdict", listing(Asked(judge="safety", verdict="abstain"))
    yield f"{PAGE} of a verdict", listing(Asked(verdict="abstain"))
    yield f"{PAGE} of the rarest version", listing(replace(rare, verdict=""))
    yield f"{PAGE} of the rarest version and a verdict", listing(rare)
    yield f"{PAGE} until the middle of the time", listing(Asked(judge="minimality", until=half))
    yield f"{PAGE} of a judge that has none", listing(Asked(judge="nobody"))
    yield f"{PAGE} from anywhere on", further(Asked())
    yield f"{PAGE} of a judge and a verdict from anywhere on", further(Asked(judge="relevance", verdict="fail"))
    yield "sums of all", partial(statistics, database)
    yield "sums of a judge since a day", partial(statistics, database, "safety", _DAY_NAMES[DAYS // 2])
    yield "accuracy of a judge day by day", partial(_series, database)
    yield f"newest {PAGE} labels", lambda: list_labels(database, AskedLabels(), PAGE)
    yield (
        f"newest {PAGE} labels of a judge and a source",
        lambda: list_labels(database, AskedLabels(judge="rubric", source="person"), PAGE),
    )


def _page(database: Database, asked: Asked, place: Place) -> object:
    with database.read() as connection:
        return evaluations.page(connection, asked, PAGE, place)


def _series(database: Database) -> object:
    with database.read() as connection:
        return accuracy_series(connection, "relevance")


def _places(database: Database, chance: random.Random) -> Sequence[Place]:
    found = []
    with database.read() as connection:
        for _ in range(ASKED):
            moment = f"{chance.choice(_DAY_NAMES)}T12:00:00.000Z"
            found += [row.place for row in evaluations.page(connection, Asked(until=moment), 1)]
    return found


def _rarest(database: Database) -> str:
    with database.read() as connection:
        rows = [one for one in sums_by_version(connection, "rubric") if one.verdict == "abstain"]
    return min(rows, key=lambda one: one.sums.evaluations).version


def _digest(*names: object) -> str:
    return digest_bytes(" ".join(map(str, names)).encode())


def _days() -> tuple[str, ...]:
    from datetime import date, timedelta

    return tuple((date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(DAYS))


_DAY_NAMES = _days()


def _p95(name: str, times: Sequence[float], **more: Any) -> Figure:
    ordered = sorted(times)
    p95 = ordered[round(0.95 * len(ordered)) - 1]
    return Figure(name, "ms", p95, ordered[0], ordered[-1], len(ordered), **more)


def _new_database(server: str) -> str:
    import psycopg

    name = f"agency_bench_{os.getpid()}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
