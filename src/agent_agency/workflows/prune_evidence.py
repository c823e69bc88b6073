"""Delete the stored bytes of old rulings' evidence; the ledger keeps their digests and says that they were pruned.

What a ruling inside the kept range names stays, whoever else names it. The ledger is told first and the files go
afterwards, so that a kill in between leaves files that nobody needs, never a hole that nobody explains. A file that is
not what its digest says is left where it is: pruning must not make good for tampering.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent_agency.clock import Clock, rfc3339
from agent_agency.evidence import EvidenceState, EvidenceStore, StoredFile
from agent_agency.ledger.chains import imported_chains, read_entries
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Ledger, corrupt
from agent_agency.ledger.rows import Shelf
from agent_agency.ledger.verify import IMPORTED, verify_chain
from agent_agency.workflows.check_evidence import PRUNED, EntryEvidence, EvidenceIndex
from agent_agency.workflows.record import RULING

DIGESTS_OF_ENTRY = 10_000
IMPORTED_EVENTS = "caws_events_imported"
"""An entry of the ledger lists no more; the rest goes into further ones."""

UNNAMED_AGE = timedelta(days=1)
"""What no entry names is taken away only when it is older: a review may be about to name it."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays: the evidence of rulings of the last ``days``, or that of the newest ``rulings`` of each chain."""

    days: int | None = None
    rulings: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"days": self.days, "rulings": self.rulings}


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What was pruned, or would be: its digests and bytes; what stays; what was found changed and left alone.

    ``unnamed`` counts files that no entry names, ``unnamed_bytes`` their size; ``entry`` is the newest entry written.
    """

    digests: tuple[str, ...]
    freed_bytes: int
    kept: int
    changed: tuple[str, ...]
    unnamed: int
    unnamed_bytes: int
    unnamed_removed: bool
    dry_run: bool
    entry: Entry | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as ``agency evidence prune --json`` prints it."""
        return {
            "dry_run": self.dry_run,
            "pruned": len(self.digests),
            "freed_bytes": self.freed_bytes,
            "kept": self.kept,
            "changed": list(self.changed),
            "unnamed": self.unnamed,
            "unnamed_bytes": self.unnamed_bytes,
            "unnamed_removed": self.unnamed_removed,
            "digests": list(self.digests),
            "seq": self.entry.seq if self.entry else None,
        }


@dataclass(frozen=True, slots=True)
class EvidencePruner:
    """Prunes one repository's evidence."""

    ledger: Ledger
    store: EvidenceStore
    clock: Clock
    wait_s: float = 30.0

    def prune(self, keep: Keep, *, dry_run: bool, unnamed: bool) -> PruneReport:
        """Prune, or with ``dry_run`` only say what would be; with ``unnamed`` also what no entry names.

        Raises:
            LedgerCorruptError: when a chain does not verify, so that nothing tells what must stay.
            EvidenceError: when a review is running, or a file cannot be removed.
            LedgerError: when the pruning cannot be recorded; nothing was removed.
        """
        with self.store.in_use() if dry_run else self.store.alone(self.wait_s):
            return self._prune(keep, dry_run=dry_run, unnamed=unnamed)

    def _prune(self, keep: Keep, *, dry_run: bool, unnamed: bool) -> PruneReport:
        own = [EntryEvidence.of(entry) for entry in self.ledger.entries()]
        chains = [own, *(_verified(self.ledger, shelf) for shelf in imported_chains(self.ledger))]
        kept = {digest for chain in chains for digest in self._kept(chain, keep)}
        named = {evidence.digest for chain in chains for entry in chain for evidence in entry.named}
        files = list(self.store.files())
        old = [file for file in files if file.digest in named - kept]
        whole = [file for file in old if self.store.state(file.digest) is EvidenceState.OK]
        strange = self._unnamed(files, named)
        entry = None
        if not dry_run:
            entry = self._record(EvidenceIndex.of(own), whole, keep)
            for file in [*whole, *(strange if unnamed else [])]:
                self.store.remove(file.digest)
            self.store.sweep((self.clock.now() - UNNAMED_AGE).timestamp())
        return PruneReport(
            digests=tuple(file.digest for file in whole),
            freed_bytes=_bytes(whole) + (_bytes(strange) if unnamed else 0),
            kept=sum(file.digest in kept for file in files),
            changed=tuple(sorted({file.digest for file in old} - {file.digest for file in whole})),
            unnamed=len(strange),
            unnamed_bytes=_bytes(strange),
            unnamed_removed=unnamed and not dry_run,
            dry_run=dry_run,
            entry=entry,
        )

    def _kept(self, chain: Sequence[EntryEvidence], keep: Keep) -> Iterator[str]:
        """The digests of all that the entries inside the kept range of a chain name."""
        if keep.rulings is not None:
            rulings = [entry.seq for entry in chain if entry.kind == RULING]
            first = 1 if keep.rulings >= len(rulings) else [*rulings, chain[-1].seq + 1][-keep.rulings - 1]
            inside: Iterable[EntryEvidence] = (entry for entry in chain if entry.seq >= first)
        else:
            since = rfc3339(self.clock.now() - timedelta(days=keep.days or 0))
            inside = (entry for entry in chain if entry.ts >= since)
        imported = (entry for entry in chain if entry.kind == IMPORTED_EVENTS)
        return (evidence.digest for entry in (*inside, *imported) for evidence in entry.named)

    def _unnamed(self, files: Iterable[StoredFile], named: set[str]) -> list[StoredFile]:
        before = (self.clock.now() - UNNAMED_AGE).timestamp()
        return [file for file in files if file.digest not in named and file.written < before]

    def _record(self, index: EvidenceIndex, files: Sequence[StoredFile], keep: Keep) -> Entry | None:
        """Say in the ledger what goes now; what an entry says already, after a kill, is not said again."""
        digests = [file.digest for file in files if not index.is_pruned(file.digest)]
        entry = None
        for start in range(0, len(digests), DIGESTS_OF_ENTRY):
            part = digests[start : start + DIGESTS_OF_ENTRY]
            entry = self.ledger.append(PRUNED, {"keep": keep.as_dict(), "count": len(part), "digests": part})
        return entry


def _verified(ledger: Ledger, shelf: Shelf) -> list[EntryEvidence]:
    """The entries of an imported chain.

    Raises:
        LedgerCorruptError: when it does not verify.
    """
    problems = verify_chain(ledger.database, shelf, None, IMPORTED).of_the_chain
    if problems:
        raise corrupt(ledger.path, problems[0])
    return [EntryEvidence.of(entry) for entry in read_entries(ledger.database, shelf)]


def _bytes(files: Iterable[StoredFile]) -> int:
    return sum(file.size for file in files)
