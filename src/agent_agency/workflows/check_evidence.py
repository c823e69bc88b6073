"""Hold the stored evidence against what the ledger says of it.

Each ruling's entry names the digests of all that it rests on. A file is whole, changed, missing, or was pruned: then
an entry that was written after the last one that names it says so. An imported chain comes without its evidence; what
of it happens to lie here is checked, what does not is told and proves nothing either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_agency.evidence import EvidenceState, EvidenceStore
from agent_agency.ledger.entry import Entry

PRUNED = "evidence_pruned"

_OF_RULING = {
    "document": "the ruling document",
    "case_file": "the case file",
    "constitution": "the rules in force",
    "caws_events": "the imported events",
}


@dataclass(frozen=True, slots=True)
class NamedEvidence:
    """A file that an entry rests on: its digest, and in words what it is."""

    digest: str
    what: str


@dataclass(frozen=True, slots=True)
class EvidenceProblem:
    """A file that is not as it was: the newest entry that names it, and ``state``: ``changed`` or ``missing``."""

    digest: str
    state: EvidenceState
    what: str
    seq: int
    ruling_id: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "digest": self.digest,
            "state": str(self.state),
            "what": self.what,
            "seq": self.seq,
            "ruling_id": self.ruling_id,
        }


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """How many files are whole, pruned, or not here because their chain was imported; and what is wrong."""

    ok: int
    pruned: int
    not_here: int
    problems: tuple[EvidenceProblem, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing is changed or missing."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as ``agency ledger verify --evidence --json`` prints it."""
        states = [problem.state for problem in self.problems]
        return {
            "verified": self.verified,
            "ok": self.ok,
            "changed": states.count(EvidenceState.CHANGED),
            "missing": states.count(EvidenceState.MISSING),
            "pruned": self.pruned,
            "not_here": self.not_here,
            "problems": [problem.as_dict() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class EntryEvidence:
    """What one entry says of evidence: the files that it rests on, and the digests of those that were pruned."""

    seq: int
    ts: str
    kind: str
    ruling_id: str | None
    named: tuple[NamedEvidence, ...]
    pruned: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry) -> EntryEvidence:
        """Read an entry of any kind, also one that somebody else's tool wrote."""
        ruling = entry.body.get("ruling_id")
        told = ruling if isinstance(ruling, str) else None
        return cls(entry.seq, entry.ts, entry.kind, told, tuple(_named(entry)), tuple(_pruned(entry)))


@dataclass(slots=True)
class EvidenceIndex:
    """What a chain says of evidence: by digest the newest entry that names it and as what, and its last pruning."""

    newest: dict[str, tuple[EntryEvidence, str]] = field(default_factory=dict)
    prunings: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[EntryEvidence]) -> EvidenceIndex:
        """Read the entries of one chain, oldest first."""
        index = cls()
        for entry in entries:
            for named in entry.named:
                index.newest[named.digest] = (entry, named.what)
            index.prunings.update(dict.fromkeys(entry.pruned, entry.seq))
        return index

    def is_pruned(self, digest: str) -> bool:
        """Whether the file was pruned, and no later entry names it."""
        named = self.newest.get(digest)
        return self.prunings.get(digest, 0) > (named[0].seq if named else 0)


def check_evidence(entries: Iterable[Entry], store: EvidenceStore, own: EvidenceIndex | None = None) -> EvidenceReport:
    """Re-hash everything that the entries of one chain rest on, each file once.

    Args:
        entries: a chain that verifies, oldest first.
        store: where its evidence is, or where some of it may be.
        own: ``None`` for the repository's own chain; for an imported one the index of the repository's own, whose
            prunings explain what is not here.
    """
    index = EvidenceIndex.of(EntryEvidence.of(entry) for entry in entries)
    counts = {"ok": 0, "pruned": 0, "not_here": 0}
    problems = []
    for digest, (entry, what) in sorted(index.newest.items(), key=lambda item: (item[1][0].seq, item[0])):
        state = state_of(store, digest)
        if state is EvidenceState.OK:
            counts["ok"] += 1
        elif state is EvidenceState.MISSING and (digest in own.prunings if own else index.is_pruned(digest)):
            counts["pruned"] += 1
        elif state is EvidenceState.MISSING and own is not None:
            counts["not_here"] += 1
        else:
            problems.append(EvidenceProblem(digest, state, what, entry.seq, entry.ruling_id))
    return EvidenceReport(**counts, problems=tuple(problems))


def state_of(store: EvidenceStore, digest: str) -> EvidenceState:
    """The state of a file; what no file can be called is missing."""
    return store.state(digest) if store.is_digest(digest) else EvidenceState.MISSING


def _named(entry: Entry) -> Iterator[NamedEvidence]:
    body = entry.body
    for member, what in _OF_RULING.items():
        if isinstance(body.get(member), str):
            yield NamedEvidence(body[member], what)
    listed = body.get("evidence")
    for kept in listed if isinstance(listed, list) else ():
        if isinstance(kept, Mapping) and isinstance(kept.get("digest"), str):
            yield NamedEvidence(kept["digest"], f"{kept.get('gate')}: {kept.get('kind')} of {kept.get('part')}")


def _pruned(entry: Entry) -> Iterator[str]:
    digests = entry.body.get("digests") if entry.kind == PRUNED else None
    for digest in digests if isinstance(digests, list) else ():
        if isinstance(digest, str):
            yield digest
