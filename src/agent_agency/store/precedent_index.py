"""The index of precedents: which may be about a case, by facts in common or by words.

Everything here can be derived from the ledger again, so nothing here is believed: whoever reads a row holds it against
the entries that it comes from. Rows are told apart by ``ledger``, as several repositories may share one database.

Full text differs between the databases: SQLite ranks by BM25 and stems with Porter's stemmer, Postgres ranks by
``ts_rank_cd`` and stems English, leaving out words such as *the*. Both find the same precedents for ordinary words, in
another order. The search by facts gives the same on both.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

Fact = tuple[str, str]

NEWEST = 20_000
"""Of the precedents that share one fact, so many of the newest are looked at; fewer precedents are all looked at."""

MAX_WORDS = 32
_BATCH = 500
_EXACT = 1_000_000  # weights are added as whole numbers, so that both databases order alike
_PARAMETER = re.compile(r":([a-z][a-z0-9_]*)")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class IndexedPrecedent:
    """One precedent as the index has it: where it comes from, its facts, its words."""

    precedent: str
    ruling: str
    seq: int
    verdict: str
    holding: str
    facts: Mapping[str, tuple[str, ...]]
    words: str


@dataclass(frozen=True, slots=True)
class IndexMark:
    """Up to where an index follows its ledger: how many entries about precedents, the newest of them, its hash.

    ``precedents`` is how many rows it has, ``digest`` is over all of them in their order, ``people`` over those whose
    acts counted when they were taken in.
    """

    entries: int = 0
    seq: int = 0
    hash: str = ""
    precedents: int = 0
    digest: str = ""
    people: str = ""


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact in the index: its number, and how many precedents have it."""

    number: int
    shared_by: int


def mark_of(connection: Connection, ledger: str) -> IndexMark:
    """Up to where the index of this ledger reaches."""
    query = "SELECT entries, seq, hash, precedents, digest, people FROM agency_precedent_index WHERE ledger = :ledger"
    found = _run(connection, query, ledger=ledger).one_or_none()
    return IndexMark(*found) if found else IndexMark()


def set_mark(connection: Connection, ledger: str, mark: IndexMark) -> None:
    """Remember up to where the index reaches now."""
    _run(
        connection,
        "INSERT INTO agency_precedent_index (ledger, entries, seq, hash, precedents, digest, people) "
        "VALUES (:ledger, :entries, :seq, :hash, :precedents, :digest, :people) ON CONFLICT (ledger) DO UPDATE SET "
        "entries = excluded.entries, seq = excluded.seq, hash = excluded.hash, precedents = excluded.precedents, "
        "digest = excluded.digest, people = excluded.people",
        ledger=ledger,
        entries=mark.entries,
        seq=mark.seq,
        hash=mark.hash,
        precedents=mark.precedents,
        digest=mark.digest,
        people=mark.people,
    )


def count(connection: Connection, ledger: str) -> int:
    """How many rows there really are."""
    query = "SELECT count(*) FROM agency_precedents WHERE ledger = :ledger"
    return int(_run(connection, query, ledger=ledger).scalar_one())


def chained(digest: str, row: IndexedPrecedent) -> str:
    """The digest of the rows so far and one more."""
    facts = {key: list(values) for key, values in row.facts.items()}
    told = [digest, row.precedent, row.ruling, row.seq, row.verdict, row.holding, facts, row.words]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def add(connection: Connection, ledger: str, rows: Sequence[IndexedPrecedent]) -> None:
    """Add precedents that the index does not have; the caller holds the write lock and sets the mark."""
    for start in range(0, len(rows), _BATCH):
        _add_batch(connection, ledger, rows[start : start + _BATCH])


def clear(connection: Connection, ledger: str) -> None:
    """Forget what the index has of this ledger."""
    mine = "SELECT number FROM agency_precedents WHERE ledger = :ledger"
    _run(connection, f"DELETE FROM agency_precedent_postings WHERE number IN ({mine})", ledger=ledger)
    orphans = "SELECT fact FROM agency_precedent_facts WHERE ledger = :ledger"
    _run(connection, f"DELETE FROM agency_precedent_postings WHERE fact IN ({orphans})", ledger=ledger)
    for table in ("agency_precedent_facts", "agency_precedents", "agency_precedent_index"):
        _run(connection, f"DELETE FROM {table} WHERE ledger = :ledger", ledger=ledger)
    if connection.dialect.name == "sqlite":
        _run(connection, "INSERT INTO agency_precedent_words(agency_precedent_words) VALUES ('rebuild')")


