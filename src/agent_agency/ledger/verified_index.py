"""Where a chain's entries about a subject stand, learnt from the lines themselves.

A column of the database can be changed without a trace in the chain, so none is asked: the hash of every line is
computed and its link followed, once per process, and only what was appended since is read at the next question. An
entry that is hidden from the answer would have to be changed or removed, which breaks the chain.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from agent_agency.ledger.chain import Problem
from agent_agency.ledger.entry import EntryError, skim
from agent_agency.ledger.rows import StoredHead

_SUBJECT = re.compile(rb'"subject":("(?:[^"\\]|\\.)*")')


class VerifiedIndex:
    """The entries of one chain, by subject and by kind, as far as they were read and found sound."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self._hashes: list[str] = []
        self._subjects: dict[str, list[int]] = {}
        self._kinds: dict[str, list[int]] = {}

    @property
    def seq(self) -> int:
        """The last entry that was read."""
        return len(self._hashes)

    def hash_of(self, seq: int) -> str:
        """The hash of an entry that was read."""
        return self._hashes[seq - 1]

    def about(self, subject: str) -> Sequence[int]:
        """Every entry that may be about the subject: one more member of that name, further down, is enough."""
        return self._subjects.get(subject, ())

    def naming(self, subject: str, kinds: Collection[str]) -> list[int]:
        """The entries of these kinds that name the subject in any member ``subject``, however far down."""
        return [seq for seq in self.about(subject) if any(self._is_of(kind, seq) for kind in kinds)]

    def subjects(self, beginning: str) -> list[str]:
        """The subjects that are named anywhere and begin so."""
        return [subject for subject in self._subjects if subject.startswith(beginning)]

    def reach_of(self, kinds: Collection[str]) -> tuple[int, int]:
        """How many entries of these kinds there are, and the number of the newest; 0 and 0 where there is none."""
        found = [self._kinds[kind] for kind in set(kinds) if kind in self._kinds]
        return sum(map(len, found)), max((seqs[-1] for seqs in found), default=0)

    def of_kinds(self, kinds: Collection[str]) -> list[int]:
        """The entries of these kinds, oldest first."""
        return sorted(seq for kind in set(kinds) for seq in self._kinds.get(kind, ()))

    def take(self, rows: Iterable[Sequence[Any]]) -> Problem | None:
        """Go on with the next rows; answer what is wrong with the first that does not verify."""
        for row in rows:
            seq = self.seq + 1
            try:
                found = skim(row[4])
            except EntryError as error:
                return Problem(error.code, f"entry {seq}: {error}", None, seq)
            if found.chain != self.chain:
                return Problem("entry.other_chain", f"an entry of another chain stands in place {seq}", None, seq)
            if found.seq != seq or row[0] != seq:
                return Problem("entry.missing", f"entry {seq} is missing: entry {found.seq} stands there", None, seq)
            if found.prev_hash != (self._hashes[-1] if self._hashes else None):
                message = f"entry {seq} does not follow the entry before it: the hashes do not link"
                return Problem("entry.not_linked", message, None, seq)
            self._note(seq, found.kind, row[4])
            self._hashes.append(found.hash)
        return None

    def against(self, head: StoredHead | None) -> Problem | None:
        """Hold what was read to the end against the head that the database remembers at the same moment."""
        known = head.seq if head else 0
        if known != self.seq:
            message = f"the chain ends at entry {self.seq}, and entry {known} is remembered as its last"
            return Problem("tail.missing" if known > self.seq else "tail.added", message, None, self.seq)
        if head and self.hash_of(head.seq) != head.hash:
            message = f"entry {head.seq} is not the one that is remembered"
            return Problem("entry.not_the_known", message, None, head.seq)
        return None

    def _is_of(self, kind: str, seq: int) -> bool:
        seqs = self._kinds.get(kind, [])
        place = bisect_left(seqs, seq)
        return place < len(seqs) and seqs[place] == seq

    def _note(self, seq: int, kind: str, line: bytes) -> None:
        self._kinds.setdefault(kind, []).append(seq)
        for match in _SUBJECT.finditer(line):
            places = self._subjects.setdefault(json.loads(match[1]), [])
            if not places or places[-1] != seq:
                places.append(seq)
