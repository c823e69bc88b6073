"""The ledger of one repository: appending, and reading back what was appended.

The entries stand in a database, each as the exact bytes of its line; what is appended together is written in one
transaction. An append answers only when the entries would survive a power cut, and it writes nothing unless the chain's
end verifies. Readers believe the lines alone: every hash is computed anew before an entry is handed out.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency._version import __version__
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import LedgerCorruptError, LedgerError, LedgerMovedError
from agent_agency.ledger import rows
from agent_agency.ledger.chain import ChainCheck, Problem
from agent_agency.ledger.columns import beyond_the_end, columns_disagree
from agent_agency.ledger.entry import FORMAT, GENESIS, Entry, EntryError, check_kind, decode, encode, encode_body
from agent_agency.ledger.old_files import refuse_old_files
from agent_agency.ledger.own_chain import CHAIN_NAME, OwnChain, read_own_chain, write_own_chain
from agent_agency.ledger.rows import EntryRow, Shelf, StoredHead
from agent_agency.ledger.verified_index import VerifiedIndex

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.store.database import Database

_FIX_CORRUPT = "Run agency ledger verify to see what is wrong; to start a new chain, move the ledger's folder aside."
_FETCH = 400


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be: its kind, and its body as plain JSON data; ``body["subject"]`` says what it is about."""

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KindsMark:
    """How far the entries of some kinds reach: in which chain, how many, the newest one's number and hash."""

    chain: str
    count: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class LedgerView:
    """Answers about entries without catching up with the ledger before each; made by ``Ledger.view``."""

    index: VerifiedIndex | None
    fetch: Callable[[VerifiedIndex, Sequence[int]], Iterator[Entry]]

    def about(self, subject: str) -> tuple[Entry, ...]:
        """The entries whose body names the subject, oldest first."""
        if self.index is None:
            return ()
        found = self.fetch(self.index, self.index.about(subject))
        return tuple(entry for entry in found if entry.body.get("subject") == subject)

    def naming(self, subject: str, kinds: Collection[str]) -> tuple[Entry, ...]:
        """The entries of these kinds that name the subject in any member ``subject``, however far down."""
        return () if self.index is None else tuple(self.fetch(self.index, self.index.naming(subject, kinds)))

    def subjects(self, beginning: str) -> tuple[str, ...]:
        """The subjects that begin so; some may be named only further down in an entry."""
        return () if self.index is None else tuple(self.index.subjects(beginning))

    def of_kinds(self, kinds: Collection[str]) -> tuple[Entry, ...]:
        """The entries of these kinds, oldest first."""
        return () if self.index is None else tuple(self.fetch(self.index, self.index.of_kinds(kinds)))

    def mark_of_kinds(self, kinds: Collection[str]) -> KindsMark | None:
        """How far the entries of these kinds reach; ``None`` where there is none."""
        if self.index is None:
            return None
        count, newest = self.index.reach_of(kinds)
        return KindsMark(self.index.chain, count, newest, self.index.hash_of(newest)) if count else None


Also = Callable[["Connection", str, tuple[Entry, ...]], None]


