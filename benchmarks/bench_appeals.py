"""Appeals: how one stands, filing one, and the review that decides one, in a ledger that holds others already.

Budget: shared design, table "Budgets": appeal bookkeeping at most 20 ms (the earlier system's was 500). Signatures and
the reading of the ledger are part of it. Filing and reviewing are told apart, as they anchor the ledger in git.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import APPEAL_FILED, APPEAL_KINDS, Appeal, Ground
from agent_agency.arbitration.appeals.statements import appeal_subject, filing_statement, read_filing
from agent_agency.attestation.signer import sign_statement
from agent_agency.attestation.statement import read_statement
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.appeal_hearing import hear
from agent_agency.workflows.appeals import find_appeal, read_appeals
from benchmarks.figures import Figure, figure_of, milliseconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.appeals import Town, make_town

OTHERS = 1_000
ROUNDS = 15
TOWNS = 5


def measure() -> Iterator[Figure]:
    """Measure on the disk that repositories lie on, not a RAM disk."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        model = make_town(Path(folder) / "model")
        _crowd(model)
        towns = [model.copied_to(Path(folder) / str(number)) for number in range(TOWNS)]
        filed = [_filed(town) for town in towns]
        yield from _reading(towns[0], filed[0][1])
        decided = [_decided(town, appeal) for town, (_, appeal) in zip(towns, filed, strict=True)]
        yield figure_of("filing one, all told", "ms", [took for took, _ in filed], note="opens git and ledger, anchors")
        yield figure_of("the review that decides one, all told", "ms", [took for took, _ in decided], note="likewise")
        with towns[0].registry() as registry:
            again = milliseconds(lambda: hear(registry, decided[0][1]), repeat=ROUNDS)
            yield figure_of("deciding a case anew", "ms", again, note="every rule over every fact")


def _filed(town: Town) -> tuple[float, Appeal]:
    claim = town.false_positive(town.ruling)
    started = perf_counter()
    appeal = town.file(town.ruling.ruling_id, [claim])
    return (perf_counter() - started) * 1000, appeal


def _decided(town: Town, appeal: Appeal) -> tuple[float, Appeal]:
    started = perf_counter()
    decided = town.vote(appeal, "judge1")
    return (perf_counter() - started) * 1000, decided


def _reading(town: Town, appeal: Appeal) -> Iterator[Figure]:
    with town.registry() as registry:
        one = milliseconds(lambda: find_appeal(registry, appeal.id), repeat=ROUNDS)
        yield figure_of(f"how one of {OTHERS + 1:,} appeals stands", "ms", one, budget=20)
        every = milliseconds(lambda: read_appeals(registry), repeat=ROUNDS)
        yield figure_of(f"how all {OTHERS + 1:,} stand", "ms", every, note="what agency appeal list does")


def _crowd(town: Town) -> None:
    """Filings by others against rulings that are recorded elsewhere."""
    signer = town.people["judge9"].signer
    claim = town.false_positive(town.ruling)
    drafts = []
    for number in range(OTHERS):
        entry = f"sha256:{number:064x}"
        statement = filing_statement(f"R-{number}", entry, Ground.NEW_EVIDENCE, "not so", (claim,), str(number))
        subject = appeal_subject(read_filing(read_statement(statement)).id)
        body = {"subject": subject, RULED_ON: dict(ruled_on(f"R-{number}"))}
        drafts.append(Draft(APPEAL_FILED, {**body, "attestation": sign_statement(statement, signer)}))
    with town.registry() as registry:
        registry.record.ledger.append_all(drafts)
        assert len(tuple(registry.record.ledger.of_kinds(APPEAL_KINDS))) == OTHERS