def known_facts(connection: Connection, ledger: str, facts: Iterable[Fact]) -> dict[Fact, KnownFact]:
    """Those of the facts that some precedent has."""
    found: dict[Fact, KnownFact] = {}
    for part in _parts(sorted(set(facts)), _BATCH):
        names = {f"{what}{at}": text for at, fact in enumerate(part) for what, text in zip("kv", fact, strict=True)}
        pairs = ", ".join(f"(:k{at}, :v{at})" for at in range(len(part)))
        query = (
            "SELECT key, value, fact, shared_by FROM agency_precedent_facts "
            f"WHERE ledger = :ledger AND (key, value) IN (VALUES {pairs})"
        )
        for key, value, number, shared_by in _run(connection, query, ledger=ledger, **names):
            found[key, value] = KnownFact(number, shared_by)
    return found


def sharing(
    connection: Connection, probes: Mapping[int, float], issues: Sequence[int], most: int
) -> list[IndexedPrecedent]:
    """Precedents that share a probe and an issue, those first whose shared probes weigh most, then the newest.

    Args:
        connection: a reader's.
        probes: numbers of facts (of one ledger) with their weights.
        issues: numbers of the facts one of which must be shared too.
        most: how many are wanted.

    Returns:
        The rows without their words, which no comparison needs.
    """
    if not probes or not issues:
        return []
    names: dict[str, Any] = {"most": most, "newest": NEWEST}
    selects = []
    for at, (fact, weight) in enumerate(sorted(probes.items())):
        names |= {f"f{at}": fact, f"w{at}": round(weight * _EXACT)}
        newest = f"SELECT number FROM agency_precedent_postings WHERE fact = :f{at} ORDER BY number DESC LIMIT :newest"
        selects.append(f"SELECT number, CAST(:w{at} AS BIGINT) AS weight FROM ({newest}) AS newest{at}")
    names |= {f"i{at}": fact for at, fact in enumerate(issues)}
    wanted = ", ".join(f":i{at}" for at in range(len(issues)))
    query = (
        "SELECT shared.number FROM (SELECT number, SUM(weight) AS weight FROM ("
        + " UNION ALL ".join(selects)
        + ") AS hits GROUP BY number) AS shared WHERE EXISTS (SELECT 1 FROM agency_precedent_postings AS at_issue "
        f"WHERE at_issue.number = shared.number AND at_issue.fact IN ({wanted})) "
        "ORDER BY shared.weight DESC, shared.number DESC LIMIT :most"
    )
    return _rows(connection, [row[0] for row in _run(connection, query, **names)], words=False)


def present(connection: Connection, ledger: str, precedents: Sequence[str]) -> frozenset[str]:
    """Those of the precedents that the index has."""
    found: set[str] = set()
    for part in _parts(precedents, _BATCH):
        wanted = ", ".join(f":p{at}" for at in range(len(part)))
        query = f"SELECT precedent FROM agency_precedents WHERE ledger = :ledger AND precedent IN ({wanted})"
        names = {f"p{at}": precedent for at, precedent in enumerate(part)}
        found.update(row[0] for row in _run(connection, query, ledger=ledger, **names))
    return frozenset(found)


def beginning(connection: Connection, ledger: str, name: str) -> list[str]:
    """The ids that begin so, two at most."""
    query = (
        "SELECT precedent FROM agency_precedents WHERE ledger = :ledger AND precedent >= :name "
        "AND substr(precedent, 1, :length) = :name ORDER BY precedent LIMIT 2"
    )
    return [row[0] for row in _run(connection, query, ledger=ledger, name=name, length=len(name))]


def having_all(connection: Connection, ledger: str, facts: Sequence[int], most: int) -> list[IndexedPrecedent]:
    """The newest precedents that have every one of the facts; the newest of all where none is asked for."""
    clauses, names = _having_clauses(facts)
    query = (
        f"SELECT p.number FROM agency_precedents AS p WHERE p.ledger = :ledger {clauses} "
        "ORDER BY p.number DESC LIMIT :most"
    )
    return _rows(connection, [row[0] for row in _run(connection, query, ledger=ledger, most=most, **names)])


