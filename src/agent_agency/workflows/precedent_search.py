"""Finding precedents: by words, by facts, by a ruling that they are like; and everything that is told of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent_agency.arbitration.precedents.model import Feature, Precedent, Status
from agent_agency.arbitration.precedents.similarity import Comparison
from agent_agency.arbitration.precedents.usage import Usage, relations_of, usage
from agent_agency.errors import LawError, PrecedentError, UsageError
from agent_agency.git import Repository
from agent_agency.store import precedent_index as index
from agent_agency.workflows.law import read_law
from agent_agency.workflows.precedents import Library, contradictions, matches
from agent_agency.workflows.record import RULING, Record

_MORE = 10
"""How many times as many rows are read as are asked for, as some will not be in force."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for: words, facts that must all be there, a ruling to be like.

    ``every`` also finds what guides nobody, ``most`` is how many are wanted.
    """

    words: str = ""
    facts: tuple[Feature, ...] = ()
    ruling: str | None = None
    every: bool = False
    most: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A precedent, how it compares with the ruling that was named, and what became of it."""

    precedent: Precedent
    comparison: Comparison | None
    usage: Usage
    contradicts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        one = self.precedent
        return {
            "id": one.id,
            "status": str(one.status),
            "ruling": one.ruling,
            "verdict": one.verdict,
            "holding": one.holding,
            "promoted_by": list(one.promoters),
            "promotions_needed": one.needed,
            "entry": one.seq,
            "overruled_by": one.overruled_by or None,
            "overruling_reason": one.overruling_reason or None,
            "overruled_by_persons": list(one.overrulers),
            "facts": {key: list(values) for key, values in one.features.values.items()} if one.features else None,
            "usage": self.usage.as_dict(),
            "contradicts": list(self.contradicts),
            "distinguished": [
                {"ruling": told.ruling, "by": told.by, "because": [because.as_dict() for because in told.because]}
                for told in one.distinctions
            ],
            "ignored": [{"entry": told.seq, "kind": told.kind, "why": told.why} for told in one.ignored],
            "comparison": self.comparison and _compared(self.comparison),
        }


def open_library(repo: Repository, record: Record, base: str | None, now: datetime) -> Library:
    """The precedents as a base lets them count; the usual base where none is named.

    Raises:
        LawError: the law at the base cannot be read, so that nobody can be told to count.
        GitError: the base means no commit.
    """
    named = base or repo.default_base()
    law = read_law(repo, repo.resolve(named), now)
    if law.problems:
        first = law.problems[0]
        message = f"The law at {named} cannot be read: {first.message}"
        raise LawError(message, fix=first.remedy, path=first.place.path, line=first.place.line)
    return Library(repo, record, law.principals, law.limits, now)


def search(library: Library, asked: Question) -> tuple[Found, ...]:
    """Precedents that answer a question, best first.

    With a ruling: those like it. With words: by how well they fit. Else the newest.

    Raises:
        PrecedentError: the ruling is not on record, or has no facts to compare.
        UsageError: the words hold none that can be searched.
        LedgerError: the ledger cannot be read or does not verify.
    """
    relations = relations_of(library.view.of_kinds({RULING}))
    found: list[Found] = []
    for precedent, comparison in _hits(library, asked):
        if len(found) == asked.most:
            break
        used = usage(relations.get(precedent.id, {}), precedent.distinctions)
        found.append(Found(precedent, comparison, used))
    return tuple(found)


def show(library: Library, name: str) -> Found:
    """Everything about one precedent, named by its id or a beginning that no other has.

    Raises:
        PrecedentError: none or several are meant.
        LedgerError: the ledger cannot be read or does not verify.
    """
    precedent = library.read(full_id(library, name))
    if precedent is None:
        raise _unknown(name)
    mark = library.mark
    relations = relations_of(library.view.of_kinds({RULING}))
    used = usage(relations.get(precedent.id, {}), precedent.distinctions)
    clash = contradictions(library, mark, precedent) if mark and precedent.status is Status.IN_FORCE else ()
    return Found(precedent, None, used, clash)


def full_id(library: Library, name: str) -> str:
    """The id of the precedent that a person means.

    Raises:
        PrecedentError: none or several are meant.
    """
    if library.read(name) is not None:
        return name
    mark = library.mark
    found: list[str] = []
    if mark is not None and name.startswith("P-"):
        with library.ledger.database.read() as connection:
            found = index.beginning(connection, mark.chain, name)
    if len(found) != 1:
        raise _unknown(name, several=bool(found))
    return found[0]


def _hits(library: Library, asked: Question) -> Iterator[tuple[Precedent, Comparison | None]]:
    wanted = _by_words_and_facts(library, asked)
    if asked.ruling is None:
        for name in wanted or ():
            precedent = library.read(name)
            if precedent is not None and (asked.every or precedent.status is Status.IN_FORCE):
                yield precedent, None
        return
    ruling = library.rulings.named(asked.ruling)
    if ruling.features is None:
        raise PrecedentError(
            f"{ruling.id} left no question open and excused nothing, so nothing is like it",
            fix="Search by words or by facts.",
            code="precedent.no_facts",
        )
    mark = library.mark
    if mark is None:
        return
    for match in matches(library, mark, ruling.features, every=asked.every):
        if (wanted is None or match.precedent.id in wanted) and match.precedent.ruling != ruling.id:
            yield match.precedent, match.comparison


def _by_words_and_facts(library: Library, asked: Question) -> Sequence[str] | None:
    """The ids that have the words and the facts; ``None`` where neither was asked for beside a ruling."""
    if asked.ruling is not None and not asked.words and not asked.facts:
        return None
    words = index.words_of(asked.words)
    if asked.words and not words:
        raise UsageError("There is no word to search for", fix="Give letters or digits.")
    mark = library.mark
    if mark is None:
        return ()
    with library.ledger.database.read() as connection:
        known = index.known_facts(connection, mark.chain, asked.facts)
        if len(known) < len(set(asked.facts)):
            return ()
        numbers = [one.number for one in known.values()]
        most = asked.most * _MORE
        if words:
            rows = index.with_words(connection, mark.chain, words, numbers, most)
        else:
            rows = index.having_all(connection, mark.chain, numbers, most)
    return [row.precedent for row in rows]


def _compared(comparison: Comparison) -> dict[str, Any]:
    return {
        "score": round(comparison.score, 3),
        "agree": [{"fact": key, "value": value} for key, value in comparison.agree],
        "differ": [one.as_dict() for one in comparison.differ],
    }


def _unknown(name: str, *, several: bool = False) -> PrecedentError:
    what = f"Several precedents begin with {name}" if several else f"There is no precedent {name}"
    return PrecedentError(what, fix="Run agency precedent list --all for their ids.", code="precedent.unknown")
