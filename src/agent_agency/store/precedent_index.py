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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.store.statements import parts, run, run_many

if TYPE_CHECKING:
    from sqlalchemy import Connection

Fact = tuple[str, str]
_Listed = tuple[str, str, str]

NEWEST = 20_000
"""Of the precedents that share one fact, so many of the newest are looked at; fewer precedents are all looked at."""

MAX_WORDS = 32
_BATCH = 500
_ISSUE = "issue"
_ANYWHERE = ""
_MANY = "*"
_MOST_ISSUES = 8  # a precedent with more is listed once for all of them: lists grow with facts times issues
_EXACT = 1_000_000  # weights are added as whole numbers, so that both databases order alike
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class IndexedPrecedent:
    """One precedent as the index has it: where it comes from, its facts, its words.

    ``question`` is the same for precedents with the same issues, ``stance`` for those that answer it alike.
    """

    precedent: str
    ruling: str
    seq: int
    verdict: str
    holding: str
    facts: Mapping[str, tuple[str, ...]]
    words: str
    question: str = ""
    stance: str = ""


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


@dataclass(frozen=True, slots=True)
class AtIssue:
    """A fact among the precedents of some issues: the numbers of its lists, and how many entries they have."""

    numbers: tuple[int, ...]
    shared_by: int


@dataclass(frozen=True, slots=True)
class Sharing:
    """A precedent that shares something with a case: its place in the index, its id, the numbers of its facts."""

    number: int
    precedent: str
    facts: tuple[int, ...]


def mark_of(connection: Connection, ledger: str) -> IndexMark:
    """Up to where the index of this ledger reaches."""
    query = "SELECT entries, seq, hash, precedents, digest, people FROM agency_precedent_index WHERE ledger = :ledger"
    found = run(connection, query, ledger=ledger).one_or_none()
    return IndexMark(*found) if found else IndexMark()


