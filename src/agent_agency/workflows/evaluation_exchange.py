"""Evaluations and labels as JSON lines: out of one store, into another, whole or not at all.

A file begins with a line that says what it is and in which version, goes on with one record a line beside the digest
of that record, labels first, and ends with a line that says how many records there were and the digest of every line
before it. Without that last line a file was cut off. The same records give the same bytes, whichever store they lie in.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from agent_agency.canonical_json import CanonicalReader, canonical_json, digest_bytes
from agent_agency.errors import EvaluationError, FileUnreadableError
from agent_agency.store import evaluations as evaluation_table
from agent_agency.store import labels as label_table
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import Recorded, id_of, read_members
from agent_agency.store.evaluations import Asked
from agent_agency.store.labels import AskedLabels, RecordedLabel, read_label
from agent_agency.workflows.learning_store import reading

if TYPE_CHECKING:
    from sqlalchemy import Connection

FORMAT = "agency-evaluations"
SCHEMA_VERSION = 1
LONGEST_LINE = 16 * 1024 * 1024
_FIRST = {"format": FORMAT, "schema_version": SCHEMA_VERSION}
_FIX = "Nothing was brought in. Correct the file, or export it anew with agency evaluations export."
_BIT = 500
_HEAD = len('{"digest":"sha256:","":') + 64

AnyRecord = Recorded | RecordedLabel


@dataclass(frozen=True, slots=True)
class Counted:
    """How many records there were of each kind."""

    labels: int
    evaluations: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file held, and how many of those records the store did not have yet.

    ``rulings`` of the labels in the file say that they come from a ruling on appeal: nothing in a file proves that.
    """

    held: Counted
    new: Counted
    rulings: int = 0


def export_lines(database: Database, asked: Asked) -> Iterator[bytes]:
    """The lines of an export of one unchanging state, each with its line feed.

    Args:
        database: from which.
        asked: which evaluations; of the labels, all of that judge.

    Raises:
        StoreError: it cannot be read, or a record was changed in it.
    """
    whole, labels, evaluations = hashlib.sha256(), 0, 0
    with reading(database) as connection:
        for kind, line in _all_lines(connection, asked):
            labels, evaluations = labels + (kind == "label"), evaluations + (kind == "evaluation")
            whole.update(line)
            yield line
    end = {"end": {"digest": f"sha256:{whole.hexdigest()}", "evaluations": evaluations, "labels": labels}}
    yield canonical_json(end) + b"\n"


def import_file(database: Database, path: Path) -> Imported:
    """Bring a file's records in: every line is checked first, and then all are added in one transaction.

    Digests show that a file is whole, not who wrote it: whom a label names and where it says that it comes from is
    taken as it stands.

    Raises:
        FileUnreadableError: the file cannot be read.
        EvaluationError: a line is not what it must be, with its number; then nothing was brought in.
        StoreError: the database refused; then nothing was brought in.
    """
    digest = hashlib.sha256()
    held, rulings = _count(_records(path, digest))
    again = hashlib.sha256()
    with database.write() as connection:
        new = _add(connection, _records(path, again))
        if again.digest() != digest.digest():
            raise EvaluationError(
                "The file was changed while it was being read", fix="Bring it in when nobody writes it.", path=str(path)
            )
    return Imported(held, new, rulings)


def _all_lines(connection: Connection | None, asked: Asked) -> Iterator[tuple[str, bytes]]:
    yield "", canonical_json(_FIRST) + b"\n"
    if connection is None:
        return
    for label in label_table.by_time(connection, AskedLabels(judge=asked.judge)):
        yield "label", _line("label", label.line)
    for row in evaluation_table.by_time(connection, asked):
        yield "evaluation", _line("evaluation", row.recorded.line)


def _line(kind: str, record: bytes) -> bytes:
    """``{"digest":…,"KIND":…}`` in canonical JSON: the record goes in byte for byte."""
    return b'{"digest":"%s","%s":%s}\n' % (digest_bytes(record).encode(), kind.encode(), record)


def _count(records: Iterable[AnyRecord]) -> tuple[Counted, int]:
    """How many there are of each kind, and labels of the source ``ruling``."""
    labels = evaluations = rulings = 0
    for one in records:
        if isinstance(one, RecordedLabel):
            labels, rulings = labels + 1, rulings + (one.label.source == "ruling")
        else:
            evaluations += 1
    return Counted(labels, evaluations), rulings


