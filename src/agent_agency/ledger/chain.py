"""Walking a chain line by line, naming each thing that is wrong with it.

One fault gives one problem: an edited entry is told once, not again at every entry after it. A line that is no entry,
or whose content does not give its hash, is taken to stand in the place of the entry that belongs there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from agent_agency.canonical_json import CanonicalReader
from agent_agency.ledger.entry import FORMAT, GENESIS, MAX_LINE, Entry, EntryError, decode

MAX_PROBLEMS = 100
"""Reading stops here: more would tell a person nothing new."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not verify. ``line`` counts from 1 in the file; ``seq`` is the entry's place in the chain."""

    code: str
    message: str
    line: int | None = None
    seq: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"code": self.code, "message": self.message, "line": self.line, "seq": self.seq}

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


@dataclass(slots=True)
class _Gap:
    """Entries ``low`` to ``high`` were passed over; ``left`` of them are accounted for by nothing so far."""

    low: int
    high: int
    left: int
    line: int | None
    late: set[int] = field(default_factory=set)


def lines(stream: BinaryIO, size: int, first: int = 1) -> Iterator[tuple[int, bytes]]:
    """The lines within the first ``size`` bytes, each with its number; none is read beyond ``MAX_LINE`` bytes."""
    left = size - stream.tell()
    number = first
    while left > 0:
        raw = stream.readline(min(left, MAX_LINE))
        if not raw:
            return
        left -= len(raw)
        yield number, raw
        if not raw.endswith(b"\n"):
            return
        number += 1


class ChainCheck:
    """Takes the lines of one chain in file order; afterwards ``problems`` says what is wrong, if anything is.

    Args:
        chain: the chain's id, where it is known beforehand.
        anchors: hashes known from elsewhere, by seq (the head file, an export's header, a published head).
    """

    def __init__(self, chain: str | None = None, anchors: Mapping[int, str] | None = None) -> None:
        self.chain = chain
        self.anchors = dict(anchors or {})
        self.count = 0
        self.last: Entry | None = None
        self.problems: list[Problem] = []
        self._reader = CanonicalReader()
        self._broken = 0
        self._gaps: list[_Gap] = []

    @property
    def full(self) -> bool:
        """Whether so much is wrong that reading on is of no use."""
        return len(self.problems) + len(self._gaps) >= MAX_PROBLEMS

    def take(self, number: int | None, raw: bytes) -> Entry | None:
        """Check one line, its line feed included; answer its entry if nothing is wrong with it.

        ``number`` is its line in the file, ``None`` where the chain is in no file.
        """
        before = len(self.problems)
        entry = self._read(number, raw)
        if entry is None:
            self._broken += 1
            return None
        self._place(number, entry)
        return entry if len(self.problems) == before else None

    def finish(self) -> None:
        """Say what is missing, now that all lines were seen, or as many as are worth it."""
        read_to_the_end = not self.full
        for gap in self._gaps:
            if gap.left > 0:
                self._tell("entry.missing", _missing(gap), gap.line, gap.low)
        end = self.last.seq if self.last else 0
        beyond = [seq for seq in self.anchors if seq > end + self._broken]
        if beyond and read_to_the_end:
            known = max(beyond)
            what = f"entry {known} is" if known == end + 1 else f"entries {end + 1} to {known} are"
            self._tell("tail.missing", f"{what} missing at the end: the chain is known to reach {known}", None, end + 1)

    def _read(self, number: int | None, raw: bytes) -> Entry | None:
        if not raw.endswith(b"\n"):
            self._unterminated(number, raw)
            return None
        try:
            entry, found = decode(raw[:-1], self._reader)
        except EntryError as error:
            self._tell(error.code, f"not an entry: {error}", number, error.seq)
            return None
        if found != entry.hash:
            self._tell("entry.edited", f"entry {entry.seq} was changed: it does not give its hash", number, entry.seq)
            return None
        if self.chain is None:
            self.chain = entry.chain
        if entry.chain != self.chain:
            message = f"an entry of another chain ({entry.chain}) stands in this one"
            self._tell("entry.other_chain", message, number, entry.seq)
            return None
        return entry

    def _unterminated(self, number: int | None, raw: bytes) -> None:
        if len(raw) >= MAX_LINE:
            self._tell("entry.too_long", f"the line is longer than {MAX_LINE:,} bytes", number)
            return
        message = f"the last {len(raw)} bytes are cut off: they end without a line feed"
        self._tell("tail.torn", message, number, (self.last.seq if self.last else 0) + 1)

    def _place(self, number: int | None, entry: Entry) -> None:
        expected = self.last.seq + 1 if self.last else 1
        if entry.seq < expected:
            self._displaced(number, entry)
            return
        if entry.seq == expected:
            self._check_link(number, entry)
        elif entry.seq > expected + self._broken:
            left = entry.seq - expected - self._broken
            self._gaps.append(_Gap(expected, entry.seq - 1, left, number))
        self._check_start(number, entry)
        if self.anchors.get(entry.seq, entry.hash) != entry.hash:
            message = f"entry {entry.seq} is not the one that is known: the chain was written anew up to here"
            self._tell("entry.not_the_known", message, number, entry.seq)
        self._broken = 0
        self.last = entry
        self.count += 1

    def _check_link(self, number: int | None, entry: Entry) -> None:
        if entry.prev_hash != (self.last.hash if self.last else None):
            message = f"entry {entry.seq} does not follow the entry before it: the hashes do not link"
            self._tell("entry.not_linked", message, number, entry.seq)

    def _check_start(self, number: int | None, entry: Entry) -> None:
        if (entry.kind == GENESIS) != (entry.seq == 1):
            self._tell("entry.genesis_misplaced", "a chain has one genesis, its entry 1", number, entry.seq)
        elif entry.seq == 1 and entry.body.get("format") != FORMAT:
            message = f"the chain is of a format that this version does not know; it knows {FORMAT}"
            self._tell("chain.format_unknown", message, number, entry.seq)

    def _displaced(self, number: int | None, entry: Entry) -> None:
        for gap in self._gaps:
            if gap.low <= entry.seq <= gap.high and entry.seq not in gap.late and gap.left > 0:
                gap.late.add(entry.seq)
                gap.left -= 1
                self.count += 1
                after = self.last.seq if self.last else 0
                message = f"entry {entry.seq} stands after entry {after}: entries were swapped"
                self._tell("entry.out_of_order", message, number, entry.seq)
                return
        self._tell("entry.repeated", f"entry {entry.seq} appears again: a line was added", number, entry.seq)

    def _tell(self, code: str, message: str, line: int | None, seq: int | None = None) -> None:
        self.problems.append(Problem(code, message, line, seq))


def _missing(gap: _Gap) -> str:
    if gap.left == 1 and gap.low == gap.high:
        return f"entry {gap.low} is missing before entry {gap.high + 1}"
    if gap.left == gap.high - gap.low + 1:
        return f"entries {gap.low} to {gap.high} are missing before entry {gap.high + 1}"
    return f"{gap.left} of the entries {gap.low} to {gap.high} are missing before entry {gap.high + 1}"
