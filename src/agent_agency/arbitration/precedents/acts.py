"""What is signed about a precedent, written and read: predicates of in-toto statements.

A precedent's id follows from the ruling and the holding, so that it names one statement of law and no other. A
predicate is read strictly: exactly the known members, each of its type, so that nothing unread is ever signed along.
Facts are never among what a promoter signs: they are those of the case file that the ruling names by its digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.precedents.model import Differing
from agent_agency.attestation.statement import Statement, make_statement
from agent_agency.canonical_json import digest_json

PROMOTION = "precedent_promotion"
DISTINCTION = "precedent_distinction"
OVERRULING = "precedent_overruling"

MAX_HOLDING = 300
MAX_REASON = 2_000
_SHA256 = "sha256:"
_ON_RULING = frozenset({"subject", "ruling", "ruling_entry"})


@dataclass(frozen=True, slots=True)
class Promotion:
    """Somebody lets a ruling stand for a sentence of law. ``ruling_entry`` is the hash of the ruling's entry."""

    precedent: str
    ruling: str
    ruling_entry: str
    holding: str


@dataclass(frozen=True, slots=True)
class DistinctionAct:
    """Somebody says that a ruling was another case than the precedent's, because of these facts."""

    precedent: str
    ruling: str
    ruling_entry: str
    because: tuple[Differing, ...]


@dataclass(frozen=True, slots=True)
class Overruling:
    """Somebody lets a precedent give way to a later ruling."""

    precedent: str
    ruling: str
    ruling_entry: str
    reason: str


def precedent_id(ruling: str, ruling_entry: str, holding: str) -> str:
    """The id of the precedent that lets a ruling stand for a holding."""
    named = digest_json({"ruling": ruling, "ruling_entry": ruling_entry, "holding": holding})
    return "P-" + named.removeprefix(_SHA256)[:20]


def precedent_subject(precedent: str) -> str:
    """The subject under which the ledger keeps the entries about a precedent."""
    return f"precedent:{precedent}"


def promotion_statement(ruling: str, ruling_entry: str, holding: str) -> bytes:
    """The statement that a promoter signs."""
    named = precedent_id(ruling, ruling_entry, holding)
    return _statement(PROMOTION, Promotion(named, ruling, ruling_entry, holding), {"holding": holding})


def distinction_statement(precedent: str, ruling: str, ruling_entry: str, because: Sequence[Differing]) -> bytes:
    """The statement of somebody who distinguishes a ruling from a precedent."""
    act = DistinctionAct(precedent, ruling, ruling_entry, tuple(because))
    return _statement(DISTINCTION, act, {"because": [one.as_dict() for one in because]})


def overruling_statement(precedent: str, ruling: str, ruling_entry: str, reason: str) -> bytes:
    """The statement of somebody who overrules a precedent by a ruling."""
    return _statement(OVERRULING, Overruling(precedent, ruling, ruling_entry, reason), {"reason": reason})


def read_promotion(statement: Statement) -> Promotion:
    """Read what `promotion_statement` wrote.

    Raises:
        ValueError: it is none; the message is a clause that says why.
    """
    members = _members(statement, PROMOTION, {"holding"})
    holding = _sentence(members["holding"], "holding", MAX_HOLDING)
    act = Promotion(_named(members), members["ruling"], members["ruling_entry"], holding)
    if act.precedent != precedent_id(act.ruling, act.ruling_entry, holding):
        raise ValueError("the precedent's id does not follow from its ruling and its holding")
    _require_same(statement, promotion_statement(act.ruling, act.ruling_entry, holding))
    return act


def read_distinction(statement: Statement) -> DistinctionAct:
    """Read what `distinction_statement` wrote.

    Raises:
        ValueError: it is none; the message is a clause that says why.
    """
    members = _members(statement, DISTINCTION, {"because"})
    told = members["because"]
    if not isinstance(told, list) or not told:
        raise ValueError("the distinction names no fact")
    because = tuple(_differing(one) for one in told)
    act = DistinctionAct(_named(members), members["ruling"], members["ruling_entry"], because)
    _require_same(statement, distinction_statement(act.precedent, act.ruling, act.ruling_entry, because))
    return act


def read_overruling(statement: Statement) -> Overruling:
    """Read what `overruling_statement` wrote.

    Raises:
        ValueError: it is none; the message is a clause that says why.
    """
    members = _members(statement, OVERRULING, {"reason"})
    reason = _sentence(members["reason"], "reason", MAX_REASON)
    act = Overruling(_named(members), members["ruling"], members["ruling_entry"], reason)
    _require_same(statement, overruling_statement(act.precedent, act.ruling, act.ruling_entry, reason))
    return act


def checked_sentence(text: str, what: str, longest: int) -> str:
    """One line of plain words, as a holding or a reason has to be; blanks are put in order.

    Raises:
        ValueError: it is empty, too long, or holds characters that are not printed; the message says which.
    """
    return _sentence(" ".join(text.split()), what, longest)


def _sentence(text: Any, what: str, longest: int) -> str:
    if not isinstance(text, str) or not text:
        raise ValueError(f"the {what} is empty")
    if len(text) > longest:
        raise ValueError(f"the {what} has {len(text):,} characters, and {longest:,} are the most")
    if not text.isprintable() or " ".join(text.split()) != text:
        raise ValueError(f"the {what} is not one line of printable characters")
    return text


def _statement(kind: str, act: Promotion | DistinctionAct | Overruling, more: Mapping[str, Any]) -> bytes:
    about = (f"ruling:{act.ruling}", {"sha256": act.ruling_entry.removeprefix(_SHA256)})
    predicate = {"subject": precedent_subject(act.precedent), "ruling": act.ruling, "ruling_entry": act.ruling_entry}
    return make_statement(kind, [about], {**predicate, **more})


def _members(statement: Statement, kind: str, more: set[str]) -> Mapping[str, Any]:
    if statement.kind != kind:
        raise ValueError(f"the act is of kind {statement.kind}, not {kind}")
    members = statement.predicate
    if set(members) != _ON_RULING | more:
        raise ValueError("the act has not exactly the members that acts of its kind have")
    if not all(isinstance(members[name], str) and members[name] for name in _ON_RULING):
        raise ValueError("the act does not name a precedent, a ruling and its entry")
    return members


def _named(members: Mapping[str, Any]) -> str:
    subject = str(members["subject"])
    if not subject.startswith("precedent:"):
        raise ValueError("the act is about no precedent")
    return subject.removeprefix("precedent:")


def _differing(told: Any) -> Differing:
    if not isinstance(told, dict) or set(told) != {"fact", "here", "there"}:
        raise ValueError("a fact that differs has not exactly a name and two values")
    values = (told["here"], told["there"])
    if not isinstance(told["fact"], str) or not all(isinstance(listed, list) for listed in values):
        raise ValueError("a fact that differs has not a name and two lists of values")
    if not all(isinstance(value, str) for listed in values for value in listed):
        raise ValueError("a value of a fact that differs is no text")
    return Differing(told["fact"], tuple(told["here"]), tuple(told["there"]))


def _require_same(statement: Statement, payload: bytes) -> None:
    """Refuse an act that says the same in other words, or names other subjects than its predicate."""
    from agent_agency.attestation.statement import read_statement

    if read_statement(payload) != statement:
        raise ValueError("the statement's subject is not the ruling that its act names")
