"""Precedents: guidance for a case among 10,000, whole and verified; the index alone up to 1,000,000.

Budget: shared design, table "Budgets": the verdict over 500 rules and 10,000 precedents, facts in hand, P95 at most
10 ms. ``python -m benchmarks.bench_precedents`` prints the growth to 100,000 and 1,000,000, which takes minutes; with
``AGENCY_TEST_POSTGRES`` naming a server whose user may create databases, on Postgres too.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.constitution.default_rules import default_rules
from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.precedents.acts import precedent_id, promotion_statement
from agent_agency.arbitration.precedents.model import PROMOTED, CaseFeatures
from agent_agency.arbitration.precedents.similarity import IDENTITY
from agent_agency.arbitration.verdict import Hearing, LawState, decide
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.signer import Ed25519Signer, sign_statement
from agent_agency.config import LawLimits
from agent_agency.evidence import EvidenceStore
from agent_agency.git import Repository
from agent_agency.identity import random_id
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.report.json_document import to_document
from agent_agency.store import precedent_index as index
from agent_agency.store.database import Database
from agent_agency.store.precedent_index import IndexedPrecedent, IndexMark
from agent_agency.workflows.precedent_index import rebuild
from agent_agency.workflows.precedents import CANDIDATES, Library, guidance, scored
from agent_agency.workflows.record import Record
from benchmarks.figures import Figure, figure_of, milliseconds, number

PRECEDENTS = 10_000
RULES = 500
ASKED = 200
LEDGER = "b" * 32
POSTGRES = os.environ.get("AGENCY_TEST_POSTGRES")
_BATCH = 1000


class FixedClock:
    """Long after every ruling became final."""

    def now(self) -> datetime:
        return datetime(2026, 6, 1, tzinfo=UTC)


def a_case(chance: random.Random) -> CaseFeatures:
    """A case as reviews make them: some rules and folders come up often, most seldom."""
    rule = f"rule-{int(chance.paretovariate(0.8)) % 40}"
    area = int(chance.paretovariate(0.6)) % 600
    folder = f"src/part{area % 40}"
    touched = chance.sample(("tests", "docs", "migration", "dependency", "pipeline", "deletion"), chance.randint(0, 2))
    values: dict[str, tuple[str, ...]] = {
        "issue": (f"{rule} at gate-{rule[-1]}",),
        "answer": (f"{rule} at gate-{rule[-1]}: unknown",),
        "rule": (rule,),
        "category": (f"category-{len(rule) % 4}",),
        "severity": (chance.choice(("minor", "moderate", "major", "critical")),),
        "missing": ("gates.passed",),
        "gate": (f"gate-{rule[-1]} not_run",),
        "tier": (str(chance.choice((1, 2, 2, 3, 3, 3))),),
        "mode": (chance.choice(("feature", "feature", "fix", "refactor", "chore")),),
        "lifecycle": ("active",),
        "files": (chance.choice(("1", "up to 5", "up to 5", "up to 20", "up to 100")),),
        "lines": (chance.choice(("up to 10", "up to 50", "up to 200", "up to 1000")),),
        "area": tuple(sorted({folder, f"{folder}/module{area}"})),
        "place": (f"{folder}/module{area}",),
        "touches": tuple(sorted(touched)),
    }
    told = {key: found for key, found in sorted(values.items()) if found}
    words = f"{rule} gave no result in {folder}, module {area}, word{chance.randint(0, 5000)}"
    return CaseFeatures("conditional", MappingProxyType(told), words)


def cases(count: int, seed: int = 4) -> Iterator[CaseFeatures]:
    chance = random.Random(seed)
    for _ in range(count):
        yield a_case(chance)


def measure() -> Iterator[Figure]:
    """Guidance over a real ledger first, then the index alone."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        yield from _guidance(Path(folder))
        yield from growth(PRECEDENTS, Path(folder))