def with_words(
    connection: Connection, ledger: str, words: Sequence[str], facts: Sequence[int], most: int
) -> list[IndexedPrecedent]:
    """Precedents that hold any of the words and have every one of the facts, best first."""
    if not words:
        return []
    clauses, names = _having_clauses(facts)
    if connection.dialect.name == "sqlite":
        asked = " OR ".join(f'"{word}"' for word in words)
        query = (
            "SELECT p.number FROM agency_precedent_words AS w JOIN agency_precedents AS p ON p.number = w.rowid "
            f"WHERE agency_precedent_words MATCH :asked AND p.ledger = :ledger {clauses} "
            "ORDER BY bm25(agency_precedent_words), p.number DESC LIMIT :most"
        )
    else:
        asked = " | ".join(f"'{word}'" for word in words)
        query = (
            "SELECT p.number FROM agency_precedents AS p, to_tsquery('english', :asked) AS asked "
            f"WHERE p.vector @@ asked AND p.ledger = :ledger {clauses} "
            "ORDER BY ts_rank_cd(p.vector, asked) DESC, p.number DESC LIMIT :most"
        )
    found = _run(connection, query, ledger=ledger, asked=asked, most=most, **names)
    return _rows(connection, [row[0] for row in found])


def words_of(text: str) -> tuple[str, ...]:
    """The words of a question, without anything that a database could take for an operator; ``MAX_WORDS`` at most."""
    return tuple(dict.fromkeys(word.casefold() for word in _WORD.findall(text)))[:MAX_WORDS]


def all_rows(connection: Connection, ledger: str) -> Iterator[IndexedPrecedent]:
    """Every row in the order in which they came."""
    last = 0
    while True:
        query = (
            "SELECT number FROM agency_precedents WHERE ledger = :ledger AND number > :last ORDER BY number LIMIT :most"
        )
        numbers = [row[0] for row in _run(connection, query, ledger=ledger, last=last, most=_BATCH)]
        yield from _rows(connection, numbers)
        if len(numbers) < _BATCH:
            return
        last = numbers[-1]


def postings_differ(connection: Connection, ledger: str) -> bool:
    """Whether the table of facts says something else than the rows of the precedents."""
    told: dict[Fact, int] = {}
    pairs = 0
    for row in all_rows(connection, ledger):
        for key, values in row.facts.items():
            pairs += len(values)
            for value in values:
                told[key, value] = told.get((key, value), 0) + 1
    query = "SELECT key, value, shared_by FROM agency_precedent_facts WHERE ledger = :ledger"
    if {(key, value): having for key, value, having in _run(connection, query, ledger=ledger)} != told:
        return True
    query = (
        "SELECT f.key, f.value, count(*) FROM agency_precedent_facts AS f JOIN agency_precedent_postings AS o "
        "ON o.fact = f.fact JOIN agency_precedents AS p ON p.number = o.number AND p.ledger = f.ledger "
        "WHERE f.ledger = :ledger GROUP BY f.key, f.value"
    )
    return {(key, value): having for key, value, having in _run(connection, query, ledger=ledger)} != told


def _add_batch(connection: Connection, ledger: str, rows: Sequence[IndexedPrecedent]) -> None:
    first = int(_run(connection, "SELECT coalesce(max(number), 0) FROM agency_precedents").scalar_one()) + 1
    numbered = list(enumerate(rows, start=first))
    _run_many(
        connection,
        "INSERT INTO agency_precedents (number, ledger, precedent, ruling, seq, verdict, holding, facts, words) "
        "VALUES (:number, :ledger, :precedent, :ruling, :seq, :verdict, :holding, :facts, :words)",
        [{"number": number, "ledger": ledger, **_columns(row)} for number, row in numbered],
    )
    if connection.dialect.name == "sqlite":
        _run_many(
            connection,
            "INSERT INTO agency_precedent_words (rowid, holding, words) VALUES (:number, :holding, :words)",
            [{"number": number, "holding": row.holding, "words": row.words} for number, row in numbered],
        )
    having: dict[Fact, list[int]] = {}
    for number, row in numbered:
        for key, values in row.facts.items():
            for value in values:
                having.setdefault((key, value), []).append(number)
    numbers = _count_facts(connection, ledger, having)
    postings = [{"fact": numbers[fact], "number": number} for fact, found in having.items() for number in found]
    if postings:
        _run_many(connection, "INSERT INTO agency_precedent_postings (fact, number) VALUES (:fact, :number)", postings)


