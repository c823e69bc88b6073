"""Holding all precedents against each other, against their rulings' case files, and the index against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.precedents.model import PRECEDENT_KINDS, Precedent, Status
from agent_agency.errors import EvidenceError, PrecedentError
from agent_agency.evidence import EvidenceStore
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.case_features import features_of_file
from agent_agency.workflows.precedent_acts import as_recorded
from agent_agency.workflows.precedent_index import IndexReport, report
from agent_agency.workflows.precedents import Library, contradictions


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two precedents in force of near-equal facts that were ruled, or hold, differently."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about one precedent that a person should look at."""

    precedent: str
    what: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that was found; ``notes`` are told and are no fault, as evidence that was pruned."""

    precedents: int
    in_force: int
    index: IndexReport
    contradictions: tuple[Contradiction, ...]
    troubles: tuple[Trouble, ...]
    notes: tuple[Trouble, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing needs a person."""
        return self.index.same and not self.contradictions and not self.troubles

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "sound": self.sound,
            "precedents": self.precedents,
            "in_force": self.in_force,
            "index": {"rows": self.index.rows, "expected": self.index.expected, "same": self.index.same},
            "contradictions": [[found.one, found.other] for found in self.contradictions],
            "troubles": [{"precedent": found.precedent, "what": found.what} for found in self.troubles],
            "notes": [{"precedent": found.precedent, "what": found.what} for found in self.notes],
        }


def check(library: Library, evidence: EvidenceStore) -> CheckReport:
    """Check everything; nothing is written but the index, where it was behind.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    mark = library.mark
    indexed = report(library.ledger, library.bench)
    precedents = list(_all(library))
    standing = [one for one in precedents if one.status is Status.IN_FORCE]
    pairs = {
        tuple(sorted((one.id, other)))
        for one in standing
        for other in (contradictions(library, mark, one) if mark else ())
    }
    notes, troubles = [], [found for one in precedents for found in _ignored(one)]
    for one in precedents:
        wrong, pruned = _facts_of(library, one, evidence)
        troubles += [Trouble(one.id, what) for what in wrong]
        notes += [Trouble(one.id, what) for what in pruned]
    return CheckReport(
        precedents=len(precedents),
        in_force=len(standing),
        index=indexed,
        contradictions=tuple(Contradiction(one, other) for one, other in sorted(pairs)),
        troubles=tuple(troubles),
        notes=tuple(notes),
    )


def _all(library: Library) -> Iterator[Precedent]:
    subjects = dict.fromkeys(str(entry.body.get("subject")) for entry in library.ledger.of_kinds(PRECEDENT_KINDS))
    for subject in subjects:
        precedent = library.read(subject.removeprefix("precedent:")) if subject.startswith("precedent:") else None
        if precedent is not None:
            yield precedent


def _ignored(precedent: Precedent) -> Iterator[Trouble]:
    for one in precedent.ignored:
        yield Trouble(precedent.id, f"entry {one.seq} ({one.kind}) counts for nothing: {one.why}")


def _facts_of(library: Library, precedent: Precedent, evidence: EvidenceStore) -> tuple[list[str], list[str]]:
    """What is wrong with a precedent's facts beside its case file, and what can no longer be told."""
    entry = _entry_of(library, precedent)
    if entry is None:
        return [], []
    try:
        same = as_recorded(features_of_file(entry, evidence)) == precedent.features
    except (PrecedentError, EvidenceError) as error:
        return [], [error.message]
    return ([] if same else [f"the facts that {precedent.ruling} records are not those of its case file"]), []


def _entry_of(library: Library, precedent: Precedent) -> Entry | None:
    entries = library.view.about(f"ruling:{precedent.ruling}") if precedent.ruling else ()
    return next((entry for entry in entries if entry.hash == precedent.ruling_entry), None)