def growth(count: int, folder: Path) -> Iterator[Figure]:
    """The index alone, with so many precedents, on each database there is."""
    places = {"SQLite": f"sqlite:///{folder / f'growth-{count}.db'}"}
    if POSTGRES:
        places["Postgres"] = _new_postgres(POSTGRES, f"agency_bench_{os.getpid()}_{count}")
    for name, url in places.items():
        database = Database.open(url)
        started = perf_counter()
        _fill(database, count)
        taken = perf_counter() - started
        yield figure_of(f"{name}: index {count:,} precedents", "s", [taken], note="facts, postings, full text")
        yield from _lookups(database, name, count)
        database.close()


def _fill(database: Database, count: int) -> None:
    rows: list[IndexedPrecedent] = []
    with database.write() as connection:
        for at, case in enumerate(cases(count)):
            rows.append(IndexedPrecedent(f"P-{at}", f"R-{at}", at, case.verdict, "It may.", case.values, case.text))
            if len(rows) == _BATCH or at == count - 1:
                index.add(connection, LEDGER, rows, IDENTITY)
                rows.clear()
        index.set_mark(connection, LEDGER, IndexMark(count, count, "h", count))
    if database.address.path is None:
        with database.write() as connection:
            connection.exec_driver_sql("ANALYZE")


def _lookups(database: Database, name: str, count: int) -> Iterator[Figure]:
    found: list[int] = []

    def like(here: CaseFeatures) -> None:
        with database.read() as connection:
            found.append(len(scored(connection, LEDGER, here)[1]))

    asked = list(cases(ASKED, seed=5))
    times = [milliseconds(partial(like, here), repeat=1, warm_up=int(at == 0))[0] for at, here in enumerate(asked)]
    note = f"{CANDIDATES} candidates at most, {sum(found) / len(found):.1f} of them match"
    yield _p95(f"{name}: find and compare among {count:,}, P95", times, note=note)
    words = [index.words_of(here.text.rpartition(" ")[2]) for here in asked]
    with database.read() as connection:
        times = [
            milliseconds(partial(index.with_words, connection, LEDGER, word, [], 20), repeat=1, warm_up=0)[0]
            for word in words
        ]
    yield _p95(f"{name}: full text for a rare word among {count:,}, P95", times)


def _guidance(folder: Path) -> Iterator[Figure]:
    """All of it: found, signatures and facts verified against the ledger, contradictions looked for."""
    with Repository.discover(_repository(folder / "repo")) as repo:
        library = _library(repo, folder)
        started = perf_counter()
        rebuild(library.ledger, library.bench)
        yield figure_of(f"build the index of {PRECEDENTS:,} anew", "s", [perf_counter() - started])
        asked = list(cases(ASKED, seed=5))
        verdict = _verdict()
        verdict()
        cited: list[int] = []

        def both(here: CaseFeatures) -> None:
            verdict()
            guide(here)

        def guide(here: CaseFeatures) -> None:
            cited.append(len(guidance(library.renewed(), here)))

        guide(asked[0])
        alone = [milliseconds(partial(guide, here), repeat=1, warm_up=0)[0] for here in asked]
        together = [milliseconds(partial(both, here), repeat=1, warm_up=0)[0] for here in asked]
        note = f"{ASKED} cases, {sum(cited) / len(cited):.1f} cited each"
        yield _p95(f"guidance among {PRECEDENTS:,}, verified, P95", alone, note=note)
        yield _p95(f"verdict over {RULES} rules and {PRECEDENTS:,} precedents, P95", together, budget=10)
        yield _p95(f"verdict over {RULES} rules alone, P95", milliseconds(verdict, repeat=50))


def _verdict() -> Callable[[], object]:
    """Decide by so many rules, each a copy of a default one, over the facts of an ordinary case."""
    defaults = default_rules()
    rules = [replace(defaults[at % len(defaults)], id=f"copy-{at}") for at in range(RULES)]
    constitution = make_constitution(rules)
    evaluation = Evaluation(constitution)
    law = LawState(in_force=True)
    case = Case((), (), law, constitution, date(2026, 6, 1), _facts(), {})
    by_id = {rule.id: rule for rule in constitution.rules}

    def work() -> object:
        outcomes = evaluation.outcomes(case.facts, case.day)
        return decide(Hearing((), outcomes, by_id, (), law))

    return work