def set_mark(connection: Connection, ledger: str, mark: IndexMark) -> None:
    """Remember up to where the index reaches now."""
    run(
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
    return int(run(connection, query, ledger=ledger).scalar_one())


def chained(digest: str, row: IndexedPrecedent) -> str:
    """The digest of the rows so far and one more."""
    facts = {key: list(values) for key, values in row.facts.items()}
    told = [digest, row.precedent, row.ruling, row.seq, row.verdict, row.holding, facts, row.words]
    told += [row.question, row.stance]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def add(connection: Connection, ledger: str, rows: Sequence[IndexedPrecedent], apart: Collection[str] = ()) -> None:
    """Add precedents that the index does not have; the caller holds the write lock and sets the mark.

    Args:
        connection: a writer's.
        ledger: whose precedents.
        rows: the precedents.
        apart: keys of facts that are searched for, and by which no two cases are compared.
    """
    for start in range(0, len(rows), _BATCH):
        _add_batch(connection, ledger, rows[start : start + _BATCH], apart)


def clear(connection: Connection, ledger: str) -> None:
    """Forget what the index has of this ledger."""
    mine = "SELECT number FROM agency_precedents WHERE ledger = :ledger"
    run(connection, f"DELETE FROM agency_precedent_postings WHERE number IN ({mine})", ledger=ledger)
    orphans = "SELECT fact FROM agency_precedent_facts WHERE ledger = :ledger"
    run(connection, f"DELETE FROM agency_precedent_postings WHERE fact IN ({orphans})", ledger=ledger)
    for table in ("agency_precedent_facts", "agency_precedents", "agency_precedent_index"):
        run(connection, f"DELETE FROM {table} WHERE ledger = :ledger", ledger=ledger)
    if connection.dialect.name == "sqlite":
        run(connection, "INSERT INTO agency_precedent_words(agency_precedent_words) VALUES ('rebuild')")


def known_facts(connection: Connection, ledger: str, facts: Iterable[Fact]) -> dict[Fact, KnownFact]:
    """Those of the facts that some precedent has."""
    found: dict[Fact, KnownFact] = {}
    for _, key, value, number, shared_by in _known(connection, ledger, [_ANYWHERE], facts):
        found[key, value] = KnownFact(number, shared_by)
    return found


def known_at_issue(
    connection: Connection, ledger: str, issues: Iterable[str], facts: Iterable[Fact]
) -> dict[Fact, AtIssue]:
    """Where to look for precedents that have one of the issues and one of the facts; facts that none has are left out.

    Precedents with very many issues are among the answers whatever their issues are.
    """
    found: dict[Fact, list[tuple[int, int]]] = {}
    for _, key, value, number, shared_by in _known(connection, ledger, [_MANY, *sorted(set(issues))], facts):
        found.setdefault((key, value), []).append((number, shared_by))
    return {
        fact: AtIssue(tuple(sorted(number for number, _ in lists)), sum(shared_by for _, shared_by in lists))
        for fact, lists in found.items()
    }


def sharing(connection: Connection, probes: Iterable[tuple[AtIssue, float]], most: int) -> list[Sharing]:
    """Precedents that share a probe, those first whose shared probes weigh most, then the newest.

    Args:
        connection: a reader's.
        probes: facts at the issues of a case, with their weights.
        most: how many are wanted.
    """
    names: dict[str, Any] = {"most": most, "newest": NEWEST}
    selects = []
    for at, (probe, weight) in enumerate(sorted(probes, key=lambda pair: pair[0].numbers)):
        names |= {f"w{at}": round(weight * _EXACT)}
        lists = []
        for part, number in enumerate(probe.numbers):
            names[f"f{at}_{part}"] = number
            newest = f"WHERE fact = :f{at}_{part} ORDER BY number DESC LIMIT :newest"
            lists.append(f"SELECT number FROM (SELECT number FROM agency_precedent_postings {newest}) AS n{at}_{part}")
        selects.append(f"SELECT number, CAST(:w{at} AS BIGINT) AS weight FROM ({' UNION '.join(lists)}) AS newest{at}")
    if not selects:
        return []
    query = (
        f"SELECT number, SUM(weight) AS weight FROM ({' UNION ALL '.join(selects)}) AS hits "
        "GROUP BY number ORDER BY weight DESC, number DESC LIMIT :most"
    )
    query = (
        f"SELECT p.number, p.precedent, p.compared FROM ({query}) AS best JOIN agency_precedents AS p "
        "ON p.number = best.number ORDER BY best.weight DESC, p.number DESC"
    )
    rows = run(connection, query, **names)
    return [Sharing(number, precedent, tuple(map(int, told.split()))) for number, precedent, told in rows]


def answered_otherwise(
    connection: Connection, ledger: str, row: tuple[str, str], facts: Sequence[int], shared: int, most: int
) -> list[IndexedPrecedent]:
    """Precedents about the same question that take another stance, those first that share most of the facts.

    Args:
        connection: a reader's.
        ledger: whose precedents.
        row: the question and the stance of the one that others are compared with.
        facts: numbers of its facts.
        shared: so many of the facts, at least, must be shared; without facts, 0.
        most: how many are wanted.

    Returns:
        The rows without their words.
    """
    question, stance = row
    names: dict[str, Any] = {"ledger": ledger, "question": question, "stance": stance, "most": most, "newest": NEWEST}
    about = "SELECT number FROM agency_precedents WHERE ledger = :ledger AND question = :question"
    others = " UNION ALL ".join(f"{about} AND stance {side} :stance" for side in "<>")
    query = f"SELECT number FROM ({others}) AS others ORDER BY number DESC LIMIT :newest"
    if facts:
        names |= {f"f{at}": fact for at, fact in enumerate(facts)} | {"shared": shared}
        wanted = ", ".join(f":f{at}" for at in range(len(facts)))
        query = (
            # SQLite takes a cross join in the order in which it is written: the few others first.
            f"SELECT o.number FROM ({query}) AS r CROSS JOIN agency_precedent_postings AS o "
            f"WHERE o.number = r.number AND o.fact IN ({wanted}) GROUP BY o.number HAVING COUNT(*) >= :shared "
            "ORDER BY COUNT(*) DESC, o.number DESC"
        )
    query = f"SELECT number FROM ({query}) AS found LIMIT :most"
    return _rows(connection, [found[0] for found in run(connection, query, **names)], words=False)


def present(connection: Connection, ledger: str, precedents: Sequence[str]) -> frozenset[str]:
    """Those of the precedents that the index has."""
    found: set[str] = set()
    for part in parts(precedents, _BATCH):
        wanted = ", ".join(f":p{at}" for at in range(len(part)))
        query = f"SELECT precedent FROM agency_precedents WHERE ledger = :ledger AND precedent IN ({wanted})"
        names = {f"p{at}": precedent for at, precedent in enumerate(part)}
        found.update(row[0] for row in run(connection, query, ledger=ledger, **names))
    return frozenset(found)


def beginning(connection: Connection, ledger: str, name: str) -> list[str]:
    """The ids that begin so, two at most."""
    query = (
        "SELECT precedent FROM agency_precedents WHERE ledger = :ledger AND precedent >= :name "
        "AND substr(precedent, 1, :length) = :name ORDER BY precedent LIMIT 2"
    )
    return [row[0] for row in run(connection, query, ledger=ledger, name=name, length=len(name))]


def having_all(connection: Connection, ledger: str, facts: Sequence[int], most: int) -> list[IndexedPrecedent]:
    """The newest precedents that have every one of the facts; the newest of all where none is asked for."""
    clauses, names = _having_clauses(facts)
    query = (
        f"SELECT p.number FROM agency_precedents AS p WHERE p.ledger = :ledger {clauses} "
        "ORDER BY p.number DESC LIMIT :most"
    )
    return _rows(connection, [row[0] for row in run(connection, query, ledger=ledger, most=most, **names)])


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
    found = run(connection, query, ledger=ledger, asked=asked, most=most, **names)
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
        numbers = [row[0] for row in run(connection, query, ledger=ledger, last=last, most=_BATCH)]
        yield from _rows(connection, numbers)
        if len(numbers) < _BATCH:
            return
        last = numbers[-1]


def postings_differ(connection: Connection, ledger: str, apart: Collection[str] = ()) -> bool:
    """Whether the table of facts says something else than the rows of the precedents."""
    told: dict[_Listed, int] = {}
    for row in all_rows(connection, ledger):
        for listed in _lists_of(row, apart):
            told[listed] = told.get(listed, 0) + 1
    query = "SELECT scope, key, value, shared_by FROM agency_precedent_facts WHERE ledger = :ledger"
    if {tuple(listed): having for *listed, having in run(connection, query, ledger=ledger)} != told:
        return True
    query = (
        "SELECT f.scope, f.key, f.value, count(*) FROM agency_precedent_facts AS f JOIN agency_precedent_postings AS o "
        "ON o.fact = f.fact JOIN agency_precedents AS p ON p.number = o.number AND p.ledger = f.ledger "
        "WHERE f.ledger = :ledger GROUP BY f.scope, f.key, f.value"
    )
    if {tuple(listed): having for *listed, having in run(connection, query, ledger=ledger)} != told:
        return True
    query = "SELECT number, compared FROM agency_precedents WHERE ledger = :ledger"
    compared = {number: text for number, text in run(connection, query, ledger=ledger) if text}
    return compared != _compared(connection, ledger, apart)


def _compared(connection: Connection, ledger: str, apart: Collection[str]) -> dict[int, str]:
    """For each precedent the numbers of the facts that it is compared by, as they stand beside it."""
    query = (
        "SELECT o.number, f.fact, f.key FROM agency_precedent_facts AS f JOIN agency_precedent_postings AS o "
        "ON o.fact = f.fact WHERE f.ledger = :ledger AND f.scope = :scope ORDER BY o.number, f.fact"
    )
    facts: dict[int, list[str]] = {}
    for number, fact, key in run(connection, query, ledger=ledger, scope=_ANYWHERE):
        if key not in apart:
            facts.setdefault(number, []).append(str(fact))
    return {number: " ".join(found) for number, found in facts.items()}


def _add_batch(connection: Connection, ledger: str, rows: Sequence[IndexedPrecedent], apart: Collection[str]) -> None:
    first = int(run(connection, "SELECT coalesce(max(number), 0) FROM agency_precedents").scalar_one()) + 1
    numbered = list(enumerate(rows, start=first))
    having: dict[_Listed, list[int]] = {}
    for number, row in numbered:
        for listed in _lists_of(row, apart):
            having.setdefault(listed, []).append(number)
    numbers = _count_facts(connection, ledger, having)
    compared: dict[int, list[int]] = {}
    for listed, found in having.items():
        if listed[0] == _ANYWHERE and listed[1] not in apart:
            for number in found:
                compared.setdefault(number, []).append(numbers[listed])
    texts = {number: " ".join(map(str, sorted(facts))) for number, facts in compared.items()}
    run_many(
        connection,
        "INSERT INTO agency_precedents "
        "(number, ledger, precedent, ruling, seq, verdict, compared, question, stance, holding, facts, words) VALUES "
        "(:number, :ledger, :precedent, :ruling, :seq, :verdict, :compared, :question, :stance, :holding, :facts, "
        ":words)",
        [
            {"number": number, "ledger": ledger, "compared": texts.get(number, ""), **_columns(row)}
            for number, row in numbered
        ],
    )
    if connection.dialect.name == "sqlite":
        run_many(
            connection,
            "INSERT INTO agency_precedent_words (rowid, holding, words) VALUES (:number, :holding, :words)",
            [{"number": number, "holding": row.holding, "words": row.words} for number, row in numbered],
        )
    postings = [{"fact": numbers[listed], "number": number} for listed, found in having.items() for number in found]
    if postings:
        run_many(connection, "INSERT INTO agency_precedent_postings (fact, number) VALUES (:fact, :number)", postings)


def _lists_of(row: IndexedPrecedent, apart: Collection[str]) -> Iterator[_Listed]:
    """The lists that a precedent stands in: one for each of its facts, and one for each of them at each issue.

    A fact alone may be in most precedents; those that also have an issue in common are what a case is compared with.
    """
    issues = row.facts.get(_ISSUE, ())
    scopes = (_ANYWHERE, *(issues if len(issues) <= _MOST_ISSUES else (_MANY,) if issues else ()))
    for key, values in row.facts.items():
        for value in values:
            for scope in scopes[:1] if key == _ISSUE or key in apart else scopes:
                yield scope, key, value


def _known(
    connection: Connection, ledger: str, scopes: Sequence[str], facts: Iterable[Fact]
) -> Iterator[tuple[str, str, str, int, int]]:
    """Scope, key, value, number and length of those lists that there are."""
    for part in parts(sorted(set(facts)), _BATCH):
        names = {f"{what}{at}": text for at, fact in enumerate(part) for what, text in zip("kv", fact, strict=True)}
        pairs = ", ".join(f"(:k{at}, :v{at})" for at in range(len(part)))
        for several in parts(scopes, _BATCH):
            asked = {f"s{at}": scope for at, scope in enumerate(several)}
            query = (
                "SELECT scope, key, value, fact, shared_by FROM agency_precedent_facts WHERE ledger = :ledger "
                f"AND scope IN ({', '.join(f':{name}' for name in asked)}) AND (key, value) IN (VALUES {pairs})"
            )
            yield from run(connection, query, ledger=ledger, **names, **asked)


def _count_facts(connection: Connection, ledger: str, having: Mapping[_Listed, Sequence[int]]) -> dict[_Listed, int]:
    """Count the facts of new precedents, naming those that are new; answer the number of each."""
    by_scope: dict[str, list[Fact]] = {}
    for scope, *fact in having:
        by_scope.setdefault(scope, []).append((fact[0], fact[1]))
    known = {
        (scope, key, value): KnownFact(number, shared_by)
        for scope, facts in by_scope.items()
        for _, key, value, number, shared_by in _known(connection, ledger, [scope], facts)
    }
    fresh = sorted(set(having) - set(known))
    first = int(run(connection, "SELECT coalesce(max(fact), 0) FROM agency_precedent_facts").scalar_one()) + 1
    numbers = {fact: number for number, fact in enumerate(fresh, start=first)}
    if fresh:
        run_many(
            connection,
            "INSERT INTO agency_precedent_facts (fact, ledger, scope, key, value, shared_by) "
            "VALUES (:fact, :ledger, :scope, :key, :value, :shared_by)",
            [
                {
                    "fact": numbers[fact],
                    "ledger": ledger,
                    "scope": fact[0],
                    "key": fact[1],
                    "value": fact[2],
                    "shared_by": len(having[fact]),
                }
                for fact in fresh
            ],
        )
    if known:
        run_many(
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
        "question": row.question,
        "stance": row.stance,
    }


def _rows(connection: Connection, numbers: Sequence[int], *, words: bool = True) -> list[IndexedPrecedent]:
    """The rows of these numbers, in this order; one that cannot be read is left out."""
    found: dict[int, IndexedPrecedent] = {}
    told = "words" if words else "''"
    for part in parts(numbers, _BATCH):
        wanted = ", ".join(f":n{at}" for at in range(len(part)))
        query = (
            f"SELECT number, precedent, ruling, seq, verdict, holding, facts, {told}, question, stance "
            f"FROM agency_precedents WHERE number IN ({wanted})"
        )
        for number, *columns in run(connection, query, **{f"n{at}": number for at, number in enumerate(part)}):
            row = _read_row(columns)
            if row is not None:
                found[number] = row
    return [found[number] for number in numbers if number in found]


def _read_row(columns: Sequence[Any]) -> IndexedPrecedent | None:
    precedent, ruling, seq, verdict, holding, facts, words, question, stance = columns
    try:
        told = {key: tuple(map(str, values)) for key, values in json.loads(facts).items()}
    except (ValueError, TypeError, AttributeError):
        return None
    return IndexedPrecedent(precedent, ruling, seq, verdict, holding, told, words, question, stance)


def _having_clauses(facts: Sequence[int]) -> tuple[str, dict[str, int]]:
    clause = "AND EXISTS (SELECT 1 FROM agency_precedent_postings AS o WHERE o.fact = :o{at} AND o.number = p.number)"
    clauses = [clause.format(at=at) for at in range(len(facts))]
    return " ".join(clauses), {f"o{at}": fact for at, fact in enumerate(facts)}