def _add(connection: Connection, records: Iterable[AnyRecord]) -> Counted:
    labels: list[RecordedLabel] = []
    evaluations: list[Recorded] = []
    new_labels = new_evaluations = 0
    for one in records:
        if isinstance(one, RecordedLabel):
            labels.append(one)
        else:
            evaluations.append(one)
        if len(labels) + len(evaluations) == _BIT:
            new_labels += label_table.add(connection, labels)
            new_evaluations += evaluation_table.add(connection, evaluations)
            labels.clear()
            evaluations.clear()
    new_labels += label_table.add(connection, labels)
    new_evaluations += evaluation_table.add(connection, evaluations)
    return Counted(new_labels, new_evaluations)


def _records(path: Path, digest: Any) -> Iterator[AnyRecord]:
    """The records of a file that is whole; the digest is fed with all of it."""
    whole, found = hashlib.sha256(), {"label": 0, "evaluation": 0}
    place = 0
    with _opened(path) as stream:
        reader = _Reader(path)
        reader.first(_next(stream, path, 1, digest, whole))
        for place in range(2, 2**62):
            raw = _next(stream, path, place, digest)
            members = reader.members(raw, place)
            if "end" in members:
                reader.last(members, place, {**found, "digest": whole.hexdigest()})
                break
            whole.update(raw)
            record = reader.record(members, raw, place)
            found["label" if isinstance(record, RecordedLabel) else "evaluation"] += 1
            yield record
        if stream.read(1):
            reader.refuse("there is more after the end", place + 1)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileUnreadableError(
            f"The file cannot be read: {error.strerror or error}", fix="Name a file that may be read.", path=str(path)
        ) from error


def _next(stream: IO[bytes], path: Path, place: int, *digests: Any) -> bytes:
    try:
        raw = stream.readline(LONGEST_LINE + 1)
    except OSError as error:
        raise FileUnreadableError(
            f"The file cannot be read: {os.strerror(error.errno or 0)}", fix="Name a regular file.", path=str(path)
        ) from error
    if len(raw) > LONGEST_LINE:
        _Reader(path).refuse(f"is longer than {LONGEST_LINE:,} bytes", place)
    if not raw.endswith(b"\n"):
        _Reader(path).refuse("is missing: the file was cut off", place)
    for digest in digests:
        digest.update(raw)
    return raw


class _Reader:
    """Reads the lines of one file, and says of which line something is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._json = CanonicalReader()

    def first(self, raw: bytes) -> None:
        members = self.members(raw, 1)
        if members.get("format") != FORMAT:
            self.refuse(f"does not begin an export of the format {FORMAT}", 1)
        if members != _FIRST:
            self.refuse(f"is of a version other than {SCHEMA_VERSION}, which this program cannot read", 1)

    def last(self, members: dict[str, Any], place: int, found: dict[str, Any]) -> None:
        told = {"digest": f"sha256:{found['digest']}", "evaluations": found["evaluation"], "labels": found["label"]}
        if members != {"end": told}:
            self.refuse("tells other records than the file holds", place)

    def members(self, raw: bytes, place: int) -> dict[str, Any]:
        try:
            found = self._json.read(raw.removesuffix(b"\n"))
        except ValueError as error:
            self.refuse(f"is no canonical JSON: {error}", place)
        if not isinstance(found, dict):
            self.refuse("is no JSON object", place)
        return found

    def record(self, members: dict[str, Any], raw: bytes, place: int) -> AnyRecord:
        kind = next((one for one in ("label", "evaluation") if one in members), "")
        if not kind or set(members) != {"digest", kind}:
            self.refuse("is neither a label nor an evaluation with its digest", place)
        line = raw[_HEAD + len(kind) : -2]  # the whole line is canonical, so this is what stands there
        if members["digest"] != digest_bytes(line):
            self.refuse("has another digest than it says", place)
        try:
            if kind == "label":
                return RecordedLabel(id_of("L", line), line, read_label(members[kind]))
            return Recorded(id_of("E", line), line, read_members(members[kind]))
        except EvaluationError as error:
            self.refuse(f"cannot be taken: {error.message}", place)

    def refuse(self, why: str, place: int) -> NoReturn:
        raise EvaluationError(
            f"Line {place} {why}", fix=_FIX, path=str(self._path), line=place, code="evaluation.import"
        )
