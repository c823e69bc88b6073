"""Precedents as values: what a case consists of, how a precedent stands, and how it is cited.

A precedent is a fold over the ledger's entries about it (``fold``). What a person did is read from signed statements
only; the facts of a precedent are those of its ruling's case file and are worked out from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

PROMOTED = "precedent_promoted"
DISTINGUISHED = "precedent_distinguished"
OVERRULED = "precedent_overruled"
PRECEDENT_KINDS = frozenset({PROMOTED, DISTINGUISHED, OVERRULED})

Feature = tuple[str, str]
"""One fact of a case: its key and one of its values."""


@dataclass(frozen=True, slots=True)
class CaseFeatures:
    """What of a case tells it apart from others: each key with its values, sorted, and the words of the case.

    ``verdict`` is what was ruled. ``text`` is searched and never compared.
    """

    verdict: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    text: str = ""

    @property
    def facts(self) -> frozenset[Feature]:
        """Every fact, as pairs."""
        return frozenset((key, value) for key, values in self.values.items() for value in values)

    def of(self, *keys: str) -> frozenset[Feature]:
        """The facts of these keys."""
        return frozenset((key, value) for key in keys for value in self.values.get(key, ()))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "verdict": self.verdict,
            "facts": {key: list(values) for key, values in sorted(self.values.items())},
            "text": self.text,
        }

    @classmethod
    def read(cls, value: Any) -> CaseFeatures | None:
        """Read what `as_dict` wrote; ``None`` where it is nothing of that shape."""
        if not isinstance(value, Mapping) or set(value) != {"verdict", "facts", "text"}:
            return None
        verdict, facts, text = value["verdict"], value["facts"], value["text"]
        if not isinstance(verdict, str) or not isinstance(text, str) or not isinstance(facts, Mapping):
            return None
        told = {key: tuple(values) for key, values in sorted(facts.items()) if isinstance(values, (list, tuple))}
        whole = len(told) == len(facts) and all(isinstance(one, str) for values in told.values() for one in values)
        return cls(verdict, MappingProxyType(told), text) if whole else None


class Status(StrEnum):
    """How a precedent stands; only ``in_force`` guides.

    ``proposed`` waits for further signatures, ``dormant`` for its ruling to become final. ``superseded`` means that the
    ruling was replaced on appeal, ``void`` that no signature counts or that the ruling cannot be found.
    """

    PROPOSED = "proposed"
    DORMANT = "dormant"
    IN_FORCE = "in_force"
    OVERRULED = "overruled"
    SUPERSEDED = "superseded"
    VOID = "void"


class Relation(StrEnum):
    """What a ruling did with a precedent that it cites."""

    FOLLOWED = "followed"
    DEPARTED = "departed"
    DISTINGUISHED = "distinguished"


@dataclass(frozen=True, slots=True)
class RecordedRuling:
    """What of a recorded ruling a precedent turns on.

    ``entry`` is the hash of the entry that records it, ``case`` the digest of its case file. ``authors`` are those of
    its change, ``tier`` the risk tier, none where no spec governed. ``final_from`` is when it can no longer be
    appealed, none while an appeal is open; ``replaced_by`` is the ruling that an appeal put in its place, or empty.
    ``features`` are none where the case file is gone or does not give its digest.
    """

    id: str
    entry: str
    seq: int
    at: datetime
    verdict: str
    case: str
    authors: tuple[str, ...] = ()
    tier: int | None = None
    final_from: datetime | None = None
    replaced_by: str = ""
    features: CaseFeatures | None = None


@dataclass(frozen=True, slots=True)
class Differing:
    """A fact in which two cases differ: the values that it has only here, and those that it has only there."""

    fact: str
    here: tuple[str, ...]
    there: tuple[str, ...]

    def holds_in(self, case: CaseFeatures) -> bool:
        """Whether a third case differs in the same way: it has what is only here, and nothing of what is only there."""
        values = set(case.values.get(self.fact, ()))
        return set(self.here) <= values and not values & set(self.there)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"fact": self.fact, "here": list(self.here), "there": list(self.there)}


@dataclass(frozen=True, slots=True)
class Distinction:
    """A ruling that somebody found to be another case than the precedent's, because of facts that differ."""

    ruling: str
    because: tuple[Differing, ...]
    by: str
    seq: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """An entry about a precedent that counts for nothing, and why."""

    seq: int
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Precedent:
    """A precedent as its entries leave it.

    ``promoters`` and ``overrulers`` are the names of those whose signatures count, ``needed`` how many must. ``seq`` is
    the entry with which it came into being, ``ruling_entry`` the hash of the one that records its ruling.
    ``overruled_by`` is the ruling for which it gave way; empty while too few have signed that.
    """

    id: str
    ruling: str
    holding: str
    verdict: str
    status: Status
    seq: int
    needed: int
    promoters: tuple[str, ...] = ()
    overruled_by: str = ""
    overruling_reason: str = ""
    overrulers: tuple[str, ...] = ()
    distinctions: tuple[Distinction, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    last: int = 0
    features: CaseFeatures | None = None
    ruling_entry: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A precedent beside a case: the facts that agree, those that differ, and what the ruling did with it.

    ``contradicts`` are other precedents in force of near-equal facts that hold or were ruled otherwise.
    """

    precedent: str
    ruling: str
    holding: str
    verdict: str
    agree: tuple[Feature, ...]
    differ: tuple[Differing, ...]
    relation: Relation
    score: float
    contradicts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as a ruling records it."""
        return {
            "precedent": self.precedent,
            "ruling": self.ruling,
            "holding": self.holding,
            "verdict": self.verdict,
            "agree": [{"fact": key, "value": value} for key, value in self.agree],
            "differ": [
                {"fact": one.fact, "here": ", ".join(one.here), "there": ", ".join(one.there)} for one in self.differ
            ],
            "relation": str(self.relation),
            "score": self.score,
            "contradicts": list(self.contradicts),
        }