def _facts() -> dict[str, Any]:
    return {
        "review": {"day": "2026-06-01", "head_kind": "commit"},
        "spec": {"present": True, "valid": True, "id": "B-1", "tier": 2, "mode": "feature", "lifecycle": "active"}
        | {
            "chosen_by": "only",
            "contracts": [],
            "rollback": True,
            "migrations": False,
            "invariants": 2,
            "acceptance": 2,
        },
        "change": {"files": 2, "added": 30, "deleted": 2, "lines": 32, "authors": 1, "empty": False, "only_law": False},
        "budget": {"known": True, "max_files": 10, "max_lines": 100, "used_files": 2, "used_lines": 32},
        "law": {"in_force": True, "readable": True, "weakened": [], "weakened_without_leave": [], "principals": 3}
        | {"signed_approvals": True},
        "provenance": {"commits": 1, "without_author": 0, "agents": [], "spec_trailers": []},
        "evidence": {"measured": 3, "reused": 0, "flaky": 0},
        "files": [],
        "governance": [],
        "waivers": [],
        "authors": [{"address": "author@example.org", "listed": True, "approved_own": False}],
        "claims": [],
    }


def _library(repo: Repository, folder: Path) -> Library:
    """A ledger with as many rulings as precedents, each promoted by a signature."""
    folder = folder / "agency"
    database = Database.open(f"sqlite:///{folder / 'agency.db'}")
    ledger = Ledger(database, FixedClock(), random_id, folder)
    signer = Ed25519Signer.from_seed(b"\x07" * 32)
    ada = Principal("ada", "ada@example.org", frozenset({"approver"}), (signer.public_key,))
    commit = repo.resolve("HEAD")
    batch: list[Draft] = []
    bodies = enumerate(_ruling_body(at, case, commit) for at, case in enumerate(cases(PRECEDENTS)))
    for at, body in bodies:
        batch.append(Draft("ruling", body))
        if len(batch) == _BATCH or at == PRECEDENTS - 1:
            entries = ledger.append_all(batch)
            ledger.append_all([_promotion(entry, signer) for entry in entries])
            batch = []
    record = Record(ledger, EvidenceStore(folder / "evidence"), to_document)
    later = FixedClock().now() + timedelta(days=60)
    return Library(repo, record, Principals((ada,)), LawLimits(), later)


def _ruling_body(at: int, case: CaseFeatures, commit: str) -> dict[str, Any]:
    ruling = f"R-{at:020x}"
    return {
        "subject": f"ruling:{ruling}",
        "ruling_id": ruling,
        "verdict": case.verdict,
        "law": {"commit": commit},
        "change": {"authors": ["author@example.org"]},
        "features": case.as_dict(),
        "precedents": [],
    }


def _promotion(entry: Entry, signer: Ed25519Signer) -> Draft:
    """As most do, precedents about one rule hold the same; one in fifty holds something else."""
    ruling, rule = entry.body["ruling_id"], entry.body["features"]["facts"]["rule"][0]
    holding = f"It may, under {rule}." if entry.seq % 50 else f"It may not, under {rule}."
    subject = f"precedent:{precedent_id(ruling, entry.hash, holding)}"
    envelope = sign_statement(promotion_statement(ruling, entry.hash, holding), signer)
    return Draft(PROMOTED, {"subject": subject, "attestation": envelope})


def _repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "Start"], cwd=folder, check=True)
    return folder


def _p95(name: str, times: Sequence[float], **more: Any) -> Figure:
    ordered = sorted(times)
    p95 = ordered[round(0.95 * len(ordered)) - 1]
    return Figure(name, "ms", p95, ordered[0], ordered[-1], len(ordered), **more)


def _new_postgres(server: str, name: str) -> str:
    import psycopg

    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def _main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for count in (PRECEDENTS, 10 * PRECEDENTS, 100 * PRECEDENTS):
            for figure in growth(count, Path(folder)):
                print(
                    f"{figure.name}: {number(figure.median)} {figure.unit} ({number(figure.low)} to "
                    f"{number(figure.high)}) {figure.note}",
                    flush=True,
                )


if __name__ == "__main__":
    _main()