def _count_facts(connection: Connection, ledger: str, having: Mapping[Fact, Sequence[int]]) -> dict[Fact, int]:
    """Count the facts of new precedents, naming those that are new; answer the number of each."""
    known = known_facts(connection, ledger, having)
    fresh = sorted(set(having) - set(known))
    first = int(_run(connection, "SELECT coalesce(max(fact), 0) FROM agency_precedent_facts").scalar_one()) + 1
    numbers = {fact: number for number, fact in enumerate(fresh, start=first)}
    if fresh:
        _run_many(
            connection,
            "INSERT INTO agency_precedent_facts (fact, ledger, key, value, shared_by) "
            "VALUES (:fact, :ledger, :key, :value, :shared_by)",
            [
                {
                    "fact": numbers[fact],
                    "ledger": ledger,
                    "key": fact[0],
                    "value": fact[1],
                    "shared_by": len(having[fact]),
                }
                for fact in fresh
            ],
        )
    if known:
        _run_many(
            connection,
            "UPDATE agency_precedent_facts SET shared_by = shared_by + :more WHERE fact = :fact",
            [{"fact": one.number, "more": len(having[fact])} for fact, one in known.items()],
        )
    return numbers | {fact: one.number for fact, one in known.items()}


def _columns(row: IndexedPrecedent) -> dict[str, Any]:
    facts = json.dumps({key: list(values) for key, values in row.facts.items()}, ensure_ascii=False)
    return {
        "precedent": row.precedent,
        "ruling": row.ruling,
        "seq": row.seq,
        "verdict": row.verdict,
        "holding": row.holding,
        "facts": facts,
        "words": row.words,
    }


def _rows(connection: Connection, numbers: Sequence[int], *, words: bool = True) -> list[IndexedPrecedent]:
    """The rows of these numbers, in this order; one that cannot be read is left out."""
    found: dict[int, IndexedPrecedent] = {}
    told = "words" if words else "''"
    for part in _parts(numbers, _BATCH):
        wanted = ", ".join(f":n{at}" for at in range(len(part)))
        query = (
            f"SELECT number, precedent, ruling, seq, verdict, holding, facts, {told} "
            f"FROM agency_precedents WHERE number IN ({wanted})"
        )
        for number, *columns in _run(connection, query, **{f"n{at}": number for at, number in enumerate(part)}):
            row = _read_row(columns)
            if row is not None:
                found[number] = row
    return [found[number] for number in numbers if number in found]


def _read_row(columns: Sequence[Any]) -> IndexedPrecedent | None:
    precedent, ruling, seq, verdict, holding, facts, words = columns
    try:
        told = {key: tuple(map(str, values)) for key, values in json.loads(facts).items()}
    except (ValueError, TypeError, AttributeError):
        return None
    return IndexedPrecedent(precedent, ruling, seq, verdict, holding, told, words)


def _having_clauses(facts: Sequence[int]) -> tuple[str, dict[str, int]]:
    clause = "AND EXISTS (SELECT 1 FROM agency_precedent_postings AS o WHERE o.fact = :o{at} AND o.number = p.number)"
    clauses = [clause.format(at=at) for at in range(len(facts))]
    return " ".join(clauses), {f"o{at}": fact for at, fact in enumerate(facts)}


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _run(connection: Connection, query: str, **names: Any) -> Any:
    return connection.exec_driver_sql(_spelt(connection, query), names)


def _run_many(connection: Connection, query: str, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.exec_driver_sql(_spelt(connection, query), [dict(row) for row in rows])


def _spelt(connection: Connection, query: str) -> str:
    """The statement with its parameters as the driver spells them; SQLite's takes them as they are."""
    return query if connection.dialect.name == "sqlite" else _PARAMETER.sub(r"%(\1)s", query)