class Ledger:
    """The record of one repository, shared by all its worktrees and by any number of processes.

    Args:
        database: where the entries stand; other repositories may keep theirs in it too.
        clock: dates the entries.
        new_id: gives 32 hexadecimal digits, new at each call.
        folder: ``<git common dir>/agency``, which names the repository's chain; its parent must exist.
    """

    def __init__(self, database: Database, clock: Clock, new_id: Callable[[], str], folder: Path) -> None:
        self.database = database
        self.folder = folder
        self._clock = clock
        self._new_id = new_id
        self._index: VerifiedIndex | None = None
        self._reading = threading.Lock()

    @property
    def path(self) -> str:
        """Where the entries are, as people are told: a file, or a server and a database."""
        return self.database.shown

    def append(self, kind: str, body: Mapping[str, Any]) -> Entry:
        """Record one event; when this answers, the entry is on the disk.

        Raises:
            ValueError: the kind is no name or one that the ledger keeps for itself, or the body is not plain JSON data.
            LedgerCorruptError: the end of the ledger does not verify; nothing was written.
            LedgerError: the lock, the folder or the disk refused; nothing was written.
        """
        return self.append_all([Draft(kind, body)])[0]

    def append_all(
        self, drafts: Sequence[Draft], *, unless_moved: Mapping[str, int] | None = None, also: Also | None = None
    ) -> tuple[Entry, ...]:
        """Record several events together, all of them or none.

        Args:
            drafts: in the order in which they are to stand.
            unless_moved: maps a subject to the seq of the newest entry about it that the caller knows, 0 for none.
            also: writes what follows from the entries in the same transaction, given the own chain's id.

        Raises:
            LedgerMovedError: there is a newer entry about one of these subjects; nothing was written.
            ValueError: as `append`; nothing was written.
            LedgerError: as `append`.
        """
        bodies = [_encoded(draft) for draft in drafts]
        if not drafts:
            return ()
        if unless_moved:
            self._catch_up()  # the long part of the reading, while others may write
        with self._writing() as (connection, shelf):
            last = _checked_newest(connection, shelf, self.path)
            self._refuse_moved(connection, shelf, unless_moved or {})
            added, entries = self._made(shelf, last, drafts, bodies)
            rows.add_entries(connection, shelf, added)
            if also is not None:
                also(connection, shelf.chain, entries)
        return entries

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first, each verified before it is handed out; nothing where no ledger exists yet.

        Raises:
            LedgerCorruptError: at the first thing that does not verify, a missing end included.
            LedgerError: the database cannot be read.
        """
        shelf = self.shelf()
        if shelf is None:
            return
        with self.database.read() as connection:
            head = rows.stored_head(connection, shelf)
        check = ChainCheck(shelf.chain, {head.seq: head.hash} if head else {})
        for row in rows.iterate(self.database.read, shelf):
            entry = check.take(None, row[4] + b"\n")
            problems = check.problems if entry is None else columns_disagree(row, entry)
            if entry is None or problems:
                raise corrupt(self.path, problems[0])
            yield entry
        check.finish()
        with self.database.read() as connection:
            added = beyond_the_end(check.last, rows.stored_head(connection, shelf))
        for problem in [*check.problems, *([added] if added else [])]:
            raise corrupt(self.path, problem)

    def about(self, subject: str) -> tuple[Entry, ...]:
        """The entries whose body names the subject, oldest first.

        Raises:
            LedgerCorruptError: the chain does not verify, so that entries may be missing from the answer.
            LedgerError: the database cannot be read.
        """
        index = self._catch_up()
        if index is None:
            return ()
        return tuple(
            entry for entry in self._fetch(index, index.about(subject)) if entry.body.get("subject") == subject
        )

    def view(self) -> LedgerView:
        """The ledger as it stands now, for many questions in a row: what is appended later is not in the answers.

        Raises:
            LedgerCorruptError: as `about`.
            LedgerError: as `about`.
        """
        index = self._catch_up()
        return LedgerView(index, self._fetch)

    def of_kinds(self, kinds: Collection[str], after: int = 0) -> Iterator[Entry]:
        """The entries of these kinds, oldest first; only those later than the entry of number ``after``.

        Raises:
            LedgerCorruptError: as `about`.
            LedgerError: as `about`.
        """
        index = self._catch_up()
        return self._fetch(index, [seq for seq in index.of_kinds(kinds) if seq > after]) if index else iter(())

    def mark_of_kinds(self, kinds: Collection[str]) -> KindsMark | None:
        """How far the entries of these kinds reach; ``None`` where there is none.

        Raises:
            LedgerCorruptError: as `about`.
            LedgerError: as `about`.
        """
        return self.view().mark_of_kinds(kinds)

    def since(self, seq: int) -> Iterator[Entry]:
        """The entries after that one, oldest first; all of them after 0.

        Raises:
            LedgerCorruptError: as `about`.
            LedgerError: as `about`.
        """
        index = self._catch_up()
        return self._fetch(index, range(seq + 1, index.seq + 1)) if index else iter(())

    def last_about(self, subject: str) -> int:
        """The seq of the newest entry about the subject, 0 for none: what `append_all` takes as ``unless_moved``.

        Raises:
            LedgerCorruptError: as `about`.
            LedgerError: as `about`.
        """
        return max((entry.seq for entry in self.about(subject)), default=0)

    def shelf(self) -> Shelf | None:
        """Where the repository's own chain stands; ``None`` before its first entry.

        Raises:
            LedgerCorruptError: the folder and the database disagree about which chain that is.
            LedgerError: the database cannot be read.
        """
        refuse_old_files(self.folder)
        own = read_own_chain(self.folder)
        if not self.database.exists():
            if own is None or not own.begun:
                return None
            raise self._lost(own)
        with self.database.read() as connection:
            if own is not None:
                return self._found(connection, own)
            try:
                self._refuse_unnamed(connection)
            except LedgerCorruptError:
                if read_own_chain(self.folder) is None:
                    raise
            else:
                return None
        return self.shelf()  # another process named the chain after the first look, and began it before the second

    @contextmanager
    def taking_in(self, chain: str, *, as_own: bool) -> Iterator[tuple[Connection, Shelf]]:
        """Write entries of a chain that comes from elsewhere: in one transaction, kept if the block does not raise.

        Args:
            chain: its id; where it is the repository's own, the database need not hold it yet.
            as_own: make it the repository's own, if that has no entry yet.

        Raises:
            LedgerError: as `append`.
        """
        with self._writing(chain, as_own=as_own) as (connection, own):
            yield connection, Shelf(own.ledger, chain)

    @contextmanager
    def _writing(self, taken: str | None = None, *, as_own: bool = False) -> Iterator[tuple[Connection, Shelf]]:
        if taken is None:
            refuse_old_files(self.folder)
        with self.database.write() as connection:
            own = self._settled(connection, taken, as_own=as_own)
            shelf = Shelf(own.chain, own.chain)
            yield connection, shelf
            begins = not own.begun and rows.stored_head(connection, shelf) is not None
        if begins:
            with suppress(LedgerError):  # the entries are recorded; the next append says so again
                write_own_chain(self.folder, OwnChain(own.chain, begun=True), self._new_id)

    def _found(self, connection: Connection, own: OwnChain) -> Shelf | None:
        shelf = Shelf(own.chain, own.chain)
        if rows.stored_head(connection, shelf) is not None:
            return shelf
        if own.begun:
            raise self._lost(own)
        return None

    def _settled(self, connection: Connection, taken: str | None, *, as_own: bool) -> OwnChain:
        """Which chain is this repository's, under the database's lock; named first where it has none yet."""
        own = read_own_chain(self.folder)
        if own and own.begun and own.chain == taken:  # what comes in is what the database may lack
            rows.add_ledger(connection, own.chain, self._place())
            return own
        if own is None:
            self._refuse_unnamed(connection)
        elif self._found(connection, own):
            return own
        if own is None or (as_own and not rows.chains_of(connection, own.chain)):
            own = OwnChain(taken if taken and as_own else self._new_id(), begun=False)
            write_own_chain(self.folder, own, self._new_id)
        rows.add_ledger(connection, own.chain, self._place())
        return own

    def _refuse_unnamed(self, connection: Connection) -> None:
        for ledger in rows.ledgers_at(connection, self._place()):
            raise LedgerCorruptError(
                f"{CHAIN_NAME} is missing, and the database holds chain {ledger} of this folder",
                fix=f'Write {{"begun":true,"chain":"{ledger}"}} into it to go on with that chain.',
                path=str(self.folder / CHAIN_NAME),
                code="ledger.chain_unnamed",
            )

    def _lost(self, own: OwnChain) -> LedgerCorruptError:
        return LedgerCorruptError(
            f"The database does not hold this repository's chain {own.chain}",
            fix="Name the database that does (AGENCY_STORE_URL), restore it from a backup, or import an export.",
            path=self.path,
            code="ledger.missing",
        )

    def _place(self) -> str:
        """What the database knows the folder by: a file that lies in it moves with it, any other place does not."""
        path = self.database.address.path
        if path is not None and path.parent == self.folder.absolute():
            return "."
        return f"{socket.gethostname()}:{self.folder.absolute()}"

    def _made(
        self, shelf: Shelf, last: Entry | None, drafts: Sequence[Draft], bodies: Sequence[bytes]
    ) -> tuple[list[EntryRow], tuple[Entry, ...]]:
        seq, previous = (last.seq, last.hash) if last else (0, None)
        pending = [(draft.kind, body) for draft, body in zip(drafts, bodies, strict=True)]
        if last is None:
            pending.insert(0, (GENESIS, encode_body({"format": FORMAT, "tool": f"agent-agency {__version__}"})))
        added: list[EntryRow] = []
        entries: list[Entry] = []
        for kind, body in pending:
            seq += 1
            line, previous = encode(seq, kind, rfc3339(self._clock.now()), shelf.chain, body, previous)
            entry, _ = decode(line)
            entries.append(entry)
            added.append(EntryRow(seq, previous, kind, rows.subject_of(entry.body), line))
        return added, tuple(entries[-len(drafts) :])

    def _refuse_moved(self, connection: Connection, shelf: Shelf, known: Mapping[str, int]) -> None:
        if not known:
            return
        index = self._read_on(connection, shelf)
        for subject, seq in known.items():
            for candidate in reversed(index.about(subject)):
                if candidate <= seq:
                    break
                entry = self._entry(rows.row_at(connection, shelf, candidate), index)
                if entry.body.get("subject") == subject:
                    raise LedgerMovedError(
                        f"Somebody else wrote entry {entry.seq} about {subject} in between",
                        fix="Read it again, and decide anew.",
                        path=self.path,
                    )

    def _catch_up(self) -> VerifiedIndex | None:
        shelf = self.shelf()
        if shelf is None:
            return None
        while True:
            with self.database.read() as connection:
                index = self._read_on(connection, shelf, most=rows.BATCH)
                head = rows.stored_head(connection, shelf)
            if head is None or index.seq >= head.seq:
                return index

    def _read_on(self, connection: Connection, shelf: Shelf, most: int | None = None) -> VerifiedIndex:
        with self._reading:
            if self._index is None or self._index.chain != shelf.chain:
                self._index = VerifiedIndex(shelf.chain)
            index = self._index
            while True:
                found = rows.rows_between(connection, shelf, index.seq or None)
                problem = index.take(found)
                if problem is None and len(found) < rows.BATCH:
                    problem = index.against(rows.stored_head(connection, shelf))
                if problem:
                    self._index = None
                    raise corrupt(self.path, problem)
                if len(found) < rows.BATCH or most is not None:
                    return index

    def _fetch(self, index: VerifiedIndex, seqs: Sequence[int]) -> Iterator[Entry]:
        shelf = Shelf(index.chain, index.chain)
        for start in range(0, len(seqs), _FETCH):
            part = seqs[start : start + _FETCH]
            with self.database.read() as connection:
                found = rows.rows_at(connection, shelf, part)
            for seq in part:
                yield self._entry(found.get(seq), index, seq)

    def _entry(self, row: EntryRow | None, index: VerifiedIndex, seq: int = 0) -> Entry:
        """Read a row that was verified before; it may have been changed since."""
        if row is None:
            raise corrupt(self.path, Problem("entry.missing", f"entry {seq} is missing", None, seq))
        entry = _checked(row, self.path)
        if entry.hash != index.hash_of(entry.seq):
            message = f"entry {entry.seq} is not the one that stood there before"
            raise corrupt(self.path, Problem("entry.not_the_known", message, None, entry.seq))
        return entry


def corrupt(path: str, problem: Problem) -> LedgerCorruptError:
    """The error for a reader that can go no further."""
    return LedgerCorruptError(
        f"The ledger does not verify: {problem.message}", fix=_FIX_CORRUPT, path=path, line=problem.line
    )


def _encoded(draft: Draft) -> bytes:
    check_kind(draft.kind)
    if draft.kind == GENESIS:
        raise ValueError(f"entries of kind '{draft.kind}' are written by the ledger itself")
    return encode_body(draft.body)


def _checked_newest(connection: Connection, shelf: Shelf, path: str) -> Entry | None:
    """The last entry of a chain that may be appended to; ``None`` where it has none yet.

    Raises:
        LedgerCorruptError: it does not verify, or is not the one that the chain is remembered to end with.
    """
    row = rows.newest_row(connection, shelf)
    head = rows.stored_head(connection, shelf)
    if row is None and head is None:
        return None
    last = _checked(row, path) if row else None
    if last is None or head != StoredHead(last.seq, last.hash):
        ends = f"ends at entry {last.seq}" if last else "holds no entry"
        known = f"entry {head.seq} is remembered as its last" if head else "nothing remembers where it ends"
        raise corrupt(path, Problem("tail.missing", f"it {ends}, and {known}"))
    return last


def _checked(row: EntryRow, path: str) -> Entry:
    try:
        entry, found = decode(row.line)
    except EntryError as error:
        raise corrupt(path, Problem(error.code, f"entry {row.seq} is none: {error}", None, row.seq)) from error
    if found != entry.hash:
        raise corrupt(path, Problem("entry.edited", f"entry {entry.seq} was changed: it does not give its hash"))
    if entry.seq != row.seq:
        raise corrupt(path, Problem("entry.misplaced", f"entry {entry.seq} stands in the place of {row.seq}"))
    return entry
